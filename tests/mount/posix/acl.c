/* acl(5): access and default ACLs, the mode, and the umask. */
#include "tests/mount/posix/posix.h"

#include <endian.h>
#include <sys/xattr.h>

#define ACCESS  "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"
#define NOBODY  0xffffffffu

struct entry {
	uint16_t tag;
	uint16_t perm;
	uint32_t id;
};

struct acl {
	uint32_t version;
	struct entry at[8];
};

enum tag {
	USER_OBJ = 1,
	USER = 2,
	GROUP_OBJ = 4,
	GROUP = 8,
	MASK = 16,
	OTHER = 32
};

/* Owner rwx, OTHER_UID @user, group r-x, mask rwx, others @other. */
static size_t make_acl(struct acl *acl, unsigned user, unsigned other)
{
	*acl = (struct acl){
		.version = 2,
		.at = {
			{ USER_OBJ, 7, NOBODY },
			{ USER, (uint16_t)user, OTHER_UID },
			{ GROUP_OBJ, 5, NOBODY },
			{ MASK, 7, NOBODY },
			{ OTHER, (uint16_t)other, NOBODY },
		},
	};
	return 4 + 5 * sizeof(struct entry);
}

static void set_acl(const char *path, const char *name, unsigned user,
		    unsigned other)
{
	struct acl acl;
	size_t size = make_acl(&acl, user, other);

	ck_works(setxattr(path, name, &acl, size, 0));
}

/* The permissions of the entry with this tag; 8: there is none; 9: no ACL. */
static unsigned perm_of(const char *path, const char *name, unsigned tag)
{
	struct acl acl;
	ssize_t n = getxattr(path, name, &acl, sizeof(acl));

	if (n < 0 && errno == ENODATA)
		return 9;
	ck_assert_int_ge(n, 4);
	for (size_t i = 0; i < ((size_t)n - 4) / sizeof(struct entry); i++) {
		if (acl.at[i].tag == tag)
			return acl.at[i].perm;
	}
	return 8;
}

START_TEST(an_acl_sets_the_mode)
{
	posix_make("f", "");
	set_acl("f", ACCESS, 4, 1);
	ck_assert_uint_eq(posix_stat("f").st_mode & 07777, 0771);
	ck_assert_uint_eq(perm_of("f", ACCESS, USER), 4);
	ck_assert_uint_eq(perm_of("f", ACCESS, GROUP_OBJ), 5);
}
END_TEST

START_TEST(chmod_sets_the_mask)
{
	posix_make("f", "");
	set_acl("f", ACCESS, 7, 1);
	ck_works(chmod("f", 0640));
	ck_assert_uint_eq(posix_stat("f").st_mode & 07777, 0640);
	ck_assert_uint_eq(perm_of("f", ACCESS, USER_OBJ), 6);
	ck_assert_uint_eq(perm_of("f", ACCESS, USER), 7);
	ck_assert_uint_eq(perm_of("f", ACCESS, GROUP_OBJ), 5);
	ck_assert_uint_eq(perm_of("f", ACCESS, MASK), 4);
	ck_assert_uint_eq(perm_of("f", ACCESS, OTHER), 0);
}
END_TEST

START_TEST(one_that_says_no_more_than_the_mode_is_not_kept)
{
	struct acl acl = {
		.version = 2,
		.at = {
			{ USER_OBJ, 6, NOBODY },
			{ GROUP_OBJ, 4, NOBODY },
			{ OTHER, 2, NOBODY },
		},
	};

	posix_make("f", "");
	set_acl("f", ACCESS, 7, 7);
	ck_works(setxattr("f", ACCESS, &acl, 4 + 3 * sizeof(struct entry), 0));
	ck_assert_uint_eq(posix_stat("f").st_mode & 07777, 0642);
	ck_assert_uint_eq(perm_of("f", ACCESS, USER_OBJ), 9);
	ck_assert_int_eq(listxattr("f", NULL, 0), 0);
}
END_TEST

START_TEST(removing_leaves_the_mode)
{
	posix_make("f", "");
	set_acl("f", ACCESS, 7, 1);
	ck_works(removexattr("f", ACCESS));
	ck_assert_uint_eq(posix_stat("f").st_mode & 07777, 0771);
	ck_assert_uint_eq(perm_of("f", ACCESS, MASK), 9);
	ck_works(removexattr("f", ACCESS));
	ck_works(removexattr("f", DEFAULT));
}
END_TEST

START_TEST(what_is_no_acl_is_refused)
{
	struct acl acl;
	size_t size = make_acl(&acl, 7, 7);

	posix_make("f", "");
	ck_works(mkdir("d", 0755));
	ck_fails(setxattr("f", ACCESS, &acl, size - 1, 0), EINVAL);
	ck_fails(setxattr("f", ACCESS, &acl, size - 8, 0), EINVAL);
	acl.at[1].perm = 8;
	ck_fails(setxattr("f", ACCESS, &acl, size, 0), EINVAL);
	acl.at[1].perm = 7;
	acl.at[3].tag = 3;
	ck_fails(setxattr("f", ACCESS, &acl, size, 0), EINVAL);
	acl.at[3].tag = OTHER;
	ck_fails(setxattr("f", ACCESS, &acl, size, 0), EINVAL);
	size = make_acl(&acl, 7, 7);
	ck_fails(setxattr("f", DEFAULT, &acl, size, 0), EACCES);
	ck_works(setxattr("d", DEFAULT, &acl, size, 0));
	acl.version = 1;
	ck_fails(setxattr("d", DEFAULT, &acl, size, 0), EOPNOTSUPP);
}
END_TEST

