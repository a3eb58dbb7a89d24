/* ioctl_iflags(2): chattr +i and +a, and each call that they forbid. */
#include "tests/mount/posix/posix.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

static int get_flags(const char *path)
{
	int fd = (int)ck_works(open(path, O_RDONLY | O_CLOEXEC));
	int flags = 0;

	ck_works(ioctl(fd, FS_IOC_GETFLAGS, &flags));
	ck_works(close(fd));
	/* Of ext4's own: extents, inline data. */
	return flags &
	       (FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL);
}

static int try_flags(const char *path, int set)
{
	int fd = (int)ck_works(open(path, O_RDONLY | O_CLOEXEC));
	int flags = 0, rc;

	ck_works(ioctl(fd, FS_IOC_GETFLAGS, &flags));
	flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL |
		   FS_NOATIME_FL);
	flags |= set;
	rc = ioctl(fd, FS_IOC_SETFLAGS, &flags);
	close(fd);
	return rc;
}

static void set_flags(const char *path, int flags)
{
	ck_works(try_flags(path, flags));
	ck_assert_int_eq(get_flags(path), flags);
}

/* What neither flag allows to be done to "f". */
static void check_kept(void)
{
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 2 } };
	const char *text = "text";

	ck_fails(chmod("f", 0600), EPERM);
	ck_fails(chown("f", 1, 1), EPERM);
	ck_fails(utimensat(AT_FDCWD, "f", times, 0), EPERM);
	ck_fails(truncate("f", 0), EPERM);
	ck_fails(truncate("f", 100), EPERM);
	ck_fails(open("f", O_WRONLY | O_TRUNC), EPERM);
	ck_fails(open("f", O_WRONLY | O_APPEND | O_TRUNC), EPERM);
	ck_fails(open("f", O_RDWR), EPERM);
	ck_fails(link("f", "g"), EPERM);
	ck_fails(unlink("f"), EPERM);
	ck_fails(rename("f", "g"), EPERM);
	ck_fails(rename("other", "f"), EPERM);
	ck_fails(renameat2(AT_FDCWD, "other", AT_FDCWD, "f", RENAME_EXCHANGE),
		 EPERM);
	ck_fails(setxattr("f", "user.x", "1", 1, 0), EPERM);
	ck_fails(removexattr("f", "user.kept"), EPERM);
	ck_assert_str_eq(posix_text("f"), text);
	ck_assert_int_eq(posix_stat("f").st_mode & 07777, 0644);
	ck_assert_int_eq(access("f", R_OK), 0);
}

static void make_files(void)
{
	posix_make("f", "text");
	posix_make("other", "other");
	ck_works(setxattr("f", "user.kept", "1", 1, 0));
}

START_TEST(nothing_changes_an_immutable_file)
{
	need_root();
	make_files();
	set_flags("f", FS_IMMUTABLE_FL);
	check_kept();
	ck_fails(open("f", O_WRONLY | O_APPEND), EPERM);
	ck_fails(utimensat(AT_FDCWD, "f", NULL, 0), EPERM);
	set_flags("f", 0);
	ck_works(unlink("f"));
}
END_TEST

START_TEST(an_append_only_file_grows)
{
	int fd;

	need_root();
	make_files();
	set_flags("f", FS_APPEND_FL);
	check_kept();
	ck_works(utimensat(AT_FDCWD, "f", NULL, 0));
	ck_fails(open("f", O_WRONLY), EPERM);
	fd = (int)ck_works(open("f", O_WRONLY | O_APPEND | O_CLOEXEC));
	ck_assert_int_eq(write(fd, "more", 4), 4);
	ck_works(fsync(fd));
	ck_assert_str_eq(posix_text("f"), "textmore");
	ck_fails(ftruncate(fd, 0), EPERM);
	ck_fails(
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4),
		EPERM);
	ck_works(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4));
	ck_works(close(fd));
	set_flags("f", 0);
	ck_works(truncate("f", 0));
}
END_TEST

