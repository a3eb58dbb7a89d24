/* Names: made, looked up, linked, removed. */
#include "tests/fs/fixture.h"

#include <stdio.h>
#include <sys/sysmacros.h>

#include "engine/base/thread.h"
#include "fs/icache.h"

START_TEST(a_new_filesystem_is_an_empty_root)
{
	struct stat st = fx_stat(FS_ROOT_INO);

	ck_assert_uint_eq(st.st_mode, S_IFDIR | 0755);
	ck_assert_uint_eq(st.st_nlink, 2);
	ck_assert_int_eq(fx_lookup(FS_ROOT_INO, "."), FS_ROOT_INO);
	ck_assert_int_eq(fx_lookup(FS_ROOT_INO, ".."), FS_ROOT_INO);
	ck_assert_int_eq(fx_lookup(FS_ROOT_INO, "x"), -ENOENT);
	ck_assert_uint_eq(fx_check().inodes, 1);
}
END_TEST

START_TEST(what_was_made_is_found_also_later)
{
	uint64_t dir = fx_mkdir(FS_ROOT_INO, "dir");
	uint64_t file = fx_mkfile(dir, "file");
	struct stat st = fx_stat(file);

	ck_assert_uint_eq(st.st_mode, S_IFREG | 0644);
	ck_assert_uint_eq(st.st_uid, fx_cred.uid);
	ck_assert_uint_eq(st.st_gid, fx_cred.gid);
	ck_assert_uint_eq(st.st_nlink, 1);
	ck_assert_int_eq(st.st_mtim.tv_sec, st.st_ctim.tv_sec);
	fx_reopen();
	ck_assert_int_eq(fx_lookup(FS_ROOT_INO, "dir"), (int64_t)dir);
	ck_assert_int_eq(fx_lookup(dir, "file"), (int64_t)file);
	ck_assert_int_eq(fx_lookup(dir, ".."), FS_ROOT_INO);
	ck_assert_int_eq(fx_lookup(file, "x"), -ENOTDIR);
	ck_assert_int_eq(fx_lookup(file, "."), (int64_t)file);
	ck_assert_int_eq(fx_lookup(file, ".."), -ENOTDIR);
	ck_assert_int_eq(fx_lookup(123456, "x"), -ENOENT);
}
END_TEST

START_TEST(bad_names_are_refused)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "/" };
	char name[FS_NAME_MAX + 2];
	struct fs_entry entry;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_int_eq(fs_mknod(fx, FS_ROOT_INO, bad[i], S_IFREG, 0,
					  &fx_cred, &entry),
				 -EINVAL);
		ck_assert_int_eq(fs_unlink(fx, FS_ROOT_INO, bad[i]), -EINVAL);
		ck_assert_int_eq(fs_rmdir(fx, FS_ROOT_INO, bad[i]), -EINVAL);
	}
	memset(name, 'n', sizeof(name));
	name[FS_NAME_MAX + 1] = '\0';
	ck_assert_int_eq(fx_lookup(FS_ROOT_INO, name), -ENAMETOOLONG);
	ck_assert_int_eq(
		fs_mkdir(fx, FS_ROOT_INO, name, 0755, &fx_cred, &entry),
		-ENAMETOOLONG);
	name[FS_NAME_MAX] = '\0';
	ck_assert_int_eq(fx_lookup(FS_ROOT_INO, name), -ENOENT);
	ck_assert_int_eq((int64_t)fx_mkfile(FS_ROOT_INO, name),
			 fx_lookup(FS_ROOT_INO, name));
}
END_TEST

START_TEST(a_name_is_made_once)
{
	struct fs_entry entry;
	uint64_t file = fx_mkfile(FS_ROOT_INO, "a");

	ck_assert_int_eq(
		fs_mknod(fx, FS_ROOT_INO, "a", S_IFREG, 0, &fx_cred, &entry),
		-EEXIST);
	ck_assert_int_eq(fs_mkdir(fx, FS_ROOT_INO, "a", 0755, &fx_cred, &entry),
			 -EEXIST);
	ck_assert_int_eq(
		fs_symlink(fx, FS_ROOT_INO, "a", "t", &fx_cred, &entry),
		-EEXIST);
	ck_assert_int_eq(fs_link(fx, file, FS_ROOT_INO, "a", &entry), -EEXIST);
	ck_assert_int_eq(fs_mkdir(fx, file, "b", 0755, &fx_cred, &entry),
			 -ENOTDIR);
	ck_assert_uint_eq(fx_check().inodes, 2);
}
END_TEST