START_TEST(files_inherit_the_default_instead_of_the_umask)
{
	ck_works(mkdir("d", 0755));
	set_acl("d", DEFAULT, 7, 4);
	umask(077);
	ck_works(close(posix_open_new("d/f")));
	umask(0);
	ck_assert_uint_eq(posix_stat("d/f").st_mode & 07777, 0644);
	ck_assert_uint_eq(perm_of("d/f", ACCESS, USER_OBJ), 6);
	ck_assert_uint_eq(perm_of("d/f", ACCESS, USER), 7);
	ck_assert_uint_eq(perm_of("d/f", ACCESS, GROUP_OBJ), 5);
	ck_assert_uint_eq(perm_of("d/f", ACCESS, MASK), 4);
	ck_assert_uint_eq(perm_of("d/f", ACCESS, OTHER), 4);
	ck_assert_uint_eq(perm_of("d/f", DEFAULT, OTHER), 9);
}
END_TEST

START_TEST(directories_hand_the_default_on)
{
	ck_works(mkdir("d", 0755));
	set_acl("d", DEFAULT, 3, 1);
	umask(077);
	ck_works(mkdir("d/e", 0770));
	ck_works(mkfifo("d/p", 0666));
	ck_works(symlink("x", "d/l"));
	umask(0);
	ck_assert_uint_eq(posix_stat("d/e").st_mode & 07777, 0770);
	ck_assert_uint_eq(perm_of("d/e", ACCESS, USER), 3);
	ck_assert_uint_eq(perm_of("d/e", ACCESS, OTHER), 0);
	ck_assert_uint_eq(perm_of("d/e", DEFAULT, USER), 3);
	ck_assert_uint_eq(perm_of("d/e", DEFAULT, OTHER), 1);
	ck_assert_uint_eq(posix_stat("d/p").st_mode & 07777, 0660);
	ck_assert_uint_eq(perm_of("d/p", ACCESS, MASK), 6);
}
END_TEST

START_TEST(without_a_default_the_umask_counts)
{
	ck_works(mkdir("d", 0755));
	set_acl("d", DEFAULT, 7, 7);
	ck_works(removexattr("d", DEFAULT));
	umask(027);
	ck_works(close(posix_open_new("d/f")));
	ck_works(mkdir("d/e", 0777));
	ck_works(mknod("d/p", S_IFIFO | 0666, 0));
	umask(0);
	ck_assert_uint_eq(posix_stat("d/f").st_mode & 07777, 0640);
	ck_assert_uint_eq(posix_stat("d/e").st_mode & 07777, 0750);
	ck_assert_uint_eq(posix_stat("d/p").st_mode & 07777, 0640);
	ck_assert_uint_eq(perm_of("d/e", DEFAULT, OTHER), 9);
}
END_TEST

static void may_read_and_not_write(void)
{
	ck_works(close((int)ck_works(open("f", O_RDONLY | O_CLOEXEC))));
	ck_fails(open("f", O_WRONLY | O_CLOEXEC), EACCES);
}

static void may_not_read(void)
{
	ck_fails(open("f", O_RDONLY | O_CLOEXEC), EACCES);
	ck_fails(setxattr("f", ACCESS, "", 0, 0), EPERM);
}

START_TEST(it_is_enforced)
{
	need_root();
	posix_make("f", "");
	set_acl("f", ACCESS, 4, 0);
	posix_as_other(may_read_and_not_write);
	ck_works(chmod("f", 0717));
	posix_as_other(may_not_read);
	set_acl("f", ACCESS, 6, 0);
	ck_works(chmod("f", 0747));
	posix_as_other(may_read_and_not_write);
	ck_works(removexattr("f", ACCESS));
	ck_works(chmod("f", 0700));
	posix_as_other(may_not_read);
}
END_TEST

static void set_my_acl(void)
{
	set_acl("f", ACCESS, 4, 0);
}

START_TEST(setgid_goes_unless_the_owner_is_in_the_group)
{
	need_root();
	posix_make("f", "");
	ck_works(chown("f", OTHER_UID, 54321));
	ck_works(chmod("f", 02755));
	posix_as_other(set_my_acl);
	ck_assert_uint_eq(posix_stat("f").st_mode & 07777, 0770);
	ck_works(chown("f", OTHER_UID, OTHER_UID));
	ck_works(chmod("f", 02755));
	posix_as_other(set_my_acl);
	ck_assert_uint_eq(posix_stat("f").st_mode & 07777, 02770);
}
END_TEST

void posix_add_acl(Suite *suite)
{
	TCase *tc = posix_case(suite, "acl");

	tcase_add_test(tc, an_acl_sets_the_mode);
	tcase_add_test(tc, chmod_sets_the_mask);
	tcase_add_test(tc, one_that_says_no_more_than_the_mode_is_not_kept);
	tcase_add_test(tc, removing_leaves_the_mode);
	tcase_add_test(tc, what_is_no_acl_is_refused);
	tcase_add_test(tc, files_inherit_the_default_instead_of_the_umask);
	tcase_add_test(tc, directories_hand_the_default_on);
	tcase_add_test(tc, without_a_default_the_umask_counts);
	tcase_add_test(tc, it_is_enforced);
	tcase_add_test(tc, setgid_goes_unless_the_owner_is_in_the_group);
}