START_TEST(no_name_changes_in_an_immutable_directory)
{
	need_root();
	ck_works(mkdir("d", 0755));
	posix_make("d/f", "text");
	ck_works(mkdir("d/sub", 0755));
	posix_make("g", "text");
	set_flags("d", FS_IMMUTABLE_FL);
	ck_fails(open("d/new", O_CREAT | O_WRONLY, 0644), EPERM);
	ck_fails(mkdir("d/new", 0755), EPERM);
	ck_fails(mknod("d/new", S_IFIFO | 0644, 0), EPERM);
	ck_fails(symlink("x", "d/new"), EPERM);
	ck_fails(link("g", "d/new"), EPERM);
	ck_fails(link("g", "d/f"), EEXIST);
	ck_fails(unlink("d/f"), EPERM);
	ck_fails(rmdir("d/sub"), EPERM);
	ck_fails(rename("d/f", "h"), EPERM);
	ck_fails(rename("g", "d/new"), EPERM);
	ck_fails(rename("g", "d/f"), EPERM);
	ck_fails(rmdir("d"), EPERM);
	ck_fails(rename("d", "e"), EPERM);
	ck_fails(chmod("d", 0700), EPERM);
	ck_fails(setxattr("d", "user.x", "1", 1, 0), EPERM);
	ck_works(truncate("d/f", 2));
	ck_works(chmod("d/f", 0600));
	set_flags("d", 0);
	ck_works(unlink("d/f"));
}
END_TEST

START_TEST(an_append_only_directory_gains_names)
{
	need_root();
	ck_works(mkdir("d", 0755));
	posix_make("d/f", "text");
	posix_make("g", "text");
	posix_make("h", "text");
	set_flags("d", FS_APPEND_FL);
	ck_works(mkdir("d/new", 0755));
	ck_works(link("g", "d/g"));
	ck_works(rename("h", "d/h"));
	ck_fails(unlink("d/f"), EPERM);
	ck_fails(rmdir("d/new"), EPERM);
	ck_fails(rename("d/f", "d/e"), EPERM);
	ck_fails(rename("g", "d/f"), EPERM);
	ck_works(truncate("d/f", 2));
	set_flags("d", 0);
	ck_works(unlink("d/f"));
}
END_TEST

/* Two names of one file: POSIX has it that nothing happens. */
START_TEST(a_rename_to_itself_is_no_change)
{
	need_root();
	make_files();
	ck_works(link("f", "f2"));
	set_flags("f", FS_IMMUTABLE_FL);
	ck_works(rename("f", "f2"));
	ck_works(rename("f", "f"));
	ck_assert_int_eq(posix_stat("f").st_nlink, 2);
	set_flags("f", 0);
}
END_TEST

START_TEST(an_immutable_file_can_be_read_and_copied_from)
{
	off_t in = 0;
	int from, to;

	need_root();
	make_files();
	set_flags("f", FS_IMMUTABLE_FL);
	from = (int)ck_works(open("f", O_RDONLY | O_CLOEXEC));
	to = posix_open_new("copy");
	ck_assert_int_eq(copy_file_range(from, &in, to, NULL, 4, 0), 4);
	ck_assert_str_eq(posix_text("copy"), "text");
	ck_works(close(to));
	ck_works(close(from));
	set_flags("f", 0);
}
END_TEST

/* Dirty in the cache when the flag comes, and not to be lost for that. */
START_TEST(what_was_written_before_stays)
{
	char buf[5000], got[5000];
	struct timespec m;
	int fd;

	need_root();
	fd = posix_open_new("f");
	memset(buf, 'x', sizeof(buf));
	ck_assert_int_eq(write(fd, buf, sizeof(buf)), sizeof(buf));
	m = posix_stat("f").st_mtim;
	set_flags("f", FS_IMMUTABLE_FL);
	ck_works(fsync(fd));
	ck_works(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0 ? 0 : -1);
	ck_assert_int_eq(pread(fd, got, sizeof(got), 0), sizeof(got));
	ck_assert_mem_eq(got, buf, sizeof(buf));
	ck_assert_int_eq(posix_stat("f").st_mtim.tv_nsec, m.tv_nsec);
	ck_works(close(fd));
	set_flags("f", 0);
}
END_TEST

static void other_sets(void)
{
	ck_fails(try_flags("f", FS_IMMUTABLE_FL), EPERM);
	ck_fails(try_flags("f", FS_APPEND_FL), EPERM);
	set_flags("f", FS_NODUMP_FL);
	ck_fails(try_flags("other", FS_NODUMP_FL), EPERM);
}

