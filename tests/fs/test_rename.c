/* rename(2) in all its cases. */
#include "tests/fs/fixture.h"

#include <stdio.h>

#include "engine/base/thread.h"
#include "fs/icache.h"

#define ROOT FS_ROOT_INO

START_TEST(a_file_moves_and_keeps_its_number)
{
	uint64_t dir = fx_mkdir(ROOT, "d");
	uint64_t file = fx_mkfile(ROOT, "a");

	ck_ok(fs_rename(fx, ROOT, "a", ROOT, "b", 0, &fx_cred));
	ck_assert_int_eq(fx_lookup(ROOT, "a"), -ENOENT);
	ck_assert_int_eq(fx_lookup(ROOT, "b"), (int64_t)file);
	ck_ok(fs_rename(fx, ROOT, "b", dir, "c", 0, &fx_cred));
	ck_assert_int_eq(fx_lookup(dir, "c"), (int64_t)file);
	ck_assert_int_eq(fs_rename(fx, ROOT, "b", dir, "c", 0, &fx_cred),
			 -ENOENT);
	ck_assert_int_eq(fs_rename(fx, file, "b", dir, "c", 0, &fx_cred),
			 -ENOTDIR);
	ck_assert_int_eq(fs_rename(fx, dir, "c", file, "b", 0, &fx_cred),
			 -ENOTDIR);
	ck_assert_int_eq(fs_rename(fx, dir, "c", ROOT, "..", 0, &fx_cred),
			 -EINVAL);
	fx_check();
}
END_TEST

START_TEST(a_directory_takes_its_parent_along)
{
	uint64_t from = fx_mkdir(ROOT, "from");
	uint64_t to = fx_mkdir(ROOT, "to");
	uint64_t dir = fx_mkdir(from, "d");

	fx_mkfile(dir, "f");
	ck_ok(fs_rename(fx, from, "d", to, "e", 0, &fx_cred));
	ck_assert_int_eq(fx_lookup(dir, ".."), (int64_t)to);
	ck_assert_uint_eq(fx_stat(from).st_nlink, 2);
	ck_assert_uint_eq(fx_stat(to).st_nlink, 3);
	ck_assert_int_eq(fs_rmdir(fx, ROOT, "to"), -ENOTEMPTY);
	ck_ok(fs_rmdir(fx, ROOT, "from"));
	fx_check();
}
END_TEST

START_TEST(what_is_replaced_is_gone)
{
	uint64_t dir = fx_mkdir(ROOT, "d"), file = fx_mkfile(ROOT, "f");
	uint64_t old = fx_mkfile_keep(ROOT, "old");

	fx_write(old, "abc", 3, 0);
	ck_ok(fs_rename(fx, ROOT, "f", ROOT, "old", 0, &fx_cred));
	ck_assert_int_eq(fx_lookup(ROOT, "old"), (int64_t)file);
	ck_assert_uint_eq(fx_stat(old).st_nlink, 0);
	ck_assert_uint_eq(fx_check().orphans, 1);
	fs_forget(fx, old, 1);
	ck_assert_uint_eq(fx_check().inodes, 3);

	fx_mkdir(ROOT, "empty");
	ck_assert_int_eq(fs_rename(fx, ROOT, "old", ROOT, "d", 0, &fx_cred),
			 -EISDIR);
	ck_assert_int_eq(fs_rename(fx, ROOT, "d", ROOT, "old", 0, &fx_cred),
			 -ENOTDIR);
	ck_ok(fs_rename(fx, ROOT, "d", ROOT, "empty", 0, &fx_cred));
	ck_assert_int_eq(fx_lookup(ROOT, "empty"), (int64_t)dir);
	ck_assert_uint_eq(fx_stat(ROOT).st_nlink, 3);
	fx_mkdir(ROOT, "full");
	fx_mkfile(dir, "x");
	ck_assert_int_eq(
		fs_rename(fx, ROOT, "full", ROOT, "empty", 0, &fx_cred),
		-ENOTEMPTY);
	fx_check();
}
END_TEST

