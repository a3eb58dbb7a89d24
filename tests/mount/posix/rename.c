/* rename(2), renameat2(2). */
#include "tests/mount/posix/posix.h"

#include <sys/sysmacros.h>

#define NAME_BYTES_MAX 255

static int rename2(const char *from, const char *to, unsigned flags)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, flags);
}

START_TEST(what_is_replaced_is_gone)
{
	ino_t moved;
	int fd;

	posix_make("a", "new");
	posix_make("b", "old");
	moved = posix_stat("a").st_ino;
	fd = (int)ck_works(open("b", O_RDONLY | O_CLOEXEC));
	ck_works(rename("a", "b"));
	ck_fails(access("a", F_OK), ENOENT);
	ck_assert_uint_eq(posix_stat("b").st_ino, moved);
	ck_assert_str_eq(posix_text("b"), "new");
	ck_works(close(fd));
}
END_TEST

START_TEST(what_is_replaced_is_still_read)
{
	struct stat st;
	char buf[8];
	int fd;

	posix_make("a", "new");
	posix_make("b", "old");
	ck_works(link("b", "c"));
	fd = (int)ck_works(open("b", O_RDONLY | O_CLOEXEC));
	ck_works(rename("a", "b"));
	ck_works(fstat(fd, &st));
	ck_assert_uint_eq(st.st_nlink, 1);
	ck_works(unlink("c"));
	ck_works(fstat(fd, &st));
	ck_assert_uint_eq(st.st_nlink, 0);
	ck_assert_int_eq(read(fd, buf, sizeof(buf)), 3);
	ck_assert_mem_eq(buf, "old", 3);
	ck_works(close(fd));
}
END_TEST

START_TEST(types_must_agree)
{
	posix_make("f", "");
	ck_works(mkdir("empty", 0755));
	ck_works(mkdir("full", 0755));
	posix_make("full/x", "");
	ck_fails(rename("f", "empty"), EISDIR);
	ck_fails(rename("empty", "f"), ENOTDIR);
	ck_fails(rename("f/", "g"), ENOTDIR);
	ck_fails(rename("f", "g/"), ENOTDIR);
	ck_works(rename("empty", "other/"));
	ck_fails(rename("other", "full"), ENOTEMPTY);
	ck_works(rename("full", "other"));
	ck_works(access("other/x", F_OK));
}
END_TEST

START_TEST(paths_must_lead_somewhere)
{
	char name[NAME_BYTES_MAX + 2];

	memset(name, 'n', sizeof(name));
	name[NAME_BYTES_MAX + 1] = '\0';
	posix_make("f", "");
	ck_fails(rename("nowhere", "g"), ENOENT);
	ck_fails(rename("f", "nowhere/g"), ENOENT);
	ck_fails(rename("f/x", "g"), ENOTDIR);
	ck_fails(rename("f", "f/x"), ENOTDIR);
	ck_fails(rename("", "g"), ENOENT);
	ck_fails(rename("f", ""), ENOENT);
	ck_fails(rename("f", name), ENAMETOOLONG);
	ck_fails(rename(name, "f"), ENAMETOOLONG);
	name[NAME_BYTES_MAX] = '\0';
	ck_works(rename("f", name));
	ck_works(rename(name, "f"));
	ck_fails(rename(".", "g"), EBUSY);
	ck_fails(rename("f", ".."), EBUSY);
}
END_TEST

START_TEST(no_directory_moves_into_itself)
{
	ck_works(mkdir("a", 0755));
	ck_works(mkdir("a/b", 0755));
	ck_fails(rename("a", "a/c"), EINVAL);
	ck_fails(rename("a", "a/b/c"), EINVAL);
	ck_fails(rename("a/b", "a"), ENOTEMPTY);
	ck_fails(rename2("a", "a/b", RENAME_EXCHANGE), EINVAL);
}
END_TEST