START_TEST(others_set_what_restricts_nobody)
{
	need_root();
	make_files();
	ck_works(chown("f", OTHER_UID, OTHER_UID));
	posix_as_other(other_sets);
	ck_assert_int_eq(get_flags("f"), FS_NODUMP_FL);
}
END_TEST

START_TEST(an_immutable_file_keeps_its_other_flags)
{
	need_root();
	make_files();
	set_flags("f", FS_IMMUTABLE_FL | FS_NODUMP_FL);
	ck_fails(try_flags("f", FS_IMMUTABLE_FL), EPERM);
	ck_fails(try_flags("f", FS_IMMUTABLE_FL | FS_APPEND_FL), EPERM);
	set_flags("f", FS_NODUMP_FL);
	set_flags("f", 0);
}
END_TEST

START_TEST(nodump_and_noatime_are_inherited)
{
	need_root();
	ck_works(mkdir("d", 0755));
	set_flags("d", FS_NODUMP_FL | FS_NOATIME_FL);
	posix_make("d/f", "");
	ck_works(mkdir("d/sub", 0755));
	ck_assert_int_eq(get_flags("d/f"), FS_NODUMP_FL | FS_NOATIME_FL);
	ck_assert_int_eq(get_flags("d/sub"), FS_NODUMP_FL | FS_NOATIME_FL);
	set_flags("d", FS_APPEND_FL);
	posix_make("d/g", "");
	ck_assert_int_eq(get_flags("d/g"), 0);
	set_flags("d", 0);
}
END_TEST

START_TEST(they_have_a_second_form)
{
	struct fsxattr x = { .fsx_xflags = 0 };
	int fd;

	need_root();
	make_files();
	set_flags("f", FS_NODUMP_FL);
	fd = (int)ck_works(open("f", O_RDONLY | O_CLOEXEC));
	ck_works(ioctl(fd, FS_IOC_FSGETXATTR, &x));
	ck_assert_uint_eq(x.fsx_xflags, FS_XFLAG_NODUMP);
	x.fsx_xflags = FS_XFLAG_IMMUTABLE;
	ck_works(ioctl(fd, FS_IOC_FSSETXATTR, &x));
	ck_assert_int_eq(get_flags("f"), FS_IMMUTABLE_FL);
	ck_works(close(fd));
	set_flags("f", 0);
}
END_TEST

START_TEST(a_change_of_flags_is_a_change)
{
	struct stat before, after;

	need_root();
	ck_works(mkdir("d", 0755));
	before = posix_stat("d");
	usleep(20000);
	set_flags("d", FS_NODUMP_FL);
	after = posix_stat("d");
	ck_assert(before.st_ctim.tv_sec != after.st_ctim.tv_sec ||
		  before.st_ctim.tv_nsec != after.st_ctim.tv_nsec);
	ck_assert_int_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	set_flags("d", 0);
}
END_TEST

START_TEST(flags_that_nobody_knows)
{
	int fd, bad = 0x40000000, number = 0;

	make_files();
	fd = (int)ck_works(open("f", O_RDONLY | O_CLOEXEC));
	ck_fails(ioctl(fd, FS_IOC_SETFLAGS, &bad), EOPNOTSUPP);
	ck_fails(ioctl(fd, _IOR('f', 99, int), &number), ENOTTY);
	ck_works(close(fd));
}
END_TEST

void posix_add_flags(Suite *suite)
{
	TCase *tc = posix_case(suite, "flags");

	tcase_add_test(tc, nothing_changes_an_immutable_file);
	tcase_add_test(tc, an_append_only_file_grows);
	tcase_add_test(tc, no_name_changes_in_an_immutable_directory);
	tcase_add_test(tc, an_append_only_directory_gains_names);
	tcase_add_test(tc, a_rename_to_itself_is_no_change);
	tcase_add_test(tc, an_immutable_file_can_be_read_and_copied_from);
	tcase_add_test(tc, what_was_written_before_stays);
	tcase_add_test(tc, others_set_what_restricts_nobody);
	tcase_add_test(tc, an_immutable_file_keeps_its_other_flags);
	tcase_add_test(tc, nodump_and_noatime_are_inherited);
	tcase_add_test(tc, they_have_a_second_form);
	tcase_add_test(tc, a_change_of_flags_is_a_change);
	tcase_add_test(tc, flags_that_nobody_knows);
}
