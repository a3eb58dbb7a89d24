/* O_TMPFILE: files that have no name yet. */
#include "tests/mount/posix/posix.h"

static int open_tmp(int flags)
{
	return (int)ck_works(open(".", O_TMPFILE | O_CLOEXEC | flags, 0640));
}

static void give_name(int fd, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ck_works(linkat(AT_FDCWD, path, AT_FDCWD, name, AT_SYMLINK_FOLLOW));
}

static struct stat stat_of(int fd)
{
	struct stat st;

	ck_works(fstat(fd, &st));
	return st;
}

START_TEST(it_has_no_name)
{
	struct stat st, dir = posix_stat(".");
	int fd = open_tmp(O_RDWR);
	char got[8] = "";

	st = stat_of(fd);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
	ck_assert_uint_eq(st.st_nlink, 0);
	ck_assert_int_eq(st.st_size, 0);
	ck_assert_uint_eq(st.st_uid, geteuid());
	ck_assert_int_eq(write(fd, "text", 4), 4);
	ck_works(fsync(fd));
	ck_assert_int_eq(pread(fd, got, sizeof(got), 0), 4);
	ck_assert_str_eq(got, "text");
	ck_assert_int_eq(posix_stat(".").st_mtim.tv_nsec, dir.st_mtim.tv_nsec);
	ck_works(close(fd));
}
END_TEST

START_TEST(it_can_be_given_one)
{
	int fd = open_tmp(O_RDWR);

	ck_assert_int_eq(write(fd, "text", 4), 4);
	posix_make("taken", "");
	ck_fails(linkat(fd, "", AT_FDCWD, "taken", AT_EMPTY_PATH),
		 getuid() == 0 ? EEXIST : errno);
	give_name(fd, "f");
	ck_assert_uint_eq(stat_of(fd).st_nlink, 1);
	ck_assert_str_eq(posix_text("f"), "text");
	ck_works(link("f", "g"));
	ck_assert_uint_eq(stat_of(fd).st_nlink, 2);
	ck_works(close(fd));
	ck_assert_str_eq(posix_text("g"), "text");
}
END_TEST

START_TEST(an_empty_path_names_it)
{
	int fd;

	need_root();
	fd = open_tmp(O_WRONLY);
	ck_assert_int_eq(write(fd, "text", 4), 4);
	ck_works(linkat(fd, "", AT_FDCWD, "f", AT_EMPTY_PATH));
	ck_works(close(fd));
	ck_assert_str_eq(posix_text("f"), "text");
}
END_TEST

START_TEST(exclusive_ones_stay_without)
{
	int fd = open_tmp(O_RDWR | O_EXCL);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ck_fails(linkat(AT_FDCWD, path, AT_FDCWD, "f", AT_SYMLINK_FOLLOW),
		 ENOENT);
	ck_works(close(fd));
}
END_TEST

START_TEST(a_name_is_given_once)
{
	int fd = open_tmp(O_RDWR);
	char path[64];

	give_name(fd, "f");
	ck_works(unlink("f"));
	ck_assert_uint_eq(stat_of(fd).st_nlink, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ck_fails(linkat(AT_FDCWD, path, AT_FDCWD, "f", AT_SYMLINK_FOLLOW),
		 ENOENT);
	ck_works(close(fd));
}
END_TEST

START_TEST(the_umask_and_the_group_of_the_directory_count)
{
	int fd;

	need_root();
	ck_works(chown(".", 0, 77));
	ck_works(chmod(".", 02777));
	umask(027);
	fd = (int)ck_works(open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666));
	umask(0);
	ck_assert_uint_eq(stat_of(fd).st_mode, S_IFREG | 0640);
	ck_assert_uint_eq(stat_of(fd).st_gid, 77);
	ck_works(close(fd));
}
END_TEST

static void other_tries(void)
{
	ck_fails(open("d", O_TMPFILE | O_RDWR, 0600), EACCES);
}

START_TEST(tmpfile_errors)
{
	posix_make("f", "");
	ck_fails(open("f", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
	ck_fails(open("nowhere", O_TMPFILE | O_RDWR, 0600), ENOENT);
	ck_fails(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
	need_root();
	ck_works(mkdir("d", 0755));
	posix_as_other(other_tries);
}
END_TEST

void posix_add_tmpfile(Suite *suite)
{
	TCase *tc = posix_case(suite, "tmpfile");

	tcase_add_test(tc, it_has_no_name);
	tcase_add_test(tc, it_can_be_given_one);
	tcase_add_test(tc, an_empty_path_names_it);
	tcase_add_test(tc, exclusive_ones_stay_without);
	tcase_add_test(tc, a_name_is_given_once);
	tcase_add_test(tc, the_umask_and_the_group_of_the_directory_count);
	tcase_add_test(tc, tmpfile_errors);
}
