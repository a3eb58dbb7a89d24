/*
 * Power cuts: what is found afterwards is a state that was, and a sound one.
 *
 * The power fails at the k-th call of a workload (workload.h), the disk keeps
 * of what was not synced what chance has it keep, and the power fails again
 * while that is opened.  Then the tree must be exactly as after one of the
 * operations, none half done, and not before one that an fsync covered; and
 * fs_check() must find nothing.
 *
 *      tests/fs/test_crash [--states N] [--seed S] [--from F] [--kind K]
 *
 * looks at the states F to F + N - 1 of seed S, instead of the short run; with
 * K, all of them are of that kind of workload.
 */
#include "tests/fs/workload.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "engine/base/error.h"
#include "fs/schema.h"
#include "fs/truncate.h"

/* Opens what a cut of @env leaves; everything in it must be in order. */
static void open_after_cut(struct env *env, enum env_mem_loss loss,
			   uint64_t seed, struct env **cut, struct fs **fs)
{
	struct fs_options options = fx_options();
	struct check_counts counts = { 0 };
	int rc;

	ck_ok(env_mem_cut(env, loss, seed, cut));
	rc = fs_open_env(fs, *cut, &options);
	ck_assert_msg(rc == 0, "fs_open_env: %d %s", rc, fs_error_text(rc));
	rc = fs_check((*fs)->kv, &counts);
	ck_assert_msg(rc == 0, "fs_check: %d %s", rc, error_text(rc));
	ck_assert_uint_eq(counts.orphans, 0);
	ck_assert_uint_eq(counts.inodes, atomic_load(&(*fs)->inodes));
	ck_assert_uint_eq(counts.data_bytes, atomic_load(&(*fs)->data_bytes));
}

/* ------------------------------------------------- between operations -- */

#define CUT_SEEDS  3
#define CUT_STEPS  80
#define SYNC_EVERY 8

/* What may be found: the states since the last sync, oldest first. */
struct past {
	struct model states[SYNC_EVERY + 1];
	int count;
};

static void past_forget(struct past *past)
{
	while (past->count > 0)
		model_fini(&past->states[--past->count]);
}

static void past_add(struct past *past, const struct model *m)
{
	ck_assert_int_lt(past->count, SYNC_EVERY + 1);
	model_copy(&past->states[past->count++], m);
}

static void cut_and_compare(struct past *past, enum env_mem_loss loss,
			    uint64_t seed)
{
	int oldest = loss == ENV_MEM_LOSE_NOTHING ? past->count - 1 : 0;
	char why[200] = "";
	bool found = false;
	struct env *cut;
	struct fs *fs;
	int i;

	open_after_cut(fx_env, loss, seed, &cut, &fs);
	for (i = past->count - 1; !found && i >= oldest; i--)
		found = model_fs_same_whole(&past->states[i], fs, why,
					    sizeof(why));
	ck_assert_msg(found, "no state since the last sync: %s", why);
	ck_ok(fs_close(fs));
	env_free(cut);
}

START_TEST(a_cut_leaves_a_state_since_the_last_sync)
{
	static struct past past;
	static struct model m;
	unsigned seed = (unsigned)_i + 100;
	int step;

	model_init(&m);
	past_add(&past, &m);
	ck_ok(fs_sync(fx));
	for (step = 1; step <= CUT_STEPS; step++) {
		ck_assert(model_fs_step(&m, fx, &seed));
		if (step % SYNC_EVERY == 0) {
			ck_ok(fs_fsync(fx, FS_ROOT_INO));
			past_forget(&past);
		}
		past_add(&past, &m);
		cut_and_compare(&past, ENV_MEM_LOSE_NOTHING, seed);
		cut_and_compare(&past, ENV_MEM_LOSE_RANDOM, seed);
		cut_and_compare(&past, ENV_MEM_LOSE_ALL, seed);
	}
	past_forget(&past);
	model_fini(&m);
}
END_TEST

/* -------------------------------------------------------- at every call -- */

#define STATES_EACH 400 /* of one workload, until the next one is made */

struct cut {
	uint64_t kth;  /* the call at which the power fails */
	uint64_t seed; /* of what the disk keeps, and of the second cut */
};

/* One state: a cut at a call, and another one while that is opened. */
static void cut_once(const struct workload *w, const struct cut *cut,
		     const char *what)
{
	struct env *env = workload_env(w), *after, *again;
	struct outcome out;
	struct fs *fs;

	env_mem_arm(env, ENV_MEM_CUT, cut->kth, true);
	workload_run(w, env, &out);
	ck_ok(env_mem_cut(env, cut->seed % 4, cut->seed, &after));
	env_free(env);

	env_mem_arm(after, ENV_MEM_CUT, 1 + cut->seed * 7 % 80, true);
	if (workload_open(w, after, &fs) == 0)
		fs_close(fs);
	ck_ok(env_mem_cut(after, cut->seed / 4 % 4, cut->seed, &again));
	env_free(after);

	workload_check(w, again, out.synced, out.begun, what);
}