START_TEST(special_files_keep_their_device)
{
	struct fs_entry entry;
	struct stat st;

	ck_ok(fs_mknod(fx, FS_ROOT_INO, "c", S_IFCHR | 0600,
		       makedev(5000, 70000), &fx_cred, &entry));
	ck_ok(fs_mknod(fx, FS_ROOT_INO, "p", S_IFIFO | 0600, makedev(1, 2),
		       &fx_cred, &entry));
	ck_assert_uint_eq(entry.attr.st_rdev, 0);
	ck_assert_int_eq(
		fs_mknod(fx, FS_ROOT_INO, "d", S_IFDIR, 0, &fx_cred, &entry),
		-EINVAL);
	fx_reopen();
	st = fx_stat((uint64_t)fx_lookup(FS_ROOT_INO, "c"));
	ck_assert_uint_eq(st.st_mode, S_IFCHR | 0600);
	ck_assert_uint_eq(st.st_rdev, makedev(5000, 70000));
}
END_TEST

START_TEST(symlinks_keep_their_target)
{
	char target[FS_SYMLINK_MAX + 2], got[FS_SYMLINK_MAX];
	struct fs_entry entry;

	memset(target, 't', sizeof(target));
	target[FS_SYMLINK_MAX + 1] = '\0';
	ck_assert_int_eq(
		fs_symlink(fx, FS_ROOT_INO, "l", target, &fx_cred, &entry),
		-ENAMETOOLONG);
	ck_assert_int_eq(fs_symlink(fx, FS_ROOT_INO, "l", "", &fx_cred, &entry),
			 -ENOENT);
	target[FS_SYMLINK_MAX] = '\0';
	ck_ok(fs_symlink(fx, FS_ROOT_INO, "l", target, &fx_cred, &entry));
	ck_assert_uint_eq(entry.attr.st_size, FS_SYMLINK_MAX);
	fx_reopen();
	ck_assert_int_eq(fs_readlink(fx, entry.ino, got, sizeof(got)),
			 FS_SYMLINK_MAX);
	ck_assert_mem_eq(got, target, sizeof(got));
	ck_assert_int_eq(fs_readlink(fx, entry.ino, got, 5), -ERANGE);
	ck_assert_int_eq(fs_readlink(fx, FS_ROOT_INO, got, sizeof(got)),
			 -EINVAL);
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "l"));
}
END_TEST

START_TEST(hard_links_are_counted)
{
	uint64_t dir = fx_mkdir(FS_ROOT_INO, "dir");
	uint64_t file = fx_mkfile(FS_ROOT_INO, "a");
	struct fs_entry entry;

	ck_ok(fs_link(fx, file, dir, "b", &entry));
	ck_assert_uint_eq(entry.attr.st_nlink, 2);
	fs_forget(fx, file, 1);
	ck_assert_int_eq(fs_link(fx, dir, FS_ROOT_INO, "c", &entry), -EPERM);
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "a"));
	ck_assert_uint_eq(fx_stat(file).st_nlink, 1);
	ck_assert_int_eq(fx_lookup(dir, "b"), (int64_t)file);
	fx_check();
	ck_ok(fs_unlink(fx, dir, "b"));
	ck_assert_uint_eq(fx_check().inodes, 2);
}
END_TEST

static bool is_pending(uint64_t ino)
{
	bool pending;
	struct stat st;

	ck_ok(fs_getattr(fx, ino, &st, &pending));
	return pending;
}

