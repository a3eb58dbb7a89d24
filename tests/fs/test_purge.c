/* Inodes that nobody refers to any more, removed by a thread. */
#include "tests/fs/fixture.h"

#include <stdio.h>
#include <unistd.h>

#include "engine/base/thread.h"
#include "fs/purge.h"
#include "fs/schema.h"
#include "fs/truncate.h"

#define CHUNK SCHEMA_CHUNK_BYTES

/* As fx_setup(), with threads. */
static void setup(void)
{
	struct fs_options options = fx_options();

	options.background = true;
	ck_ok(env_mem_new(&fx_env, 1));
	ck_ok(fs_open_env(&fx, fx_env, &options));
}

static const char *name_of(unsigned i)
{
	static char name[16];

	snprintf(name, sizeof(name), "f%u", i);
	return name;
}

static uint64_t batches(void)
{
	struct kv_stats stats;

	ck_ok(kv_stats(fx->kv, &stats));
	return stats.batches;
}

static uint64_t inodes(void)
{
	struct fs_usage usage;

	ck_ok(fs_usage(fx, &usage));
	return usage.inodes;
}

/* Until only @count are left; the suite's time limit ends it. */
static void wait_for_inodes(uint64_t count)
{
	while (inodes() > count)
		usleep(1000);
	ck_assert_uint_eq(inodes(), count);
}

START_TEST(many_go_in_few_batches)
{
	static uint64_t files[20 * PURGE_BATCH];
	uint64_t before;
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		files[i] = fx_mkfile_keep(FS_ROOT_INO, name_of(i));
		fx_write(files[i], "abc", 3, 0);
		ck_ok(fs_unlink(fx, FS_ROOT_INO, name_of(i)));
	}
	ck_assert_uint_eq(inodes(), ARRAY_SIZE(files) + 1);
	before = batches();
	for (i = 0; i < ARRAY_SIZE(files); i++)
		fs_forget(fx, files[i], 1);
	wait_for_inodes(1);
	ck_assert_uint_lt(batches() - before, ARRAY_SIZE(files) / 4);
	ck_assert_uint_eq(fx_check().orphans, 0);
	ck_assert_uint_eq(icache_count(&fx->icache), 1);
}
END_TEST

/* Few and many chunks, holes, xattrs, a directory, a symlink. */
START_TEST(all_of_each_goes)
{
	uint64_t few = fx_mkfile_keep(FS_ROOT_INO, "few");
	uint64_t many = fx_mkfile_keep(FS_ROOT_INO, "many");
	uint64_t sparse = fx_mkfile_keep(FS_ROOT_INO, "sparse");
	uint64_t beside = fx_mkfile_keep(FS_ROOT_INO, "beside");
	struct fs_entry link;
	uint64_t i;

	for (i = 0; i < 2 * TRUNCATE_CHUNKS_SINGLY; i++)
		fx_write(many, "x", 1, i * CHUNK);
	for (i = 0; i < TRUNCATE_CHUNKS_SINGLY; i++)
		fx_write(few, "x", 1, i * CHUNK);
	fx_write(sparse, "x", 1, (uint64_t)1 << 40);
	fx_write(beside, "x", 1, 3 * CHUNK);
	ck_ok(fs_setxattr(fx, few, "user.a", "b", 1, 0));
	ck_ok(fs_setxattr(fx, many, "user.a", "b", 1, 0));
	ck_ok(fs_symlink(fx, FS_ROOT_INO, "link", "target", &fx_cred, &link));
	fx_mkdir(FS_ROOT_INO, "dir");

	ck_ok(fs_unlink(fx, FS_ROOT_INO, "few"));
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "many"));
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "sparse"));
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "link"));
	ck_ok(fs_rmdir(fx, FS_ROOT_INO, "dir"));
	fs_forget(fx, few, 1);
	fs_forget(fx, many, 1);
	fs_forget(fx, sparse, 1);
	fs_forget(fx, link.ino, 1);
	wait_for_inodes(2);
	ck_assert_uint_eq(fx_check().orphans, 0);
	ck_assert_int_eq(fx_stat(beside).st_size, 3 * CHUNK + 1);
	fs_forget(fx, beside, 1);
}
END_TEST

/* Closing does not wait for the time to pass, and leaves nothing. */
START_TEST(what_waits_goes_when_it_ends)
{
	uint64_t file = fx_mkfile_keep(FS_ROOT_INO, "f");
	struct kv_options options = kv_options_default;
	struct check_counts counts;
	struct env *closed;
	struct kv *kv;

	fx_write(file, "abc", 3, 0);
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "f"));
	fs_forget(fx, file, 1);
	ck_ok(fs_close(fx));
	options.background = false;
	ck_ok(env_mem_cut(fx_env, ENV_MEM_LOSE_ALL, 1, &closed));
	ck_ok(kv_open(&kv, closed, &options));
	ck_ok(fs_check(kv, &counts));
	ck_assert_uint_eq(counts.orphans, 0);
	ck_assert_uint_eq(counts.inodes, 1);
	ck_ok(kv_close(kv));
	env_free(closed);
	ck_ok(env_mem_cut(fx_env, ENV_MEM_LOSE_ALL, 1, &closed));
	env_free(fx_env);
	fx_env = closed;
	ck_ok(fs_open_env(&fx, fx_env, NULL));
}
END_TEST

