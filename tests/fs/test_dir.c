/* Walks over directories. */
#include "tests/fs/fixture.h"

#include <stdio.h>

#include "fs/inode.h"
#include "fs/schema.h"

#define NAMES 300

static void make_names(uint64_t dir)
{
	int i;

	for (i = 0; i < NAMES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		fx_mkfile(dir, name);
	}
}

START_TEST(a_walk_sees_each_name_once)
{
	bool seen[NAMES] = { false };
	struct fs_dirent e;
	struct fs_dir *d;
	off_t last = 0;
	int count = 0;

	make_names(FS_ROOT_INO);
	ck_ok(fs_dir_open(fx, FS_ROOT_INO, 0, &d));
	ck_assert_int_eq(fs_dir_next(d, &e), 1);
	ck_assert_str_eq(e.name, ".");
	ck_assert_int_eq(fs_dir_next(d, &e), 1);
	ck_assert_str_eq(e.name, "..");
	ck_assert_uint_eq(e.ino, FS_ROOT_INO);
	while (fs_dir_next(d, &e) > 0) {
		ck_assert_int_gt(e.next, last);
		ck_assert_uint_eq(e.type, S_IFREG);
		ck_assert(!seen[atoi(e.name)]);
		seen[atoi(e.name)] = true;
		last = e.next;
		count++;
	}
	ck_assert_int_eq(count, NAMES);
	ck_assert_int_eq(fs_dir_next(d, &e), 0);
	fs_dir_close(d);
	ck_ok(fs_dir_open(fx, FS_ROOT_INO, last, &d));
	ck_assert_int_eq(fs_dir_next(d, &e), 0);
	ck_assert_int_eq(fs_dir_next(d, &e), 0);
	fs_dir_close(d);
}
END_TEST

/* From any offset, after a remount, with names made and removed meanwhile. */
START_TEST(a_walk_goes_on_where_it_stopped)
{
	bool seen[NAMES] = { false };
	struct fs_dirent e;
	struct fs_dir *d;
	off_t at = 0;
	int count = 0;

	make_names(FS_ROOT_INO);
	for (;;) {
		char name[16];
		int rc;

		ck_ok(fs_dir_open(fx, FS_ROOT_INO, at, &d));
		rc = fs_dir_next(d, &e);
		if (rc == 0)
			break;
		ck_assert_int_eq(rc, 1);
		at = e.next;
		if (e.name[0] >= '0' && e.name[0] <= '9') {
			ck_assert(!seen[atoi(e.name)]);
			seen[atoi(e.name)] = true;
			ck_ok(fs_unlink(fx, FS_ROOT_INO, e.name));
		}
		fs_dir_close(d);
		snprintf(name, sizeof(name), "n%d", count);
		if (count < NAMES)
			fx_mkfile(FS_ROOT_INO, name);
		if (++count % 100 == 0)
			fx_reopen();
	}
	fs_dir_close(d);
	for (count = 0; count < NAMES; count++)
		ck_assert(seen[count]);
}
END_TEST

/* Names of equal hash cannot be found; so they are put there by hand. */
START_TEST(names_of_equal_hash_are_told_apart)
{
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");
	uint64_t hash = 77, i;
	struct fs_dirent e;
	struct fs_dir *d;
	off_t at = 2;
	int found = 0;

	for (i = 0; i < 20; i++) {
		struct kv_batch *batch = kv_batch_new();
		uint8_t value[9] = { (uint8_t)file, 0, 0, 0, 0, 0, 0, 0, 8 };
		struct schema_key key;
		char name[4];

		snprintf(name, sizeof(name), "x%d", (int)i);
		schema_key_dentry(&key, FS_ROOT_INO, hash, slice_str(name));
		kv_batch_put(batch, schema_slice(&key), slice_of(value, 9));
		ck_ok(inode_commit(fx, batch));
	}
	for (;;) {
		int rc;

		ck_ok(fs_dir_open(fx, FS_ROOT_INO, at, &d));
		rc = fs_dir_next(d, &e);
		if (rc > 0) {
			ck_assert_int_gt(e.next, at);
			at = e.next;
			found++;
		}
		fs_dir_close(d);
		if (rc == 0)
			break;
	}
	ck_assert_int_eq(found, 21);
	/* And fs_check() sees that they do not belong there. */
	ck_assert_int_eq(fs_check(fx->kv, NULL), -EUCLEAN);
	for (i = 0; i < 20; i++) {
		struct kv_batch *batch = kv_batch_new();
		struct schema_key key;
		char name[4];

		snprintf(name, sizeof(name), "x%d", (int)i);
		schema_key_dentry(&key, FS_ROOT_INO, hash, slice_str(name));
		kv_batch_delete(batch, schema_slice(&key));
		ck_ok(inode_commit(fx, batch));
	}
}
END_TEST