START_TEST(an_unlink_is_pending_until_its_directory_changes)
{
	uint64_t sub = fx_mkdir(FS_ROOT_INO, "sub");
	uint64_t file = fx_mkfile_keep(FS_ROOT_INO, "a");
	struct fs_entry entry;

	ck_ok(fs_link(fx, file, FS_ROOT_INO, "b", &entry));
	ck_ok(fs_link(fx, file, FS_ROOT_INO, "c", &entry));
	ck_assert(!is_pending(file));
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "b"));
	ck_assert(is_pending(file));
	ck_ok(fs_lookup(fx, FS_ROOT_INO, "a", &entry));
	ck_assert(entry.unlink_pending);
	fx_mkfile(sub, "elsewhere");
	ck_assert(is_pending(file));
	fx_mkfile(FS_ROOT_INO, "d");
	ck_assert(!is_pending(file));

	ck_ok(fs_rename(fx, FS_ROOT_INO, "d", FS_ROOT_INO, "c", 0, &fx_cred));
	ck_assert(is_pending(file));
	ck_ok(fs_link(fx, file, sub, "e", &entry));
	ck_assert(!is_pending(file));
	fs_forget(fx, file, 5);
}
END_TEST

START_TEST(links_have_a_limit)
{
	uint64_t file = fx_mkfile_keep(FS_ROOT_INO, "a");
	struct inode *inode = icache_find(&fx->icache, file);
	struct fs_entry entry;

	inode->rec.nlink = FS_LINK_MAX;
	ck_assert_int_eq(fs_link(fx, file, FS_ROOT_INO, "b", &entry), -EMLINK);
	inode->rec.nlink = 1;
	icache_unref(&fx->icache, inode, false);
}
END_TEST

START_TEST(an_unlinked_file_lives_while_it_is_used)
{
	uint64_t file = fx_mkfile_keep(FS_ROOT_INO, "a");
	struct fs_entry entry;
	char got[3];

	ck_ok(fs_unlink(fx, FS_ROOT_INO, "a"));
	fx_write(file, "abc", 3, 0);
	ck_assert_int_eq(fs_read(fx, file, got, 3, 0), 3);
	ck_assert_mem_eq(got, "abc", 3);
	ck_assert_uint_eq(fx_stat(file).st_nlink, 0);
	ck_assert_int_eq(fs_link(fx, file, FS_ROOT_INO, "b", &entry), -ENOENT);
	ck_assert_uint_eq(fx_check().orphans, 1);
	fs_forget(fx, file, 1);
	ck_assert_uint_eq(fx_check().orphans, 0);
	ck_assert_uint_eq(fx_check().inodes, 1);
	ck_assert_int_eq(fs_getattr(fx, file, &entry.attr, NULL), -ENOENT);
}
END_TEST

START_TEST(directories_count_links_and_names)
{
	uint64_t dir = fx_mkdir(FS_ROOT_INO, "dir");
	uint64_t sub = fx_mkdir(dir, "sub");

	ck_assert_uint_eq(fx_stat(FS_ROOT_INO).st_nlink, 3);
	ck_assert_uint_eq(fx_stat(dir).st_nlink, 3);
	ck_assert_int_eq(fs_rmdir(fx, FS_ROOT_INO, "dir"), -ENOTEMPTY);
	ck_assert_int_eq(fs_unlink(fx, FS_ROOT_INO, "dir"), -EISDIR);
	fx_mkfile(sub, "f");
	ck_assert_int_eq(fs_rmdir(fx, sub, "f"), -ENOTDIR);
	ck_assert_int_eq(fs_rmdir(fx, dir, "sub"), -ENOTEMPTY);
	ck_ok(fs_unlink(fx, sub, "f"));
	ck_assert_int_eq(fs_unlink(fx, sub, "f"), -ENOENT);
	ck_ok(fs_rmdir(fx, dir, "sub"));
	ck_assert_uint_eq(fx_stat(dir).st_nlink, 2);
	ck_assert_uint_eq(fx_stat(dir).st_size, 0);
	ck_ok(fs_rmdir(fx, FS_ROOT_INO, "dir"));
	ck_assert_uint_eq(fx_check().inodes, 1);
}
END_TEST

START_TEST(a_removed_directory_takes_no_names)
{
	struct fs_entry dir, entry;
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");

	ck_ok(fs_mkdir(fx, FS_ROOT_INO, "d", 0755, &fx_cred, &dir));
	ck_ok(fs_rmdir(fx, FS_ROOT_INO, "d"));
	ck_assert_int_eq(fs_mkdir(fx, dir.ino, "x", 0755, &fx_cred, &entry),
			 -ENOENT);
	ck_assert_int_eq(fs_link(fx, file, dir.ino, "x", &entry), -ENOENT);
	ck_assert_int_eq(
		fs_rename(fx, FS_ROOT_INO, "f", dir.ino, "x", 0, &fx_cred),
		-ENOENT);
	ck_assert_int_eq(fx_lookup(dir.ino, "x"), -ENOENT);
	fs_forget(fx, dir.ino, 1);
}
END_TEST

