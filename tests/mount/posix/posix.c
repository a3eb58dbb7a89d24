#include "tests/mount/posix/posix.h"

#include <ftw.h>
#include <grp.h>
#include <sys/wait.h>

static char dir[64];

bool posix_on_mount(void)
{
	return getenv("POSIX_MOUNT") != NULL;
}

void posix_make(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_works(close(fd));
}

int posix_open_new(const char *path)
{
	return (int)ck_works(
		open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644));
}

const char *posix_text(const char *path)
{
	static char text[256];
	int fd = (int)ck_works(open(path, O_RDONLY | O_CLOEXEC));
	ssize_t n = ck_works(read(fd, text, sizeof(text) - 1));

	text[n] = '\0';
	ck_works(close(fd));
	return text;
}

struct stat posix_stat(const char *path)
{
	struct stat st;

	ck_works(lstat(path, &st));
	return st;
}

void posix_as_other(void (*what)(void))
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		ck_works(setgroups(0, NULL));
		ck_works(setgid(OTHER_UID));
		ck_works(setuid(OTHER_UID));
		what();
		_exit(EXIT_SUCCESS);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		      "the other user's part failed: %#x", status);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void setup(void)
{
	umask(0);
	snprintf(dir, sizeof(dir), "test.%d", (int)getpid());
	ck_works(mkdir(dir, 0777));
	ck_works(chdir(dir));
}

static void teardown(void)
{
	ck_works(chdir(".."));
	ck_works(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS));
}

TCase *posix_case(Suite *suite, const char *name)
{
	TCase *tc = suite_case(suite, name);

	tcase_add_checked_fixture(tc, setup, teardown);
	return tc;
}

int main(void)
{
	Suite *s = suite_create("posix");

	posix_add_acl(s);
	posix_add_attr(s);
	posix_add_copy(s);
	posix_add_fallocate(s);
	posix_add_flags(s);
	posix_add_locks(s);
	posix_add_names(s);
	posix_add_open(s);
	posix_add_rename(s);
	posix_add_seek(s);
	posix_add_tmpfile(s);
	posix_add_xattr(s);
	return suite_run(s);
}