/* Who is about to look at the store need not wait for chance. */
START_TEST(what_waits_goes_when_that_is_asked_for)
{
	static uint64_t files[2 * PURGE_BATCH + 1];
	unsigned i, round;

	purger_drain(fx->purger);
	for (round = 0; round < 50; round++) {
		for (i = 0; i < ARRAY_SIZE(files); i++) {
			files[i] = fx_mkfile_keep(FS_ROOT_INO, name_of(i));
			ck_ok(fs_unlink(fx, FS_ROOT_INO, name_of(i)));
		}
		for (i = 0; i < ARRAY_SIZE(files); i++)
			fs_forget(fx, files[i], 1);
		purger_drain(fx->purger);
		ck_assert_uint_eq(inodes(), 1);
	}
}
END_TEST

static void drain(void *returned)
{
	purger_drain(fx->purger);
	__atomic_store_n((bool *)returned, true, __ATOMIC_RELEASE);
}

/* Nothing can be done to the file, which the kernel knows. */
static struct inode *hold(uint64_t ino) UNCHECKED
{
	struct inode *inode = icache_find(&fx->icache, ino);

	mutex_lock(&inode->lock);
	ck_assert(icache_unref(&fx->icache, inode, false));
	return inode;
}

/*
 * Whether a drain returns while a file waits that came later: the thread has a
 * moment to begin, as nobody can tell that it has.
 */
static bool drain_returns_while_one_waits(void) UNCHECKED
{
	static uint64_t files[PURGE_BATCH + 1];
	bool returned = false;
	struct thread thread;
	struct inode *first, *later;
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		files[i] = fx_mkfile_keep(FS_ROOT_INO, name_of(i));
		ck_ok(fs_unlink(fx, FS_ROOT_INO, name_of(i)));
	}
	first = hold(files[0]);
	later = hold(files[PURGE_BATCH]);
	for (i = 0; i < PURGE_BATCH; i++)
		fs_forget(fx, files[i], 1);
	ck_ok(thread_start(&thread, "drain", 0, drain, &returned));
	usleep(20000);
	fs_forget(fx, files[PURGE_BATCH], 1);
	mutex_unlock(&first->lock);
	for (i = 0; i < 1000; i++) {
		if (__atomic_load_n(&returned, __ATOMIC_ACQUIRE))
			break;
		usleep(1000);
	}
	mutex_unlock(&later->lock);
	thread_join(&thread);
	purger_drain(fx->purger);
	ck_assert_uint_eq(inodes(), 1);
	return i < 1000;
}

/* Nor does who looks wait for what others unlink meanwhile. */
START_TEST(what_comes_later_is_not_waited_for)
{
	unsigned tries = 0;

	while (!drain_returns_while_one_waits())
		ck_assert_uint_lt(++tries, 5);
}
END_TEST

/* Nobody gets at what a failed removal left, until fs_open() finishes it. */
START_TEST(what_cannot_be_removed_goes_later)
{
	uint64_t file = fx_mkfile_keep(FS_ROOT_INO, "f");
	struct env *cut;
	struct stat st;

	fx_write(file, "abc", 3, 0);
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "f"));
	ck_ok(fs_sync(fx));
	env_mem_arm(fx_env, ENV_MEM_CUT, 1, true);
	fs_forget(fx, file, 1);
	while (icache_count(&fx->icache) > 1)
		usleep(1000);
	ck_assert_int_ne(fs_close(fx), 0);
	ck_ok(env_mem_cut(fx_env, ENV_MEM_LOSE_ALL, 1, &cut));
	env_free(fx_env);
	fx_env = cut;
	ck_ok(fs_open_env(&fx, fx_env, NULL));
	ck_assert_int_eq(fs_getattr(fx, file, &st, NULL), -ENOENT);
	ck_assert_uint_eq(fx_check().orphans, 0);
	ck_assert_uint_eq(inodes(), 1);
}
END_TEST

/* What is set of a file without a name is written when it gets one. */
START_TEST(an_orphan_is_changed_in_memory)
{
	struct stat st = { .st_mode = 0640, .st_mtim.tv_sec = 77 };
	unsigned set = FS_SET_MODE | FS_SET_MTIME;
	struct fs_entry entry;
	uint64_t before;

	ck_ok(fs_tmpfile(fx, FS_ROOT_INO, 0600, &fx_cred, &entry));
	before = batches();
	ck_ok(fs_setattr(fx, entry.ino, &st, set, NULL));
	ck_assert_uint_eq(batches(), before);
	st = fx_stat(entry.ino);
	ck_assert_int_eq(st.st_mtim.tv_sec, 77);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
	ck_ok(fs_link(fx, entry.ino, FS_ROOT_INO, "f", &entry));
	fs_forget(fx, entry.ino, 2);
	fx_reopen();
	st = fx_stat((uint64_t)fx_lookup(FS_ROOT_INO, "f"));
	ck_assert_int_eq(st.st_mtim.tv_sec, 77);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("purge");
	TCase *tc = suite_case(s, "purge");

	tcase_add_checked_fixture(tc, setup, fx_teardown);
	tcase_add_test(tc, many_go_in_few_batches);
	tcase_add_test(tc, all_of_each_goes);
	tcase_add_test(tc, what_waits_goes_when_it_ends);
	tcase_add_test(tc, what_waits_goes_when_that_is_asked_for);
	tcase_add_test(tc, what_comes_later_is_not_waited_for);
	tcase_add_test(tc, what_cannot_be_removed_goes_later);
	tcase_add_test(tc, an_orphan_is_changed_in_memory);
	return suite_run(s);
}