START_TEST(setgid_directories_hand_on_their_group)
{
	uint64_t dir = fx_mkdir_mode(FS_ROOT_INO, "d", 02755);
	struct stat st = { .st_gid = 77, .st_mode = 02775 };
	uint64_t sub, file;

	ck_ok(fs_setattr(fx, dir, &st, FS_SET_GID | FS_SET_MODE, NULL));
	sub = fx_mkdir(dir, "sub");
	file = fx_mkfile(dir, "file");
	ck_assert_uint_eq(fx_stat(sub).st_gid, 77);
	ck_assert_uint_eq(fx_stat(sub).st_mode, S_IFDIR | 02755);
	ck_assert_uint_eq(fx_stat(file).st_gid, 77);
	ck_assert_uint_eq(fx_stat(file).st_mode, S_IFREG | 0644);
}
END_TEST

START_TEST(no_number_is_given_out_twice)
{
	uint64_t last = FS_ROOT_INO;
	int round, i;

	for (round = 0; round < 5; round++) {
		uint64_t highest = last;

		for (i = 0; i < 200; i++) {
			char name[32];
			uint64_t ino;

			snprintf(name, sizeof(name), "%d-%d", round, i);
			ino = fx_mkfile(FS_ROOT_INO, name);
			ck_assert_uint_gt(ino, last);
			highest = ino;
			ck_ok(fs_unlink(fx, FS_ROOT_INO, name));
		}
		last = highest;
		fx_reopen();
	}
}
END_TEST

START_TEST(the_table_keeps_only_what_is_used)
{
	uint64_t file = fx_mkfile_keep(FS_ROOT_INO, "a");

	/* The root always is. */
	ck_assert_uint_eq(icache_count(&fx->icache), 2);
	ck_assert_int_eq(fx_lookup(FS_ROOT_INO, "a"), (int64_t)file);
	ck_assert_uint_eq(icache_count(&fx->icache), 2);
	fs_forget(fx, file, 1);
	ck_assert_uint_eq(icache_count(&fx->icache), 1);
	/* More than there are, and of what is not there: ignored. */
	fs_forget(fx, file, 7);
	fs_forget(fx, 999, 1);
}
END_TEST

#define RACERS      4
#define RACE_ROUNDS 300

/* All of them make, look up, move and remove the same few names. */
static void race(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	int i;

	for (i = 0; i < RACE_ROUNDS; i++) {
		const char *name = i % 2 ? "a" : "b";
		struct fs_entry entry;
		int rc;

		switch (rand_r(&seed) % 4) {
		case 0:
			rc = fs_mknod(fx, FS_ROOT_INO, name, S_IFREG | 0600, 0,
				      &fx_cred, &entry);
			ck_assert(rc == 0 || rc == -EEXIST);
			break;
		case 1:
			rc = fs_unlink(fx, FS_ROOT_INO, name);
			ck_assert(rc == 0 || rc == -ENOENT);
			continue;
		case 2:
			rc = fs_rename(fx, FS_ROOT_INO, "a", FS_ROOT_INO, "b",
				       0, &fx_cred);
			ck_assert(rc == 0 || rc == -ENOENT);
			continue;
		default:
			rc = fs_lookup(fx, FS_ROOT_INO, name, &entry);
			ck_assert(rc == 0 || rc == -ENOENT);
			break;
		}
		if (rc == 0)
			fs_forget(fx, entry.ino, 1);
	}
}

START_TEST(threads_agree_on_names)
{
	struct thread threads[RACERS];
	uintptr_t i;

	for (i = 0; i < RACERS; i++)
		ck_ok(thread_start(&threads[i], "racer", 0, race,
				   (void *)(i + 1)));
	for (i = 0; i < RACERS; i++)
		thread_join(&threads[i]);
	ck_assert_uint_eq(icache_count(&fx->icache), 1);
	ck_assert_uint_eq(fx_check().orphans, 0);
}
END_TEST

/* ------------------------------------------------- files without a name -- */