START_TEST(links_and_times_follow)
{
	struct stat before, after;

	ck_works(mkdir("from", 0755));
	ck_works(mkdir("to", 0755));
	ck_works(mkdir("from/d", 0755));
	before = posix_stat("from/d");
	usleep(20000);
	ck_works(rename("from/d", "to/d"));
	after = posix_stat("to/d");
	ck_assert_uint_eq(posix_stat("from").st_nlink, 2);
	ck_assert_uint_eq(posix_stat("to").st_nlink, 3);
	ck_assert_uint_eq(posix_stat("to/d/..").st_ino,
			  posix_stat("to").st_ino);
	ck_assert_int_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	ck_assert(before.st_ctim.tv_nsec != after.st_ctim.tv_nsec);
	ck_assert(posix_stat("from").st_mtim.tv_nsec != before.st_mtim.tv_nsec);
}
END_TEST

START_TEST(two_names_of_one_file_stay)
{
	posix_make("a", "");
	ck_works(link("a", "b"));
	ck_works(rename("a", "b"));
	ck_works(rename("a", "a"));
	ck_works(rename2("a", "b", RENAME_EXCHANGE));
	ck_fails(rename2("a", "b", RENAME_NOREPLACE), EEXIST);
	ck_assert_uint_eq(posix_stat("a").st_nlink, 2);
}
END_TEST

START_TEST(flags)
{
	posix_make("f", "f");
	posix_make("g", "g");
	ck_works(mkdir("d", 0755));
	ck_fails(rename2("f", "g", RENAME_NOREPLACE), EEXIST);
	ck_fails(rename2("f", "none", RENAME_EXCHANGE), ENOENT);
	ck_fails(rename2("f", "g", RENAME_NOREPLACE | RENAME_EXCHANGE), EINVAL);
	ck_fails(rename2("f", "g", RENAME_WHITEOUT | RENAME_EXCHANGE), EINVAL);
	ck_fails(rename2("f", "g", 8), EINVAL);
	ck_works(rename2("f", "g", RENAME_EXCHANGE));
	ck_assert_str_eq(posix_text("f"), "g");
	ck_works(rename2("f", "d", RENAME_EXCHANGE));
	ck_assert(S_ISDIR(posix_stat("f").st_mode));
	ck_assert_str_eq(posix_text("d"), "g");
	ck_works(rename2("f", "new", RENAME_NOREPLACE));
}
END_TEST

START_TEST(a_whiteout_is_left_behind)
{
	struct stat st;

	need_root();
	posix_make("f", "f");
	posix_make("g", "g");
	if (rename2("f", "g", RENAME_WHITEOUT) != 0) {
		/* An overlay has none for itself. */
		ck_assert_int_eq(errno, EINVAL);
		ck_assert(!posix_on_mount());
		return;
	}
	ck_assert_str_eq(posix_text("g"), "f");
	st = posix_stat("f");
	ck_assert_uint_eq(st.st_mode, S_IFCHR);
	ck_assert_uint_eq(st.st_rdev, makedev(0, 0));
	ck_assert_uint_eq(st.st_uid, getuid());
	ck_works(unlink("f"));
	ck_fails(unlink("f"), ENOENT);
}
END_TEST

static void move_in_sticky(void)
{
	ck_fails(rename("t/f", "t/g"), EPERM);
	ck_fails(rename("closed/f", "f"), EACCES);
	posix_make("t/mine", "");
	ck_fails(rename("t/mine", "closed/g"), EACCES);
	ck_fails(rename("t/mine", "t/f"), EPERM);
	ck_works(rename("t/mine", "t/other"));
}

START_TEST(rights)
{
	need_root();
	ck_works(mkdir("t", 01777));
	ck_works(mkdir("closed", 0755));
	posix_make("t/f", "");
	posix_make("closed/f", "");
	posix_as_other(move_in_sticky);
}
END_TEST

void posix_add_rename(Suite *suite)
{
	TCase *tc = posix_case(suite, "rename");

	tcase_add_test(tc, what_is_replaced_is_gone);
	tcase_add_test(tc, what_is_replaced_is_still_read);
	tcase_add_test(tc, types_must_agree);
	tcase_add_test(tc, paths_must_lead_somewhere);
	tcase_add_test(tc, no_directory_moves_into_itself);
	tcase_add_test(tc, links_and_times_follow);
	tcase_add_test(tc, two_names_of_one_file_stay);
	tcase_add_test(tc, flags);
	tcase_add_test(tc, a_whiteout_is_left_behind);
	tcase_add_test(tc, rights);
}
