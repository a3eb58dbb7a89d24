/* xattrs: kept, counted by the flags, removed with the inode. */
#include "tests/fs/fixture.h"

#include "engine/base/coding.h"
#include "fs/acl.h"
#include "fs/icache.h"

static uint32_t flags_of(uint64_t ino)
{
	struct inode *inode;
	uint32_t flags;

	/* Also loads it. */
	fx_stat(ino);
	inode = icache_find(&fx->icache, ino);
	ck_assert_ptr_nonnull(inode);
	flags = inode->rec.flags;
	icache_unref(&fx->icache, inode, true);
	return flags;
}

static void set(uint64_t ino, const char *name, const char *value)
{
	ck_ok(fs_setxattr(fx, ino, name, value, strlen(value), 0));
}

static void expect(uint64_t ino, const char *name, const char *value)
{
	char buf[64];
	ssize_t n = fs_getxattr(fx, ino, name, buf, sizeof(buf));

	if (!value) {
		ck_assert_int_eq(n, -ENODATA);
		return;
	}
	ck_assert_int_eq(n, (ssize_t)strlen(value));
	ck_assert_mem_eq(buf, value, strlen(value));
}

START_TEST(they_outlive_a_remount)
{
	uint64_t a = fx_mkfile(FS_ROOT_INO, "a");
	uint64_t b = fx_mkfile(FS_ROOT_INO, "b");

	set(a, "user.one", "1");
	set(a, "user.two", "2");
	set(b, "user.one", "other");
	set(FS_ROOT_INO, "trusted.root", "r");
	ck_ok(fs_removexattr(fx, a, "user.two"));
	fx_reopen();
	ck_assert_uint_eq(fx_check().xattrs, 3);
	expect(a, "user.one", "1");
	expect(a, "user.two", NULL);
	expect(b, "user.one", "other");
	expect(FS_ROOT_INO, "trusted.root", "r");
}
END_TEST

START_TEST(flags_tell_what_there_is)
{
	uint64_t a = fx_mkfile_keep(FS_ROOT_INO, "a");

	ck_assert_uint_eq(flags_of(a), 0);
	set(a, "user.one", "1");
	set(a, "user.two", "");
	ck_assert_uint_eq(flags_of(a), INODE_XATTRS);
	ck_ok(fs_removexattr(fx, a, "user.one"));
	ck_assert_uint_eq(flags_of(a), INODE_XATTRS);
	ck_ok(fs_removexattr(fx, a, "user.two"));
	ck_assert_uint_eq(flags_of(a), 0);
	fs_forget(fx, a, 1);
}
END_TEST

START_TEST(they_go_with_the_inode)
{
	uint64_t a = fx_mkfile(FS_ROOT_INO, "a");
	uint64_t b = fx_mkfile_keep(FS_ROOT_INO, "b");
	uint64_t dir = fx_mkdir(FS_ROOT_INO, "dir");

	set(a, "user.one", "1");
	set(a, "user.two", "2");
	set(b, "user.one", "1");
	set(dir, "user.one", "1");
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "a"));
	ck_ok(fs_rmdir(fx, FS_ROOT_INO, "dir"));
	ck_assert_uint_eq(fx_check().xattrs, 1);
	/* Used while it is unlinked, and swept by the next one to open. */
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "b"));
	set(b, "user.two", "2");
	expect(b, "user.one", "1");
	ck_assert_uint_eq(fx_check().xattrs, 2);
	fx_reopen();
	ck_assert_uint_eq(fx_check().xattrs, 0);
}
END_TEST

START_TEST(the_store_says_that_it_has_some)
{
	uint64_t a = fx_mkfile(FS_ROOT_INO, "a");

	ck_assert_uint_eq(fx->super.incompat, 0);
	set(a, "user.one", "1");
	ck_assert_uint_eq(fx->super.incompat, SUPERBLOCK_XATTRS);
	fx_reopen();
	ck_assert_uint_eq(fx->super.incompat, SUPERBLOCK_XATTRS);
}
END_TEST