static uint64_t make_tmpfile(void)
{
	struct fs_entry entry;

	ck_ok(fs_tmpfile(fx, FS_ROOT_INO, 0640, &fx_cred, &entry));
	ck_assert_uint_eq(entry.attr.st_nlink, 0);
	ck_assert_uint_eq(entry.attr.st_mode, S_IFREG | 0640);
	return entry.ino;
}

START_TEST(a_file_without_a_name_goes_with_its_last_reference)
{
	uint64_t ino = make_tmpfile();
	struct stat st;

	fx_write(ino, "abc", 3, 0);
	ck_assert_uint_eq(fx_check().orphans, 1);
	ck_assert_int_eq(fx_stat(FS_ROOT_INO).st_size, 0);
	fs_forget(fx, ino, 1);
	ck_assert_int_eq(fs_getattr(fx, ino, &st, NULL), -ENOENT);
	ck_assert_uint_eq(fx_check().orphans, 0);
	make_tmpfile();
	fx_reopen();
	ck_assert_uint_eq(fx_check().orphans, 0);
	ck_assert_uint_eq(fx_check().inodes, 1);
}
END_TEST

START_TEST(it_may_get_a_name_once)
{
	uint64_t ino = make_tmpfile();
	struct fs_entry entry;

	fx_write(ino, "abc", 3, 0);
	ck_ok(fs_link(fx, ino, FS_ROOT_INO, "f", &entry));
	ck_assert_uint_eq(entry.attr.st_nlink, 1);
	ck_assert_uint_eq(fx_check().orphans, 0);
	fs_forget(fx, ino, 2);
	fx_reopen();
	ck_assert_int_eq(fx_lookup(FS_ROOT_INO, "f"), (int64_t)ino);
	ino = make_tmpfile();
	ck_ok(fs_link(fx, ino, FS_ROOT_INO, "g", &entry));
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "g"));
	ck_assert_int_eq(fs_link(fx, ino, FS_ROOT_INO, "g", &entry), -ENOENT);
	fs_forget(fx, ino, 2);
}
END_TEST

START_TEST(birth_does_not_change)
{
	uint64_t ino = fx_mkfile(FS_ROOT_INO, "f");
	struct stat st = fx_stat(ino);
	struct timespec birth;

	ck_ok(fs_birth(fx, ino, &birth));
	ck_assert_int_eq(birth.tv_sec, st.st_ctim.tv_sec);
	ck_assert_int_eq(birth.tv_nsec, st.st_ctim.tv_nsec);
	fx_write(ino, "abc", 3, 0);
	ck_ok(fs_setattr(fx, ino, &st, FS_SET_MODE, NULL));
	fx_reopen();
	ck_ok(fs_birth(fx, ino, &birth));
	ck_assert_int_eq(birth.tv_nsec, st.st_ctim.tv_nsec);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("namei");
	TCase *tc = suite_case(s, "names");

	tcase_add_checked_fixture(tc, fx_setup, fx_teardown);
	tcase_add_test(tc, a_new_filesystem_is_an_empty_root);
	tcase_add_test(tc, what_was_made_is_found_also_later);
	tcase_add_test(tc, bad_names_are_refused);
	tcase_add_test(tc, a_name_is_made_once);
	tcase_add_test(tc, special_files_keep_their_device);
	tcase_add_test(tc, symlinks_keep_their_target);
	tcase_add_test(tc, hard_links_are_counted);
	tcase_add_test(tc, an_unlink_is_pending_until_its_directory_changes);
	tcase_add_test(tc, links_have_a_limit);
	tcase_add_test(tc, an_unlinked_file_lives_while_it_is_used);
	tcase_add_test(tc, directories_count_links_and_names);
	tcase_add_test(tc, a_removed_directory_takes_no_names);
	tcase_add_test(tc, setgid_directories_hand_on_their_group);
	tcase_add_test(tc, no_number_is_given_out_twice);
	tcase_add_test(tc, the_table_keeps_only_what_is_used);
	tcase_add_test(tc, threads_agree_on_names);
	tcase_add_test(tc, a_file_without_a_name_goes_with_its_last_reference);
	tcase_add_test(tc, it_may_get_a_name_once);
	tcase_add_test(tc, birth_does_not_change);
	return suite_run(s);
}
