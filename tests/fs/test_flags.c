/* The flags of chattr(1): kept, heeded, and known to the superblock. */
#include "tests/fs/fixture.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>

#define ROOT FS_ROOT_INO

static unsigned flags_of(uint64_t ino)
{
	unsigned flags;

	ck_ok(fs_getflags(fx, ino, &flags));
	return flags;
}

START_TEST(flags_outlive_a_remount)
{
	uint64_t f = fx_mkfile(ROOT, "f"), d = fx_mkdir(ROOT, "d");

	ck_assert(!fs_has_flags(fx));
	ck_ok(fs_setflags(fx, f, 0));
	ck_assert(!fs_has_flags(fx));
	ck_ok(fs_setflags(fx, f, FS_FLAG_IMMUTABLE | FS_FLAG_NODUMP));
	ck_ok(fs_setflags(fx, d, FS_FLAG_APPEND | FS_FLAG_NOATIME));
	fx_reopen();
	ck_assert(fs_has_flags(fx));
	ck_assert_uint_eq(flags_of(f), FS_FLAG_IMMUTABLE | FS_FLAG_NODUMP);
	ck_assert_uint_eq(flags_of(d), FS_FLAG_APPEND | FS_FLAG_NOATIME);
	ck_assert_uint_eq(flags_of(ROOT), 0);
	ck_assert_int_eq(fs_unlink(fx, ROOT, "f"), -EPERM);
	ck_ok(fs_setflags(fx, f, 0));
	ck_ok(fs_unlink(fx, ROOT, "f"));
	ck_assert_int_eq(fs_setflags(fx, f, 0), -ENOENT);
}
END_TEST

START_TEST(nothing_is_written_to_an_immutable_file)
{
	uint64_t f = fx_mkfile(ROOT, "f"), g = fx_mkfile(ROOT, "g");

	fx_write(f, "abc", 3, 0);
	fx_write(g, "xyz", 3, 0);
	ck_ok(fs_setflags(fx, f, FS_FLAG_IMMUTABLE));
	ck_assert_int_eq(fs_write(fx, f, "x", 1, 10, 0, NULL), -EPERM);
	ck_assert_int_eq(fs_write(fx, f, "x", 1, 0, FS_WRITE_CACHED, NULL),
			 -EPERM);
	ck_assert_int_eq(fs_fallocate(fx, f, 0, 0, 9, false), -EPERM);
	ck_assert_int_eq(fs_copy(fx, g, 0, f, 0, 3, false), -EPERM);
	ck_assert_int_eq(fs_copy(fx, f, 0, g, 0, 3, false), 3);
	ck_assert_int_eq(fx_truncate(f, 3), -EPERM);
	ck_assert_int_eq(fs_check_open(fx, f, O_WRONLY), -EPERM);
	ck_assert_int_eq(fs_check_open(fx, f, O_RDONLY | O_TRUNC), -EPERM);
	ck_ok(fs_check_open(fx, f, O_RDONLY));
	ck_ok(fs_check_open(fx, g, O_RDWR));
	ck_assert_int_eq(fx_stat(f).st_size, 3);
}
END_TEST

START_TEST(an_append_only_file_keeps_its_bytes)
{
	uint64_t f = fx_mkfile(ROOT, "f"), g = fx_mkfile(ROOT, "g");
	char got[8] = "";

	fx_write(f, "abc", 3, 0);
	fx_write(g, "xyz", 3, 0);
	ck_ok(fs_setflags(fx, f, FS_FLAG_APPEND));
	/* As the cache writes a page whose end is new. */
	fx_write(f, "abcd", 4, 0);
	fx_write(f, "e", 1, 4);
	ck_assert_int_eq(fs_write(fx, f, "aXcde", 5, 0, 0, NULL), -EPERM);
	ck_assert_int_eq(fs_write(fx, f, "X", 1, 4, 0, NULL), -EPERM);
	ck_assert_int_eq(fs_copy(fx, g, 0, f, 4, 3, false), -EPERM);
	ck_assert_int_eq(fs_copy(fx, g, 0, f, 5, 2, false), 2);
	ck_assert_int_eq(
		fs_fallocate(fx, f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			     0, 1, false),
		-EPERM);
	ck_assert_int_eq(fs_fallocate(fx, f, FALLOC_FL_ZERO_RANGE, 9, 1, false),
			 -EPERM);
	ck_ok(fs_fallocate(fx, f, FALLOC_FL_KEEP_SIZE, 9, 1, false));
	ck_assert_int_eq(fs_read(fx, f, got, sizeof(got), 0), 7);
	ck_assert_str_eq(got, "abcdexy");
	ck_assert_int_eq(fs_check_open(fx, f, O_RDWR), -EPERM);
	ck_assert_int_eq(fs_check_open(fx, f, O_RDWR | O_APPEND | O_TRUNC),
			 -EPERM);
	ck_ok(fs_check_open(fx, f, O_RDWR | O_APPEND));
}
END_TEST