START_TEST(flags_are_honoured)
{
	uint64_t a = fx_mkfile(ROOT, "a"), d = fx_mkdir(ROOT, "d");
	uint64_t b = fx_mkdir(d, "b");
	const unsigned both = RENAME_EXCHANGE | RENAME_NOREPLACE;

	ck_assert_int_eq(
		fs_rename(fx, ROOT, "a", d, "b", RENAME_NOREPLACE, &fx_cred),
		-EEXIST);
	ck_assert_int_eq(
		fs_rename(fx, ROOT, "a", d, "x", RENAME_EXCHANGE, &fx_cred),
		-ENOENT);
	ck_assert_int_eq(fs_rename(fx, ROOT, "a", d, "b", both, &fx_cred),
			 -EINVAL);
	ck_assert_int_eq(fs_rename(fx, ROOT, "a", d, "b",
				   RENAME_WHITEOUT | RENAME_EXCHANGE, &fx_cred),
			 -EINVAL);
	ck_assert_int_eq(fs_rename(fx, ROOT, "a", d, "x", 8, &fx_cred),
			 -EINVAL);
	ck_ok(fs_rename(fx, ROOT, "a", d, "b", RENAME_EXCHANGE, &fx_cred));
	ck_assert_int_eq(fx_lookup(ROOT, "a"), (int64_t)b);
	ck_assert_int_eq(fx_lookup(d, "b"), (int64_t)a);
	ck_assert_int_eq(fx_lookup(b, ".."), ROOT);
	ck_assert_uint_eq(fx_stat(ROOT).st_nlink, 4);
	ck_assert_uint_eq(fx_stat(d).st_nlink, 2);
	fx_check();
	ck_ok(fs_rename(fx, d, "b", ROOT, "new", RENAME_NOREPLACE, &fx_cred));
	ck_ok(fs_rename(fx, ROOT, "new", ROOT, "a", RENAME_EXCHANGE, &fx_cred));
	ck_assert_int_eq(fx_lookup(ROOT, "a"), (int64_t)a);
	fx_check();
}
END_TEST

static void ck_whiteout(uint64_t dir, const char *name, gid_t gid)
{
	int64_t ino = fx_lookup(dir, name);
	struct stat st;

	ck_assert_int_gt(ino, 0);
	st = fx_stat((uint64_t)ino);
	ck_assert_uint_eq(st.st_mode, S_IFCHR);
	ck_assert_uint_eq(st.st_rdev, 0);
	ck_assert_uint_eq(st.st_nlink, 1);
	ck_assert_uint_eq(st.st_uid, fx_cred.uid);
	ck_assert_uint_eq(st.st_gid, gid);
}

START_TEST(a_whiteout_is_left_behind)
{
	uint64_t a = fx_mkfile(ROOT, "a"), d = fx_mkdir(ROOT, "d");
	struct stat st = { .st_mode = 02755, .st_gid = 7 };

	fx_mkfile(ROOT, "b");
	ck_assert_int_eq(fs_rename(fx, ROOT, "a", ROOT, "b",
				   RENAME_WHITEOUT | RENAME_NOREPLACE,
				   &fx_cred),
			 -EEXIST);
	ck_ok(fs_rename(fx, ROOT, "a", ROOT, "b", RENAME_WHITEOUT, &fx_cred));
	ck_whiteout(ROOT, "a", fx_cred.gid);
	ck_assert_int_eq(fx_lookup(ROOT, "b"), (int64_t)a);
	ck_assert_uint_eq(fx_check().inodes, 4);
	ck_ok(fs_rename(fx, ROOT, "b", d, "c",
			RENAME_WHITEOUT | RENAME_NOREPLACE, &fx_cred));
	ck_whiteout(ROOT, "b", fx_cred.gid);
	ck_assert_uint_eq(fx_check().inodes, 5);

	/* Out of a directory that hands on its group; a directory moves. */
	ck_ok(fs_setattr(fx, d, &st, FS_SET_GID | FS_SET_MODE, NULL));
	fx_mkdir(d, "sub");
	ck_ok(fs_rename(fx, d, "sub", ROOT, "sub", RENAME_WHITEOUT, &fx_cred));
	ck_whiteout(d, "sub", 7);
	ck_assert_uint_eq(fx_stat(d).st_nlink, 2);
	ck_assert_int_eq(fs_rmdir(fx, ROOT, "d"), -ENOTEMPTY);
	fx_reopen();
	ck_whiteout(ROOT, "b", fx_cred.gid);
	ck_assert_uint_eq(fx_check().inodes, 7);
}
END_TEST