/*
 * Steps by a prime, so that all calls are met.  The workloads are of one kind,
 * or, with WORKLOAD_KINDS, of each in turn.
 */
static void cut_states(uint64_t from, uint64_t count, uint64_t seed,
		       unsigned kind)
{
	static struct workload w;
	uint64_t made = UINT64_MAX, n;
	char what[100];

	for (n = from; n < from + count; n++) {
		uint64_t block = n / STATES_EACH;
		struct cut cut = { .seed = seed + n };

		if (block != made) {
			if (made != UINT64_MAX)
				workload_fini(&w);
			workload_init(&w,
				      kind == WORKLOAD_KINDS ? block % kind
							     : kind,
				      (unsigned)(seed * 8191 + block));
			made = block;
		}
		cut.kth = 1 + n * 7919 % w.calls;
		snprintf(what, sizeof(what),
			 "state %" PRIu64 " of seed %" PRIu64, n, seed);
		cut_once(&w, &cut, what);
	}
	workload_fini(&w);
}

START_TEST(a_cut_at_any_call_leaves_a_state_since_the_last_sync)
{
	cut_states((uint64_t)_i * STATES_EACH, 100, 1, WORKLOAD_KINDS);
}
END_TEST

/* ----------------------------------------------------------- the threads -- */

static const char *const thread_names[] = {
	"purge", "loam-flush", "loam-compact", "loam-blocks", "loam-sync",
};

static _Atomic unsigned thread_calls[ARRAY_SIZE(thread_names)];

static void count_call(const char *name UNUSED, uint64_t bytes UNUSED)
{
	char thread[16] = "";
	size_t i;

	pthread_getname_np(pthread_self(), thread, sizeof(thread));
	for (i = 0; i < ARRAY_SIZE(thread_names); i++)
		if (strcmp(thread, thread_names[i]) == 0)
			thread_calls[i]++;
}

static bool all_have_written(void)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(thread_names) && thread_calls[i] > 0)
		i++;
	return i == ARRAY_SIZE(thread_names);
}

/*
 * So a cut can strike while any of them writes.  In one run it may be that one
 * of them has nothing to do; the time limit ends this.
 */
START_TEST(all_threads_write_in_a_workload)
{
	static struct workload w;
	struct outcome out;
	struct env *env;

	workload_init(&w, WORKLOAD_THREADS, 1);
	while (!all_have_written()) {
		env = workload_env(&w);
		env_mem_hook(env, count_call);
		workload_run(&w, env, &out);
		ck_assert_int_eq(out.synced, WORKLOAD_STEPS);
		env_free(env);
	}
	workload_fini(&w);
}
END_TEST

static uint64_t long_states, long_seed = 1, long_from;
static unsigned long_kind = WORKLOAD_KINDS;

START_TEST(long_run)
{
	cut_states(long_from, long_states, long_seed, long_kind);
	printf("%" PRIu64 " states from seed %" PRIu64 ", 0 violations\n",
	       long_states, long_seed);
}
END_TEST

/* ------------------------------------------------- within an operation -- */

#define PURGE_CHUNKS (2 * TRUNCATE_BATCH_CHUNKS + 10)

/* A file of many chunks that hold a byte each. */
static uint64_t make_large(void)
{
	uint64_t file = fx_mkfile(FS_ROOT_INO, "large");
	uint64_t i;

	for (i = 0; i < PURGE_CHUNKS; i++)
		fx_write(file, "x", 1, i * SCHEMA_CHUNK_BYTES);
	ck_ok(fs_sync(fx));
	return file;
}

enum purge { PURGE_TRUNCATE, PURGE_UNLINK };

/* Does it until the power fails; returns whether it did. */
static bool purge_until_cut(struct env *env, uint64_t file, enum purge what,
			    uint64_t kth)
{
	struct fs_options options = fx_options();
	struct stat st = { .st_size = 1 };
	struct fs *fs;

	ck_ok(fs_open_env(&fs, env, &options));
	env_mem_arm(env, ENV_MEM_CUT, kth, true);
	if (what == PURGE_TRUNCATE)
		(void)!fs_setattr(fs, file, &st, FS_SET_SIZE, NULL);
	else
		(void)!fs_unlink(fs, FS_ROOT_INO, "large");
	fs_close(fs);
	return env_mem_faults(env) > 0;
}

/* Either the file is as it was, or as it should be; and it can grow. */
static void check_purged(struct fs *fs, uint64_t file, enum purge what)
{
	uint64_t size = (PURGE_CHUNKS - 1) * SCHEMA_CHUNK_BYTES + 1;
	char got = 'y';
	struct stat st;
	int rc;

	rc = fs_getattr(fs, file, &st, NULL);
	if (rc == -ENOENT && what == PURGE_UNLINK)
		return;
	ck_ok(rc);
	if (st.st_size == (off_t)size)
		return;
	ck_assert_int_eq(what, PURGE_TRUNCATE);
	ck_assert_int_eq(st.st_size, 1);
	ck_assert_int_eq(st.st_blocks, 1);
	st.st_size = (off_t)size;
	ck_ok(fs_setattr(fs, file, &st, FS_SET_SIZE, NULL));
	ck_assert_int_eq(fs_read(fs, file, &got, 1, size - 1), 1);
	ck_assert_int_eq(got, 0);
}