START_TEST(large_values_come_back)
{
	static uint8_t big[FS_XATTR_SIZE_MAX + 1], back[FS_XATTR_SIZE_MAX];
	uint64_t a = fx_mkfile(FS_ROOT_INO, "a");

	fx_fill(big, sizeof(big), 1);
	ck_assert_int_eq(fs_setxattr(fx, a, "user.a", big, sizeof(big), 0),
			 -E2BIG);
	ck_ok(fs_setxattr(fx, a, "user.a", big, FS_XATTR_SIZE_MAX, 0));
	ck_assert_int_eq(fs_getxattr(fx, a, "user.a", NULL, 0),
			 FS_XATTR_SIZE_MAX);
	ck_assert_int_eq(fs_getxattr(fx, a, "user.a", back, 100), -ERANGE);
	ck_assert_int_eq(fs_getxattr(fx, a, "user.a", back, sizeof(back)),
			 FS_XATTR_SIZE_MAX);
	ck_assert_mem_eq(big, back, sizeof(back));
}
END_TEST

/* owner rwx, a user rw-, group r-x, mask rwx, others --x */
static const uint8_t acl[] = {
	2, 0, 0,   0,   1,   0,   7,  0, 255, 255, 255, 255, 2,   0,   6,
	0, 9, 0,   0,   0,   4,   0,  5, 0,   255, 255, 255, 255, 16,  0,
	7, 0, 255, 255, 255, 255, 32, 0, 1,   0,   255, 255, 255, 255,
};

START_TEST(acls_and_modes_follow_each_other)
{
	uint8_t copy[sizeof(acl)];
	bool plain;

	ck_ok(acl_check(slice_of(acl, sizeof(acl))));
	ck_assert_uint_eq(
		acl_mode(slice_of(acl, sizeof(acl)), S_IFREG | 02000, &plain),
		S_IFREG | 02771);
	ck_assert(!plain);
	memcpy(copy, acl, sizeof(acl));
	ck_assert_uint_eq(
		acl_inherit(copy, sizeof(copy), S_IFREG | 0664, &plain),
		S_IFREG | 0660);
	ck_assert_uint_eq(get_le16(copy + 6), 6);  /* owner */
	ck_assert_uint_eq(get_le16(copy + 14), 6); /* the user */
	ck_assert_uint_eq(get_le16(copy + 22), 5); /* group */
	ck_assert_uint_eq(get_le16(copy + 30), 6); /* mask */
	ck_assert_uint_eq(get_le16(copy + 38), 0); /* others */
	ck_ok(acl_check(slice_of(copy, sizeof(copy))));
	for (size_t i = 0; i < sizeof(acl); i++)
		ck_assert_int_eq(acl_check(slice_of(acl, i)), -EINVAL);
}
END_TEST

START_TEST(what_is_created_inherits_in_the_same_batch)
{
	uint64_t dir = fx_mkdir(FS_ROOT_INO, "dir"), sub, file;

	ck_ok(fs_setxattr(fx, dir, ACL_DEFAULT, acl, sizeof(acl), 0));
	sub = fx_mkdir_mode(dir, "sub", 0770);
	file = fx_mkfile_keep(dir, "file");
	ck_assert_uint_eq(flags_of(file), INODE_XATTRS | INODE_ACL);
	ck_assert_uint_eq(fx_stat(file).st_mode, S_IFREG | 0640);
	fs_forget(fx, file, 1);
	fx_reopen();
	ck_assert_uint_eq(fx_check().xattrs, 4);
	ck_assert_int_eq(fs_getxattr(fx, sub, ACL_DEFAULT, NULL, 0),
			 sizeof(acl));
	ck_ok(fs_removexattr(fx, sub, ACL_DEFAULT));
	ck_assert_uint_eq(fx_check().xattrs, 3);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xattr");
	TCase *tc = suite_case(s, "xattr");

	tcase_add_checked_fixture(tc, fx_setup, fx_teardown);
	tcase_add_test(tc, they_outlive_a_remount);
	tcase_add_test(tc, flags_tell_what_there_is);
	tcase_add_test(tc, they_go_with_the_inode);
	tcase_add_test(tc, the_store_says_that_it_has_some);
	tcase_add_test(tc, large_values_come_back);
	tcase_add_test(tc, acls_and_modes_follow_each_other);
	tcase_add_test(tc, what_is_created_inherits_in_the_same_batch);
	return suite_run(s);
}