START_TEST(two_names_of_one_file_stay)
{
	uint64_t file = fx_mkfile(ROOT, "a");
	struct fs_entry entry;

	ck_ok(fs_link(fx, file, ROOT, "b", &entry));
	fs_forget(fx, file, 1);
	ck_ok(fs_rename(fx, ROOT, "a", ROOT, "b", 0, &fx_cred));
	ck_ok(fs_rename(fx, ROOT, "a", ROOT, "a", 0, &fx_cred));
	ck_ok(fs_rename(fx, ROOT, "a", ROOT, "b", RENAME_EXCHANGE, &fx_cred));
	ck_assert_int_eq(
		fs_rename(fx, ROOT, "a", ROOT, "b", RENAME_NOREPLACE, &fx_cred),
		-EEXIST);
	ck_assert_uint_eq(fx_stat(file).st_nlink, 2);
	ck_assert_int_eq(fx_lookup(ROOT, "a"), (int64_t)file);
	fx_check();
}
END_TEST

START_TEST(no_directory_moves_into_itself)
{
	uint64_t a = fx_mkdir(ROOT, "a"), b = fx_mkdir(a, "b");
	uint64_t c = fx_mkdir(b, "c");

	ck_assert_int_eq(fs_rename(fx, ROOT, "a", a, "x", 0, &fx_cred),
			 -EINVAL);
	ck_assert_int_eq(fs_rename(fx, ROOT, "a", c, "x", 0, &fx_cred),
			 -EINVAL);
	ck_assert_int_eq(fs_rename(fx, b, "c", ROOT, "a", 0, &fx_cred),
			 -ENOTEMPTY);
	ck_assert_int_eq(
		fs_rename(fx, b, "c", ROOT, "a", RENAME_EXCHANGE, &fx_cred),
		-EINVAL);
	ck_assert_int_eq(
		fs_rename(fx, ROOT, "a", b, "c", RENAME_EXCHANGE, &fx_cred),
		-EINVAL);
	ck_ok(fs_rename(fx, a, "b", ROOT, "b", 0, &fx_cred));
	ck_ok(fs_rename(fx, ROOT, "a", c, "x", 0, &fx_cred));
	fx_check();
}
END_TEST

#define MOVERS      4
#define MOVE_ROUNDS 400
#define DIRS        4

static uint64_t dirs[DIRS];

/*
 * Each moves directories of a few names between a few directories, which are
 * moved themselves: loops and deadlocks, if there were any.
 */
static void mover(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	int i;

	for (i = 0; i < MOVE_ROUNDS; i++) {
		char from[2] = { (char)('a' + rand_r(&seed) % DIRS), 0 };
		char to[2] = { (char)('a' + rand_r(&seed) % DIRS), 0 };
		uint64_t dir = dirs[rand_r(&seed) % DIRS];
		uint64_t newdir = dirs[rand_r(&seed) % DIRS];
		unsigned flags = rand_r(&seed) % 2 ? RENAME_EXCHANGE : 0;
		int rc;

		if (rand_r(&seed) % 2)
			dir = ROOT;
		else if (rand_r(&seed) % 2)
			newdir = ROOT;
		rc = fs_rename(fx, dir, from, newdir, to, flags, &fx_cred);
		ck_assert_msg(rc == 0 || rc == -ENOENT || rc == -EINVAL ||
				      rc == -ENOTEMPTY,
			      "rename: %d %s", rc, fs_error_text(rc));
	}
}

START_TEST(threads_make_no_loops)
{
	struct thread threads[MOVERS];
	uintptr_t i;

	for (i = 0; i < DIRS; i++) {
		char name[2] = { (char)('a' + (int)i), 0 };
		char sub[2] = { 'a', 0 };

		dirs[i] = fx_mkdir(ROOT, name);
		fx_mkdir(dirs[i], sub);
	}
	for (i = 0; i < MOVERS; i++)
		ck_ok(thread_start(&threads[i], "mover", 0, mover,
				   (void *)(i + 1)));
	for (i = 0; i < MOVERS; i++)
		thread_join(&threads[i]);
	ck_assert_uint_eq(fx_check().orphans, 0);
	ck_assert_uint_eq(icache_count(&fx->icache), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rename");
	TCase *tc = suite_case(s, "rename");

	tcase_add_checked_fixture(tc, fx_setup, fx_teardown);
	tcase_add_test(tc, a_file_moves_and_keeps_its_number);
	tcase_add_test(tc, a_directory_takes_its_parent_along);
	tcase_add_test(tc, what_is_replaced_is_gone);
	tcase_add_test(tc, flags_are_honoured);
	tcase_add_test(tc, a_whiteout_is_left_behind);
	tcase_add_test(tc, two_names_of_one_file_stay);
	tcase_add_test(tc, no_directory_moves_into_itself);
	tcase_add_test(tc, threads_make_no_loops);
	return suite_run(s);
}