START_TEST(a_cut_purge_is_finished_later)
{
	uint64_t file = make_large();
	enum purge what = _i ? PURGE_UNLINK : PURGE_TRUNCATE;
	bool struck = true;
	uint64_t kth;

	for (kth = 1; struck; kth++) {
		enum env_mem_loss loss = kth % 2 ? ENV_MEM_LOSE_NOTHING
						 : ENV_MEM_LOSE_RANDOM;
		struct env *before, *after;
		struct fs *fs;

		ck_ok(env_mem_cut(fx_env, ENV_MEM_LOSE_NOTHING, 1, &before));
		struck = purge_until_cut(before, file, what, kth);
		open_after_cut(before, loss, kth, &after, &fs);
		check_purged(fs, file, what);
		ck_ok(fs_close(fs));
		env_free(after);
		env_free(before);
	}
	/* The purge itself takes three batches, and closing some more. */
	ck_assert_uint_gt(kth, 4);
}
END_TEST

START_TEST(counters_are_true_after_a_cut)
{
	uint64_t file = fx_mkfile(FS_ROOT_INO, "f");
	struct fs_usage usage;
	struct env *cut;
	struct fs *fs;

	fx_write(file, "abcde", 5, 100000);
	open_after_cut(fx_env, ENV_MEM_LOSE_NOTHING, 1, &cut, &fs);
	ck_ok(fs_usage(fs, &usage));
	ck_assert_uint_eq(usage.inodes, 2);
	ck_assert_uint_eq(usage.data_bytes, 100005);
	ck_ok(fs_close(fs));
	env_free(cut);
}
END_TEST

START_TEST(numbers_are_not_given_out_again_after_a_cut)
{
	struct fs_entry entry;
	struct env *cut;
	struct fs *fs;
	uint64_t file;

	file = fx_mkfile(FS_ROOT_INO, "f");
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "f"));
	open_after_cut(fx_env, ENV_MEM_LOSE_NOTHING, 1, &cut, &fs);
	ck_ok(fs_mknod(fs, FS_ROOT_INO, "g", S_IFREG, 0, &fx_cred, &entry));
	ck_assert_uint_gt(entry.ino, file);
	ck_ok(fs_close(fs));
	env_free(cut);
}
END_TEST

START_TEST(orphans_in_use_are_swept_after_a_cut)
{
	uint64_t file = fx_mkfile_keep(FS_ROOT_INO, "f");
	struct env *cut;
	struct fs *fs;
	struct stat st;

	fx_write(file, "abcde", 5, 0);
	ck_ok(fs_unlink(fx, FS_ROOT_INO, "f"));
	ck_ok(fs_getattr(fx, file, &st, NULL));
	open_after_cut(fx_env, ENV_MEM_LOSE_NOTHING, 1, &cut, &fs);
	ck_assert_int_eq(fs_getattr(fs, file, &st, NULL), -ENOENT);
	ck_assert_uint_eq(atomic_load(&fs->inodes), 1);
	ck_ok(fs_close(fs));
	env_free(cut);
}
END_TEST

static void read_arguments(int argc, char **argv)
{
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		uint64_t number = strtoull(argv[i + 1], NULL, 10);

		if (strcmp(argv[i], "--states") == 0)
			long_states = number;
		else if (strcmp(argv[i], "--seed") == 0)
			long_seed = number;
		else if (strcmp(argv[i], "--from") == 0)
			long_from = number;
		else if (strcmp(argv[i], "--kind") == 0)
			long_kind = (unsigned)(number % WORKLOAD_KINDS);
	}
}

int main(int argc, char **argv)
{
	Suite *s = suite_create("crash");
	TCase *tc = suite_case(s, "crash");

	read_arguments(argc, argv);
	if (long_states) {
		tcase_set_timeout(tc, 24 * 3600);
		tcase_add_test(tc, long_run);
		return suite_run(s);
	}
	tcase_add_checked_fixture(tc, fx_setup, fx_teardown);
	tcase_add_loop_test(tc, a_cut_leaves_a_state_since_the_last_sync, 0,
			    CUT_SEEDS);
	tcase_add_loop_test(
		tc, a_cut_at_any_call_leaves_a_state_since_the_last_sync, 0,
		WORKLOAD_KINDS);
	tcase_add_test(tc, all_threads_write_in_a_workload);
	tcase_add_loop_test(tc, a_cut_purge_is_finished_later, 0, 2);
	tcase_add_test(tc, counters_are_true_after_a_cut);
	tcase_add_test(tc, numbers_are_not_given_out_again_after_a_cut);
	tcase_add_test(tc, orphans_in_use_are_swept_after_a_cut);
	return suite_run(s);
}
