/* setxattr(2), getxattr(2), listxattr(2), removexattr(2); xattr(7). */
#include "tests/mount/posix/posix.h"

#include <sys/xattr.h>

#define XATTR_SIZE  65536 /* bytes, of a value */
#define XATTR_NAMES 65536 /* bytes, of all names of a file */

static char buf[XATTR_NAMES];

START_TEST(a_value_comes_back)
{
	posix_make("f", "");
	ck_works(setxattr("f", "user.a", "one", 3, 0));
	ck_assert_int_eq(getxattr("f", "user.a", buf, sizeof(buf)), 3);
	ck_assert_mem_eq(buf, "one", 3);
	ck_assert_int_eq(getxattr("f", "user.a", NULL, 0), 3);
	ck_works(setxattr("f", "user.a", "longer", 6, 0));
	ck_assert_int_eq(getxattr("f", "user.a", buf, sizeof(buf)), 6);
	ck_assert_mem_eq(buf, "longer", 6);
	ck_works(setxattr("f", "user.empty", "", 0, 0));
	ck_assert_int_eq(getxattr("f", "user.empty", buf, sizeof(buf)), 0);
}
END_TEST

START_TEST(a_rename_takes_it_along_and_a_link_shares_it)
{
	posix_make("f", "");
	ck_works(setxattr("f", "user.a", "1", 1, 0));
	ck_works(rename("f", "g"));
	ck_works(link("g", "h"));
	ck_works(setxattr("h", "user.b", "22", 2, 0));
	ck_assert_int_eq(getxattr("g", "user.a", buf, sizeof(buf)), 1);
	ck_assert_int_eq(getxattr("g", "user.b", buf, sizeof(buf)), 2);
}
END_TEST

START_TEST(create_and_replace_are_strict)
{
	posix_make("f", "");
	ck_fails(setxattr("f", "user.a", "1", 1, XATTR_REPLACE), ENODATA);
	ck_works(setxattr("f", "user.a", "1", 1, XATTR_CREATE));
	ck_fails(setxattr("f", "user.a", "2", 1, XATTR_CREATE), EEXIST);
	ck_works(setxattr("f", "user.a", "3", 1, XATTR_REPLACE));
	ck_assert_int_eq(getxattr("f", "user.a", buf, 1), 1);
	ck_assert_int_eq(buf[0], '3');
	ck_fails(setxattr("f", "user.a", "4", 1, 4), EINVAL);
}
END_TEST

START_TEST(what_is_not_there)
{
	posix_make("f", "");
	ck_fails(getxattr("f", "user.a", buf, sizeof(buf)), ENODATA);
	ck_fails(removexattr("f", "user.a"), ENODATA);
	ck_fails(getxattr("nowhere", "user.a", buf, sizeof(buf)), ENOENT);
	ck_fails(getxattr("f/x", "user.a", buf, sizeof(buf)), ENOTDIR);
	ck_works(setxattr("f", "user.b", "", 0, 0));
	ck_fails(getxattr("f", "user.a", buf, sizeof(buf)), ENODATA);
	ck_fails(removexattr("f", "user.a"), ENODATA);
	ck_works(removexattr("f", "user.b"));
	ck_fails(removexattr("f", "user.b"), ENODATA);
}
END_TEST

START_TEST(buffers_that_are_too_small)
{
	posix_make("f", "");
	ck_works(setxattr("f", "user.a", "12345", 5, 0));
	ck_fails(getxattr("f", "user.a", buf, 4), ERANGE);
	ck_assert_int_eq(getxattr("f", "user.a", buf, 5), 5);
	ck_fails(listxattr("f", buf, 6), ERANGE);
	ck_assert_int_eq(listxattr("f", buf, 7), 7);
	ck_assert_int_eq(listxattr("f", NULL, 0), 7);
}
END_TEST

static bool lists(const char *path, const char *name)
{
	ssize_t n = ck_works(listxattr(path, buf, sizeof(buf)));
	const char *at;

	for (at = buf; at < buf + n; at += strlen(at) + 1) {
		if (strcmp(at, name) == 0)
			return true;
	}
	return false;
}

START_TEST(a_list_has_each_name)
{
	char name[32];
	int i;

	posix_make("f", "");
	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "user.name%d", i);
		ck_works(setxattr("f", name, name, strlen(name), 0));
	}
	for (i = 0; i < 40; i += 2) {
		snprintf(name, sizeof(name), "user.name%d", i);
		ck_works(removexattr("f", name));
	}
	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "user.name%d", i);
		ck_assert_int_eq(lists("f", name), i % 2);
	}
}
END_TEST

START_TEST(names_have_limits)
{
	char name[300] = "user.";

	posix_make("f", "");
	memset(name + 5, 'n', 250);
	ck_works(setxattr("f", name, "1", 1, 0));
	ck_assert_int_eq(getxattr("f", name, buf, sizeof(buf)), 1);
	name[255] = 'n';
	ck_fails(setxattr("f", name, "1", 1, 0), ERANGE);
	ck_fails(getxattr("f", name, buf, sizeof(buf)), ERANGE);
	ck_fails(setxattr("f", "", "1", 1, 0), ERANGE);
	ck_fails(setxattr("f", "user.", "1", 1, 0), EINVAL);
	ck_fails(setxattr("f", "nonsense.a", "1", 1, 0), EOPNOTSUPP);
	ck_fails(getxattr("f", "nonsense.a", buf, 1), EOPNOTSUPP);
	ck_fails(setxattr("f", "bare", "1", 1, 0), EOPNOTSUPP);
}
END_TEST

