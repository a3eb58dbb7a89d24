/*
 * Power cuts and failing disks, simulated at every call of a workload.
 *
 * The workload is a row of batches, numbered from 1, each of which follows from
 * its number alone and also writes that number under a key of its own; now and
 * then comes a sync, a flush or a compaction.  A cut at the k-th call ends it.
 * Whatever the disk then holds, the store must open, and be exactly as after
 * batch p for some p: none torn, none missing below p, none above; p at least
 * the last batch that a sync covered, at most the last that was begun.  Then it
 * must verify, and go on.
 *
 *      tests/engine/test_crash [--states N] [--seed S]
 *
 * runs until N states were looked at, instead of the short run of the suite.
 *
 * Check writes down every ck_* that it passes, in a file that is read at the
 * end; what is done for each state therefore speaks only when it fails.
 */
#include "tests/suite.h"

#include <pthread.h>
#include <stdatomic.h>

#include "engine/base/env_mem.h"
#include "tests/engine/model.h"

#define BATCHES 60

/* Small enough that a few batches flush, roll a blob file and compact. */
static const struct kv_options options = {
	.create = true,
	.memtable_bytes_max = 1,
	.tree_memory_bytes = 64 * KIB,
	.blob_cache_bytes = 64 * KIB,
	.separate_at = 700,
	.block_bytes = 512,
	.sst_bytes_max = 4 * KIB,
	.level_base_bytes = 8 * KIB,
	.blob_file_bytes_max = 8 * KIB,
	.open_files_max = 3,
};

#define KINDS 4

/*
 * Kind 1 keeps its logs, so that recovery has something to replay.  Kind 2 has
 * threads, so that two logs are in use at a time, and one more to write each
 * table; where the cut strikes is then a matter of chance.  Kind 3 has nearly
 * all values in tiny blob files, which are collected all the time.
 */
static struct kv_options shape(unsigned kind)
{
	struct kv_options o = options;

	if (kind == 1)
		o.memtable_bytes_max = 300 * KIB;
	if (kind == 2) {
		o.background = true;
		o.block_bytes = 128;
		o.sst_write_bytes = 128;
	}
	if (kind == 3) {
		o.separate_at = 16;
		o.blob_file_bytes_max = 2 * KIB;
	}
	return o;
}

/* What is looked at, for messages. */
static struct {
	unsigned kind;
	uint64_t kth, seed;
} state;

/* As ck_ok(), but silent when all is well. */
static void must(int rc, const char *what)
{
	if (rc != 0)
		ck_abort_msg("kind %u, call %u, seed %u: %s: %d, %s",
			     state.kind, (unsigned)state.kth,
			     (unsigned)state.seed, what, rc, kv_error_text(rc));
}

struct outcome {
	unsigned begun;  /* batches that kv_write() was called for */
	unsigned acked;  /* of these it returned 0 for all up to this one */
	unsigned synced; /* batches that a kv_sync() covered */
};

#define KEYS 40u /* that the batches change */

/* Deletes the keys from number @i to some number later, in byte order. */
static void add_delete_range(struct kv_batch *batch, struct model *model,
			     unsigned i, uint64_t random)
{
	char low[32], high[32], key[32];
	struct slice from = model_key(low, i);
	struct slice to = model_key(high, i + (unsigned)(random % 12));
	unsigned k;

	kv_batch_delete_range(batch, from, to);
	for (k = 0; k < KEYS; k++)
		if (slice_cmp(model_key(key, k), from) >= 0 &&
		    slice_cmp(model_key(key, k), to) < 0)
			model->version[k] = 0;
}