START_TEST(entries_count_references)
{
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");
	struct fs_entry entry;
	struct fs_dirent e;
	struct fs_dir *d;

	ck_ok(fs_dir_open(fx, FS_ROOT_INO, 0, &d));
	ck_assert_int_eq(fs_dir_next(d, &e), 1);
	ck_ok(fs_dir_entry(d, &entry));
	ck_assert_uint_eq(entry.ino, FS_ROOT_INO);
	ck_assert_int_eq(fs_dir_next(d, &e), 1);
	ck_ok(fs_dir_entry(d, &entry));
	ck_assert_int_eq(fs_dir_next(d, &e), 1);
	ck_ok(fs_dir_entry(d, &entry));
	ck_assert_uint_eq(entry.ino, file);
	ck_assert_uint_eq(entry.attr.st_nlink, 1);
	/* The reference keeps it, and a name that has gone is not found. */
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "f"));
	ck_assert_int_eq(fs_dir_entry(d, &entry), -ENOENT);
	fs_dir_close(d);
	ck_assert_uint_eq(fx_stat(file).st_nlink, 0);
	fs_forget(fx, file, 1);
	ck_assert_uint_eq(fx_check().inodes, 1);
}
END_TEST

START_TEST(a_replaced_entry_is_looked_up_again)
{
	struct fs_entry entry;
	struct fs_dirent e;
	struct fs_dir *d;
	uint64_t file;

	fx_mkfile(FS_ROOT_INO, "f");
	file = fx_mkfile(FS_ROOT_INO, "g");
	ck_ok(fs_dir_open(fx, FS_ROOT_INO, 2, &d));
	do {
		ck_assert_int_eq(fs_dir_next(d, &e), 1);
	} while (e.name[0] != 'f');
	ck_ok(fs_rename(fx, FS_ROOT_INO, "g", FS_ROOT_INO, "f", 0));
	ck_ok(fs_dir_entry(d, &entry));
	ck_assert_uint_eq(entry.ino, file);
	fs_forget(fx, entry.ino, 1);
	fs_dir_close(d);
}
END_TEST

/* The inode has another name, so only the directory can tell. */
START_TEST(a_removed_entry_is_not_found)
{
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");
	uint64_t dir = fx_mkdir(FS_ROOT_INO, "dir");
	struct fs_entry entry;
	struct fs_dirent e;
	struct fs_dir *d;

	ck_ok(fs_link(fx, file, dir, "g", &entry));
	fs_forget(fx, file, 1);
	ck_ok(fs_dir_open(fx, FS_ROOT_INO, 2, &d));
	do {
		ck_assert_int_eq(fs_dir_next(d, &e), 1);
	} while (e.name[0] != 'f');
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "f"));
	ck_assert_int_eq(fs_dir_entry(d, &entry), -ENOENT);
	fs_dir_close(d);
}
END_TEST

START_TEST(only_directories_are_walked)
{
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");
	struct fs_dir *d;

	ck_assert_int_eq(fs_dir_open(fx, file, 0, &d), -ENOTDIR);
	ck_assert_int_eq(fs_dir_open(fx, 4711, 0, &d), -ENOENT);
	ck_assert_int_eq(fs_dir_open(fx, FS_ROOT_INO, -1, &d), -EINVAL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dir");
	TCase *tc = suite_case(s, "dir");

	tcase_add_checked_fixture(tc, fx_setup, fx_teardown);
	tcase_add_test(tc, a_walk_sees_each_name_once);
	tcase_add_test(tc, a_walk_goes_on_where_it_stopped);
	tcase_add_test(tc, names_of_equal_hash_are_told_apart);
	tcase_add_test(tc, entries_count_references);
	tcase_add_test(tc, a_replaced_entry_is_looked_up_again);
	tcase_add_test(tc, a_removed_entry_is_not_found);
	tcase_add_test(tc, only_directories_are_walked);
	return suite_run(s);
}