START_TEST(values_have_limits)
{
	static char big[XATTR_SIZE + 1];

	posix_make("f", "");
	memset(big, 'b', sizeof(big));
	ck_works(setxattr("f", "user.a", big, 3000, 0));
	ck_assert_int_eq(getxattr("f", "user.a", NULL, 0), 3000);
	ck_fails(setxattr("f", "user.a", big, sizeof(big), 0), E2BIG);
	/* A filesystem of blocks has no room for this one. */
	if (!posix_on_mount())
		return;
	ck_works(setxattr("f", "user.a", big, XATTR_SIZE, 0));
	ck_assert_int_eq(getxattr("f", "user.a", buf, sizeof(buf)), XATTR_SIZE);
	ck_assert_mem_eq(buf, big, XATTR_SIZE);
}
END_TEST

START_TEST(a_list_has_a_limit)
{
	char name[256];
	int i;

	if (!posix_on_mount())
		return;
	posix_make("f", "");
	for (i = 0; i < XATTR_NAMES / 256; i++) {
		snprintf(name, sizeof(name), "user.%0250d", i);
		ck_works(setxattr("f", name, "", 0, 0));
	}
	ck_fails(setxattr("f", "user.more", "", 0, 0), ENOSPC);
	ck_assert_int_eq(listxattr("f", buf, sizeof(buf)), XATTR_NAMES);
	ck_works(removexattr("f", name));
	ck_works(setxattr("f", "user.more", "", 0, 0));
}
END_TEST

START_TEST(user_names_are_for_files_and_directories)
{
	ck_works(mkdir("d", 0755));
	ck_works(setxattr("d", "user.a", "1", 1, 0));
	ck_works(symlink("d", "l"));
	ck_works(mkfifo("p", 0666));
	ck_fails(lsetxattr("l", "user.a", "1", 1, 0), EPERM);
	ck_fails(setxattr("p", "user.a", "1", 1, 0), EPERM);
	ck_fails(lgetxattr("l", "user.a", buf, 1), ENODATA);
	ck_assert_int_eq(getxattr("l", "user.a", buf, 1), 1);
	need_root();
	ck_works(lsetxattr("l", "trusted.a", "12", 2, 0));
	ck_works(setxattr("p", "trusted.a", "12", 2, 0));
	ck_assert_int_eq(lgetxattr("l", "trusted.a", buf, 2), 2);
}
END_TEST

START_TEST(a_change_changes_ctime_alone)
{
	struct stat before, after;

	posix_make("f", "");
	before = posix_stat("f");
	usleep(20000);
	ck_works(setxattr("f", "user.a", "1", 1, 0));
	after = posix_stat("f");
	ck_assert(before.st_ctim.tv_sec != after.st_ctim.tv_sec ||
		  before.st_ctim.tv_nsec != after.st_ctim.tv_nsec);
	ck_assert_int_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}
END_TEST

static void see_nothing_trusted(void)
{
	ck_assert(!lists("f", "trusted.a"));
	ck_assert(lists("f", "user.a"));
	ck_fails(getxattr("f", "trusted.a", buf, sizeof(buf)), ENODATA);
	ck_fails(setxattr("f", "trusted.a", "2", 1, 0), EPERM);
	ck_fails(setxattr("f", "user.a", "2", 1, 0), EACCES);
	ck_fails(removexattr("f", "user.a"), EACCES);
	ck_fails(getxattr("secret", "user.a", buf, sizeof(buf)), EACCES);
}

START_TEST(others_see_what_they_may)
{
	need_root();
	posix_make("f", "");
	posix_make("secret", "");
	ck_works(setxattr("f", "trusted.a", "1", 1, 0));
	ck_works(setxattr("f", "user.a", "1", 1, 0));
	ck_works(setxattr("secret", "user.a", "1", 1, 0));
	ck_works(chmod("secret", 0600));
	ck_assert(lists("f", "trusted.a"));
	posix_as_other(see_nothing_trusted);
}
END_TEST

void posix_add_xattr(Suite *suite)
{
	TCase *tc = posix_case(suite, "xattr");

	tcase_add_test(tc, a_value_comes_back);
	tcase_add_test(tc, a_rename_takes_it_along_and_a_link_shares_it);
	tcase_add_test(tc, create_and_replace_are_strict);
	tcase_add_test(tc, what_is_not_there);
	tcase_add_test(tc, buffers_that_are_too_small);
	tcase_add_test(tc, a_list_has_each_name);
	tcase_add_test(tc, names_have_limits);
	tcase_add_test(tc, values_have_limits);
	tcase_add_test(tc, a_list_has_a_limit);
	tcase_add_test(tc, user_names_are_for_files_and_directories);
	tcase_add_test(tc, a_change_changes_ctime_alone);
	tcase_add_test(tc, others_see_what_they_may);
}