/* A copy sees the store as it is before the batch. */
static void add_batch(struct kv_batch *batch, struct model *model, unsigned n)
{
	const struct model before = *model;
	uint64_t random = n * 1000003u;
	unsigned count = 1 + model_random(&random) % 6, i, from;
	uint8_t value[MODEL_VALUE_MAX];
	char key[32], source[32];
	uint32_t version;

	while (count-- > 0) {
		i = model_random(&random) % KEYS;
		from = model_random(&random) % 200;
		version = n * 10 + count;
		if (model_random(&random) % 12 == 0) {
			add_delete_range(batch, model, i,
					 model_random(&random));
			continue;
		}
		if (model_random(&random) % 4 == 0) {
			version = 0;
			kv_batch_delete(batch, model_key(key, i));
		} else if (from < KEYS && before.version[from] != 0) {
			version = before.version[from];
			kv_batch_copy(batch, model_key(key, i),
				      model_key(source, from));
		} else {
			kv_batch_put(batch, model_key(key, i),
				     model_value(value, version));
		}
		model->version[i] = version;
	}
	kv_batch_put(batch, slice_str("number"), slice_of(&n, sizeof(n)));
}

/* Runs batches from @first on, until one fails or all are done. */
static int work(struct kv *kv, unsigned first, unsigned last,
		struct outcome *out)
{
	struct kv_batch *batch = kv_batch_new();
	struct model model = { 0 };
	unsigned n;
	int rc = 0;

	for (n = 1; n < first; n++) {
		add_batch(batch, &model, n);
		kv_batch_reset(batch);
	}
	for (n = first; rc == 0 && n <= last; n++) {
		add_batch(batch, &model, n);
		out->begun = n;
		rc = kv_write(kv, batch);
		if (rc == 0)
			out->acked = n;
		if (rc == 0 && n % 7 == 3) {
			rc = kv_sync(kv, kv_mark(kv));
			if (rc == 0)
				out->synced = n;
		}
		if (rc == 0 && n % 29 == 0)
			rc = kv_compact(kv);
		if (rc == 0 && n % 11 == 5)
			rc = kv_collect(kv);
	}
	kv_batch_free(batch);
	return rc;
}

static void check_key(struct kv *kv, unsigned i, uint32_t version)
{
	uint8_t bytes[MODEL_VALUE_MAX];
	struct kv_value value;
	char key[32];
	int rc = kv_get(kv, model_key(key, i), &value);

	if (version == 0 && rc == -ENOENT)
		return;
	if (version == 0 || rc != 0 ||
	    !slice_eq(value.data, model_value(bytes, version)))
		ck_abort_msg("key %u, version %u: %d, or another value", i,
			     version, rc);
	kv_value_release(&value);
}

/* Which batch the store is as after; fails unless it is exactly that. */
static unsigned check_prefix(struct kv *kv, const struct outcome *o,
			     unsigned at_least)
{
	struct kv_batch *batch = kv_batch_new();
	struct model model = { 0 };
	struct kv_value value;
	unsigned p = 0, n, i;
	int rc;

	rc = kv_get(kv, slice_str("number"), &value);
	if (rc == 0) {
		memcpy(&p, value.data.data, sizeof(p));
		kv_value_release(&value);
	} else if (rc != -ENOENT) {
		must(rc, "cannot read");
	}
	if (p < at_least || p > o->begun)
		ck_abort_msg("as after batch %u, not %u to %u", p, at_least,
			     o->begun);
	for (n = 1; n <= p; n++) {
		add_batch(batch, &model, n);
		kv_batch_reset(batch);
	}
	for (i = 0; i < 40; i++)
		check_key(kv, i, model.version[i]);
	kv_batch_free(batch);
	return p;
}

/* Opens what a cut left, checks it, goes on a little, and closes. */
static void check_recovers(struct env *env, const struct kv_options *o,
			   const struct outcome *done, unsigned at_least)
{
	struct outcome more = { 0 };
	struct kv *kv;
	unsigned p;

	must(kv_open(&kv, env, o), "cannot open");
	p = check_prefix(kv, done, at_least);
	must(kv_verify(kv), "does not verify");
	must(work(kv, p + 1, p + 3, &more), "does not go on");
	check_prefix(kv, &more, p + 3);
	must(kv_close(kv), "cannot close");
}

