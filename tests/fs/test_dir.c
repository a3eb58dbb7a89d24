/* Walks over directories. */
#include "tests/fs/fixture.h"

#include <stdio.h>

#include "engine/base/coding.h"
#include "fs/dir_marks.h"
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

/*
 * XXH3-64 of 32 bytes multiplies each half's first 8 bytes, xored with a
 * constant plus the seed, by something made of the other 8.  So when the seed
 * is such that the first factor of a name is 0, its bytes 8 to 15 do not
 * matter at all.
 */
#define SAME_HASH "equal..."
#define SAME_SEED (get_le64((const uint8_t *)SAME_HASH) - 0xbe4ba423396cfeb8u)

static void same_hash_name(char name[33], int number)
{
	snprintf(name, 33, SAME_HASH "%08d................", number);
}

/* @count names of equal hash, in a filesystem that is still empty. */
static void make_equals(int count)
{
	char name[33];
	uint64_t hash;
	int i;

	fx->super.hash_seed = SAME_SEED;
	fx_reopen();
	ck_assert_uint_eq(fx->hash_seed, SAME_SEED);
	same_hash_name(name, 0);
	hash = schema_name_hash(SAME_SEED, slice_str(name));
	for (i = 0; i < count; i++) {
		same_hash_name(name, i);
		ck_assert_uint_eq(schema_name_hash(SAME_SEED, slice_str(name)),
				  hash);
		fx_mkfile(FS_ROOT_INO, name);
	}
}

/*
 * Goes one entry on from *@at, as a walk that stopped there.  Returns the
 * entry's number, -1 for another name, or -2 at the end.
 */
static int step(off_t *at)
{
	struct fs_dirent e;
	struct fs_dir *d;
	int number = -1;
	int rc;

	ck_ok(fs_dir_open(fx, FS_ROOT_INO, *at, &d));
	rc = fs_dir_next(d, &e);
	ck_assert_int_ge(rc, 0);
	if (rc == 0) {
		number = -2;
	} else {
		*at = e.next;
		if (strncmp(e.name, SAME_HASH, 8) == 0)
			number = (int)strtol(e.name + 8, NULL, 10);
	}
	fs_dir_close(d);
	return number;
}

static void remove_equal(int number)
{
	char name[33];

	same_hash_name(name, number);
	ck_ok(fs_unlink(fx, FS_ROOT_INO, name));
}

/* Each name is removed once it was seen, so all behind it move up. */
START_TEST(removing_equals_hides_none)
{
	const int count = 600;
	bool seen[600] = { false };
	off_t at = 2;
	int i, number;

	make_equals(count);
	fx_mkfile(FS_ROOT_INO, "f");
	while ((number = step(&at)) != -2) {
		if (number < 0)
			continue;
		ck_assert(!seen[number]);
		seen[number] = true;
		remove_equal(number);
	}
	for (i = 0; i < count; i++)
		ck_assert_msg(seen[i], "%d was not returned", i);
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "f"));
	ck_assert_uint_eq(fx_check().inodes, 1);
}
END_TEST

/* Every other name is removed or made while the walk stands at another. */
START_TEST(equals_that_stay_are_seen_once)
{
	int seen[40] = { 0 };
	off_t at = 2;
	char name[33];
	int i, number;

	make_equals(40);
	for (i = 1; i < 40; i += 4)
		remove_equal(i);
	for (i = 0; (number = step(&at)) != -2; i++) {
		ck_assert_int_ge(number, 0);
		seen[number]++;
		if (i < 10) {
			same_hash_name(name, 4 * i + 1);
			fx_mkfile(FS_ROOT_INO, name);
			remove_equal(4 * i + 3);
		}
	}
	for (i = 0; i < 40; i++)
		ck_assert_msg(i % 2 ? seen[i] <= 1 : seen[i] == 1,
			      "%d was returned %d times", i, seen[i]);
}
END_TEST

START_TEST(lost_marks_repeat_and_skip_nothing)
{
	off_t at = 2, stopped;
	int i;

	make_equals(3);
	ck_assert_int_eq(step(&at), 0);
	ck_assert_int_eq(step(&at), 1);
	stopped = at;
	ck_assert_int_eq(step(&at), 2);
	fx_reopen();
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(step(&stopped), i);
	ck_assert_int_eq(step(&stopped), -2);
	/* The last of them needs no mark. */
	ck_assert_int_eq(step(&at), -2);
}
END_TEST

/* A walk that is always at the first name uses one mark for it. */
START_TEST(a_mark_is_used_again)
{
	off_t at = 2, stopped;
	int i;

	make_equals(DIR_MARKS_MAX);
	for (i = 0; i < 5; i++)
		ck_assert_int_eq(step(&at), i);
	stopped = at;
	for (i = 0; i < DIR_MARKS_MAX; i++) {
		at = 2;
		ck_assert_int_eq(step(&at), 0);
	}
	for (i = 1; i < DIR_MARKS_MAX; i++)
		ck_assert_int_eq(step(&at), i);
	ck_assert_int_eq(step(&stopped), 5);
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
	ck_ok(fs_rename(fx, FS_ROOT_INO, "g", FS_ROOT_INO, "f", 0, &fx_cred));
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
	tcase_add_test(tc, removing_equals_hides_none);
	tcase_add_test(tc, equals_that_stay_are_seen_once);
	tcase_add_test(tc, lost_marks_repeat_and_skip_nothing);
	tcase_add_test(tc, a_mark_is_used_again);
	tcase_add_test(tc, entries_count_references);
	tcase_add_test(tc, a_replaced_entry_is_looked_up_again);
	tcase_add_test(tc, a_removed_entry_is_not_found);
	tcase_add_test(tc, only_directories_are_walked);
	return suite_run(s);
}