static struct timespec later(struct timespec t, int s)
{
	t.tv_sec += s;
	return t;
}

/* The kernel sends times of writes when it likes, also after the flag. */
START_TEST(times_of_earlier_writes_are_taken)
{
	const unsigned both = FS_SET_MTIME | FS_SET_CTIME;
	uint64_t f = fx_mkfile(ROOT, "f"), a = fx_mkfile(ROOT, "a");
	struct stat st;

	ck_ok(fs_setflags(fx, f, FS_FLAG_IMMUTABLE));
	ck_ok(fs_setflags(fx, a, FS_FLAG_APPEND));
	st = fx_stat(f);
	st.st_mtim = st.st_ctim;
	ck_ok(fs_setattr(fx, f, &st, both, NULL));
	ck_assert_int_eq(fx_stat(f).st_mtim.tv_nsec, st.st_ctim.tv_nsec);
	st.st_mtim = st.st_ctim = later(st.st_ctim, 1);
	ck_assert_int_eq(fs_setattr(fx, f, &st, both, NULL), -EPERM);
	ck_ok(fs_setattr(fx, a, &st, both, NULL));
	st.st_mtim = later(st.st_ctim, -2);
	ck_assert_int_eq(fs_setattr(fx, a, &st, both, NULL), -EPERM);
	st.st_mtim = later(st.st_ctim, 2);
	ck_assert_int_eq(fs_setattr(fx, a, &st, both, NULL), -EPERM);
	ck_ok(fs_setattr(fx, a, &st,
			 FS_SET_ATIME | FS_SET_ATIME_NOW | FS_SET_CTIME, NULL));
	ck_assert_int_eq(fs_setattr(fx, a, &st, FS_SET_ATIME, NULL), -EPERM);
	ck_assert_int_eq(fs_setattr(fx, a, &st, FS_SET_MODE, NULL), -EPERM);
}
END_TEST

START_TEST(names_stay)
{
	uint64_t f = fx_mkfile(ROOT, "f"), d = fx_mkdir(ROOT, "d");
	struct fs_entry entry;

	fx_mkfile(d, "in");
	fx_mkfile(ROOT, "g");
	ck_ok(fs_setflags(fx, f, FS_FLAG_APPEND));
	ck_ok(fs_setflags(fx, d, FS_FLAG_IMMUTABLE));
	ck_assert_int_eq(fs_link(fx, f, ROOT, "l", &entry), -EPERM);
	ck_assert_int_eq(fs_rename(fx, ROOT, "f", ROOT, "x", 0, NULL), -EPERM);
	ck_assert_int_eq(fs_rename(fx, ROOT, "g", ROOT, "f", 0, NULL), -EPERM);
	ck_assert_int_eq(fs_rename(fx, ROOT, "g", d, "g", 0, NULL), -EPERM);
	ck_assert_int_eq(fs_rename(fx, ROOT, "g", d, "in", 0, NULL), -EPERM);
	ck_assert_int_eq(
		fs_rename(fx, ROOT, "g", ROOT, "f", RENAME_NOREPLACE, NULL),
		-EEXIST);
	ck_assert_int_eq(
		fs_rename(fx, ROOT, "g", ROOT, "d", RENAME_EXCHANGE, NULL),
		-EPERM);
	ck_assert_int_eq(fs_mkdir(fx, d, "new", 0755, &fx_cred, &entry),
			 -EPERM);
	ck_assert_int_eq(fs_mkdir(fx, d, "in", 0755, &fx_cred, &entry),
			 -EEXIST);
	ck_assert_int_eq(fs_rmdir(fx, ROOT, "d"), -EPERM);
	ck_assert_int_eq(fs_setxattr(fx, d, "user.x", "1", 1, 0), -EPERM);
	ck_ok(fs_setflags(fx, d, FS_FLAG_APPEND));
	fx_mkfile(d, "new");
	ck_assert_int_eq(fs_unlink(fx, d, "new"), -EPERM);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("flags");
	TCase *tc = suite_case(s, "flags");

	tcase_add_checked_fixture(tc, fx_setup, fx_teardown);
	tcase_add_test(tc, flags_outlive_a_remount);
	tcase_add_test(tc, nothing_is_written_to_an_immutable_file);
	tcase_add_test(tc, an_append_only_file_keeps_its_bytes);
	tcase_add_test(tc, times_of_earlier_writes_are_taken);
	tcase_add_test(tc, names_stay);
	return suite_run(s);
}