/* Calls of the workload when nothing fails. */
static uint64_t count_calls(const struct kv_options *o)
{
	struct outcome done = { 0 };
	struct env *env;
	struct kv *kv;
	uint64_t calls;

	ck_ok(env_mem_new(&env, 1));
	ck_ok(kv_open(&kv, env, o));
	ck_ok(work(kv, 1, BATCHES, &done));
	ck_ok(kv_close(kv));
	calls = env_mem_calls(env);
	env_free(env);
	return calls;
}

/* The workload with one fault; what was promised is in @done. */
static struct env *run_with(const struct kv_options *o, enum env_mem_fault f,
			    uint64_t kth, bool sticky, uint64_t seed,
			    struct outcome *done)
{
	struct env *env;
	struct kv *kv;

	*done = (struct outcome){ 0 };
	must(env_mem_new(&env, seed), "no env");
	env_mem_arm(env, f, kth, sticky);
	if (kv_open(&kv, env, o) == 0) {
		(void)!work(kv, 1, BATCHES, done);
		kv_close(kv);
	}
	return env;
}

/* One state: a cut at call @kth, and another one during the recovery. */
static void cut_once(unsigned kind, uint64_t kth, uint64_t seed)
{
	struct kv_options o = shape(kind);
	enum env_mem_loss loss = seed % 4;
	struct env *env, *after, *again;
	struct outcome done;
	struct kv *kv;

	state.kind = kind;
	state.kth = kth;
	state.seed = seed;
	env = run_with(&o, ENV_MEM_CUT, kth, true, seed, &done);
	must(env_mem_cut(env, loss, seed, &after), "no cut");
	env_free(env);

	/* Some call of the recovery fails in the same way. */
	env_mem_arm(after, ENV_MEM_CUT, 1 + seed * 7 % 60, true);
	if (kv_open(&kv, after, &o) == 0)
		kv_close(kv);
	must(env_mem_cut(after, seed / 4 % 4, seed, &again), "no cut");
	env_free(after);

	check_recovers(again, &o, &done, done.synced);
	env_free(again);
}

static uint64_t cut_states(uint64_t states, uint64_t seed)
{
	uint64_t calls[KINDS], n, kth;
	unsigned kind;

	for (kind = 0; kind < KINDS; kind++) {
		struct kv_options o = shape(kind);

		calls[kind] = count_calls(&o);
	}
	/* Steps by a number without common factors, so that all are met. */
	for (n = 0; n < states; n++) {
		kind = n % KINDS;
		kth = 1 + (n / KINDS * 7919 + seed * 31) % calls[kind];
		cut_once(kind, kth, seed + n);
	}
	return states;
}

START_TEST(a_cut_at_any_call_leaves_a_prefix)
{
	cut_states(400, 1000u * (unsigned)_i);
}
END_TEST

/*
 * An error at any call: whatever was acknowledged is there when the store is
 * opened again, on the disk as the process left it.
 */
static void fail_at_each_call(enum env_mem_fault fault, bool sticky,
			      unsigned stride)
{
	struct kv_options o = shape(1);
	uint64_t calls = count_calls(&o), kth;
	struct env *env, *after;
	struct outcome done;

	for (kth = 1; kth <= calls; kth += stride) {
		env = run_with(&o, fault, kth, sticky, kth, &done);
		must(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, kth, &after),
		     "no cut");
		env_free(env);
		check_recovers(after, &o, &done, done.acked);
		env_free(after);
	}
}

START_TEST(an_io_error_loses_nothing)
{
	fail_at_each_call(ENV_MEM_EIO, false, 1);
}
END_TEST

START_TEST(a_disk_that_fails_for_good_loses_nothing)
{
	fail_at_each_call(ENV_MEM_EIO, true, 3);
}
END_TEST

START_TEST(a_short_write_loses_nothing)
{
	fail_at_each_call(ENV_MEM_SHORT, false, 1);
}
END_TEST

START_TEST(a_full_disk_loses_nothing)
{
	fail_at_each_call(ENV_MEM_ENOSPC, false, 1);
	fail_at_each_call(ENV_MEM_ENOSPC, true, 3);
}
END_TEST

/*
 * A sync that fails once, drops the bytes and calls later syncs good.  What was
 * covered before is there; nothing may be called covered afterwards.
 */
