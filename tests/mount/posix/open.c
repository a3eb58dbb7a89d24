/* open(2): what each flag gives; ftruncate(2), statfs(2). */
#include "tests/mount/posix/posix.h"

#include <sys/statvfs.h>

START_TEST(create_and_exclusive)
{
	posix_make("f", "text");
	ck_works(symlink("none", "l"));
	ck_fails(open("f", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644),
		 EEXIST);
	ck_fails(open("l", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644),
		 EEXIST);
	ck_works(close((int)ck_works(
		open("l", O_CREAT | O_WRONLY | O_CLOEXEC, 0644))));
	ck_works(access("none", F_OK));
	ck_fails(open("new", O_RDONLY | O_CLOEXEC), ENOENT);
	ck_fails(open("f/x", O_CREAT | O_WRONLY | O_CLOEXEC, 0644), ENOTDIR);
	ck_fails(open("new/", O_CREAT | O_WRONLY | O_CLOEXEC, 0644), EISDIR);
	ck_assert_str_eq(posix_text("f"), "text");
}
END_TEST

START_TEST(truncating)
{
	struct stat before, after;

	posix_make("f", "text");
	before = posix_stat("f");
	usleep(20000);
	ck_works(close(
		(int)ck_works(open("f", O_TRUNC | O_WRONLY | O_CLOEXEC))));
	after = posix_stat("f");
	ck_assert_int_eq(after.st_size, 0);
	ck_assert_int_eq(after.st_blocks, 0);
	ck_assert(before.st_mtim.tv_nsec != after.st_mtim.tv_nsec);
}
END_TEST

START_TEST(appending)
{
	int a, b;

	posix_make("f", "1");
	a = (int)ck_works(open("f", O_APPEND | O_WRONLY | O_CLOEXEC));
	b = (int)ck_works(open("f", O_APPEND | O_WRONLY | O_CLOEXEC));
	ck_assert_int_eq(write(a, "2", 1), 1);
	ck_assert_int_eq(write(b, "3", 1), 1);
	ck_works(lseek(a, 0, SEEK_SET));
	ck_assert_int_eq(write(a, "4", 1), 1);
	ck_assert_str_eq(posix_text("f"), "1234");
	ck_works(close(a));
	ck_works(close(b));
}
END_TEST

START_TEST(directories_and_symlinks)
{
	char buf[4];
	int fd;

	posix_make("f", "");
	ck_works(mkdir("d", 0755));
	ck_works(symlink("d", "l"));
	ck_fails(open("f", O_DIRECTORY | O_RDONLY | O_CLOEXEC), ENOTDIR);
	ck_fails(open("l", O_NOFOLLOW | O_RDONLY | O_CLOEXEC), ELOOP);
	ck_fails(open("l", O_NOFOLLOW | O_DIRECTORY | O_RDONLY | O_CLOEXEC),
		 ENOTDIR);
	ck_fails(open("d", O_WRONLY | O_CLOEXEC), EISDIR);
	ck_fails(open("d", O_CREAT | O_RDONLY | O_CLOEXEC, 0644), EISDIR);
	ck_fails(truncate("d", 0), EISDIR);
	fd = (int)ck_works(open("l", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	ck_fails(read(fd, buf, sizeof(buf)), EISDIR);
	ck_fails(ftruncate(fd, 0), EINVAL);
	ck_works(fsync(fd));
	ck_works(close(fd));
}
END_TEST

START_TEST(a_path_descriptor)
{
	struct stat st;
	char buf[4];
	int fd;

	posix_make("f", "text");
	ck_works(symlink("f", "l"));
	fd = (int)ck_works(open("l", O_PATH | O_NOFOLLOW | O_CLOEXEC));
	ck_works(fstat(fd, &st));
	ck_assert(S_ISLNK(st.st_mode));
	ck_assert_int_eq(readlinkat(fd, "", buf, sizeof(buf)), 1);
	ck_fails(read(fd, buf, sizeof(buf)), EBADF);
	ck_works(close(fd));
}
END_TEST

START_TEST(sizes)
{
	int fd = posix_open_new("f");
	char buf[8] = "xxxxxxx";

	ck_assert_int_eq(write(fd, "abcdef", 6), 6);
	ck_works(ftruncate(fd, 2));
	ck_works(ftruncate(fd, 5));
	ck_assert_int_eq(pread(fd, buf, sizeof(buf), 0), 5);
	ck_assert_mem_eq(buf, "ab\0\0\0", 5);
	ck_fails(ftruncate(fd, -1), EINVAL);
	ck_fails(truncate("f", -1), EINVAL);
	ck_fails(truncate("none", 0), ENOENT);
	ck_fails(truncate("f/x", 0), ENOTDIR);
	ck_works(mkfifo("p", 0644));
	ck_fails(truncate("p", 0), EINVAL);
	ck_works(close(fd));
	fd = (int)ck_works(open("f", O_RDONLY | O_CLOEXEC));
	ck_fails(ftruncate(fd, 0), EINVAL);
	ck_fails(write(fd, "x", 1), EBADF);
	ck_works(close(fd));
}
END_TEST

START_TEST(the_whole_filesystem)
{
	struct statvfs st;

	ck_works(statvfs(".", &st));
	ck_assert_uint_eq(st.f_namemax, 255);
	ck_assert_uint_gt(st.f_bsize, 0);
	ck_assert_uint_gt(st.f_blocks, 0);
	ck_assert_uint_le(st.f_bavail, st.f_bfree);
	ck_assert_uint_le(st.f_bfree, st.f_blocks);
	ck_assert_uint_le(st.f_ffree, st.f_files);
	ck_fails(statvfs("none", &st), ENOENT);
}
END_TEST

static void try_open(void)
{
	ck_fails(open("secret", O_RDONLY | O_CLOEXEC), EACCES);
	ck_fails(open("seen", O_WRONLY | O_CLOEXEC), EACCES);
	ck_fails(truncate("seen", 0), EACCES);
	ck_fails(open("closed/x", O_RDONLY | O_CLOEXEC), EACCES);
	ck_fails(open("seen", O_RDONLY | O_NOATIME | O_CLOEXEC), EPERM);
	ck_works(close((int)ck_works(open("seen", O_RDONLY | O_CLOEXEC))));
}

START_TEST(rights)
{
	need_root();
	posix_make("secret", "");
	posix_make("seen", "");
	ck_works(chmod("secret", 0600));
	ck_works(mkdir("closed", 0700));
	posix_as_other(try_open);
}
END_TEST

void posix_add_open(Suite *suite)
{
	TCase *tc = posix_case(suite, "open");

	tcase_add_test(tc, create_and_exclusive);
	tcase_add_test(tc, truncating);
	tcase_add_test(tc, appending);
	tcase_add_test(tc, directories_and_symlinks);
	tcase_add_test(tc, a_path_descriptor);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, the_whole_filesystem);
	tcase_add_test(tc, rights);
}