START_TEST(a_sync_that_lies_is_not_believed)
{
	struct kv_options o = shape(1);
	struct env *env, *after;
	struct outcome done;
	uint64_t kth;

	for (kth = 1; kth <= 60; kth++) {
		env = run_with(&o, ENV_MEM_LIE, kth, false, kth, &done);
		must(env_mem_cut(env, kth % 4, kth, &after), "no cut");
		env_free(env);
		check_recovers(after, &o, &done, done.synced);
		env_free(after);
	}
}
END_TEST

/* After an error that poisons, reads go on and writes are refused. */
START_TEST(a_poisoned_store_reads_on)
{
	struct kv_options o = shape(1);
	struct kv_batch *batch = kv_batch_new();
	struct kv_value value;
	struct env *env;
	struct kv *kv;

	ck_ok(env_mem_new(&env, 1));
	ck_ok(kv_open(&kv, env, &o));
	kv_batch_put(batch, slice_str("a"), slice_str("1"));
	ck_ok(kv_write(kv, batch));
	env_mem_arm(env, ENV_MEM_LIE, 1, false);
	ck_assert_int_eq(kv_sync(kv, kv_mark(kv)), -EIO);
	ck_assert_int_eq(kv_sync(kv, kv_mark(kv)), -EROFS);
	kv_batch_put(batch, slice_str("b"), slice_str("2"));
	ck_assert_int_eq(kv_write(kv, batch), -EROFS);
	ck_ok(kv_get(kv, slice_str("a"), &value));
	ck_assert(slice_eq(value.data, slice_str("1")));
	kv_value_release(&value);
	ck_assert_int_eq(kv_close(kv), -EROFS);
	kv_batch_free(batch);
	env_free(env);
}
END_TEST

static _Atomic unsigned table_writes;

static void count_table_writes(const char *name, uint64_t bytes UNUSED)
{
	char thread[16] = "";

	pthread_getname_np(pthread_self(), thread, sizeof(thread));
	if (strcmp(thread, "loam-blocks") == 0 && strstr(name, ".sst"))
		table_writes++;
}

/* The cuts also strike while a table's own thread writes it. */
START_TEST(tables_are_written_by_a_thread)
{
	struct kv_options o = shape(2);
	struct outcome done = { 0 };
	struct env *env;
	struct kv *kv;

	ck_ok(env_mem_new(&env, 1));
	env_mem_hook(env, count_table_writes);
	ck_ok(kv_open(&kv, env, &o));
	ck_ok(work(kv, 1, BATCHES, &done));
	ck_ok(kv_close(kv));
	ck_assert_uint_gt(table_writes, 0);
	env_free(env);
}
END_TEST

static uint64_t long_states, long_seed = 1;

START_TEST(long_run)
{
	cut_states(long_states, long_seed);
	printf("%llu states from seed %llu, 0 violations\n",
	       (unsigned long long)long_states, (unsigned long long)long_seed);
}
END_TEST

static void read_arguments(int argc, char **argv)
{
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--states") == 0)
			long_states = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			long_seed = strtoull(argv[i + 1], NULL, 10);
	}
}

int main(int argc, char **argv)
{
	Suite *s = suite_create("crash");
	TCase *tc = suite_case(s, "disk");

	read_arguments(argc, argv);
	tcase_set_timeout(tc, long_states ? 24 * 3600 : 600);
	if (long_states) {
		tcase_add_test(tc, long_run);
		return suite_run(s);
	}
	tcase_add_loop_test(tc, a_cut_at_any_call_leaves_a_prefix, 0, 4);
	tcase_add_test(tc, tables_are_written_by_a_thread);
	tcase_add_test(tc, an_io_error_loses_nothing);
	tcase_add_test(tc, a_disk_that_fails_for_good_loses_nothing);
	tcase_add_test(tc, a_short_write_loses_nothing);
	tcase_add_test(tc, a_full_disk_loses_nothing);
	tcase_add_test(tc, a_sync_that_lies_is_not_believed);
	tcase_add_test(tc, a_poisoned_store_reads_on);
	return suite_run(s);
}
