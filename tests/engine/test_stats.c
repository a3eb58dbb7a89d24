/* What a store says of itself, against scripts whose numbers are known. */
#include "tests/suite.h"

#include <stdio.h>

#include "engine/base/env_mem.h"
#include "engine/base/mem_rand.h"
#include "engine/base/thread.h"
#include "engine/kv.h"
#include "engine/stats.h"

#define THREADS 4
#define ROUNDS  10000
#define VALUE   100 /* bytes of a small value */

static const struct kv_options quiet = {
	.create = true,
	.memtable_bytes_max = 1 * MIB,
	.tree_memory_bytes = 0,
	.blob_cache_bytes = 0,
	.separate_at = 1024,
	.block_bytes = 512,
	.sst_bytes_max = 64 * KIB,
	.level_base_bytes = 64 * KIB,
	.blob_file_bytes_max = 32 * KIB,
};

static struct env *env;
static struct kv *kv;
static struct kv_stats now;
static struct kv_spreads spreads;

static void open_store(const struct kv_options *options)
{
	ck_ok(env_mem_new(&env, 1));
	ck_ok(kv_open(&kv, env, options));
}

static void quiet_setup(void)
{
	open_store(&quiet);
}

static void teardown(void)
{
	ck_ok(kv_close(kv));
	env_free(env);
}

static void look(void)
{
	ck_ok(kv_stats(kv, &now));
	kv_spreads(kv, &spreads);
}

static struct slice key_of(char buf[32], unsigned i)
{
	return slice_of(buf, (size_t)snprintf(buf, 32, "key/%08u", i));
}

/* One change in a batch of its own; without a value, a delete. */
static void change(unsigned i, size_t value_size)
{
	struct kv_batch *batch = kv_batch_new();
	struct mem_rand rand = { .state = i };
	uint8_t value[4096];
	char key[32];

	mem_rand_fill(&rand, value, value_size);
	if (value_size)
		ck_ok(kv_batch_put(batch, key_of(key, i),
				   slice_of(value, value_size)));
	else
		ck_ok(kv_batch_delete(batch, key_of(key, i)));
	ck_ok(kv_write(kv, batch));
	kv_batch_free(batch);
}

static void put_many(unsigned from, unsigned count, size_t value_size)
{
	unsigned i;

	for (i = from; i < from + count; i++)
		change(i, value_size);
}

static int get(unsigned i)
{
	struct kv_value value = { 0 };
	char key[32];
	int rc = kv_get(kv, key_of(key, i), &value);

	kv_value_release(&value);
	return rc;
}

START_TEST(a_new_store_has_done_nothing)
{
	look();
	ck_assert_uint_eq(now.gets_memtable + now.gets_table + now.gets_absent,
			  0);
	ck_assert_uint_eq(now.batches + now.flushes + now.compactions, 0);
	ck_assert_uint_eq(now.seeks + now.iterators + now.blob_values, 0);
	ck_assert_uint_eq(spreads.get_ns.count + spreads.wait_ns.count, 0);
}
END_TEST

START_TEST(gets_are_counted_where_they_end)
{
	size_t size;
	char key[32];
	unsigned i;

	put_many(0, 10, VALUE);
	for (i = 0; i < 3; i++)
		ck_ok(get(i));
	ck_assert_int_eq(get(100), -ENOENT);
	look();
	ck_assert_uint_eq(now.gets_memtable, 3);
	ck_assert_uint_eq(now.gets_absent, 1);
	ck_assert_uint_eq(now.filter_checks, 0);

	ck_ok(kv_flush(kv));
	ck_ok(get(4));
	ck_ok(kv_size(kv, key_of(key, 5), &size));
	change(6, 0);
	ck_assert_int_eq(get(6), -ENOENT); /* a tombstone is found, too */
	look();
	ck_assert_uint_eq(now.gets_memtable, 4);
	ck_assert_uint_eq(now.gets_table, 2);
	ck_assert_uint_eq(now.gets_absent, 1);
	ck_assert_uint_eq(now.filter_checks, 2);
	ck_assert_uint_eq(now.filter_useful + now.filter_false, 0);
}
END_TEST

/* Keys inside the range of a table that it does not hold. */
START_TEST(filters_are_counted)
{
	unsigned i;

	for (i = 0; i < 2000; i += 2)
		change(i, 10);
	ck_ok(kv_flush(kv));
	for (i = 1; i < 1999; i += 2)
		ck_assert_int_eq(get(i), -ENOENT);
	look();
	ck_assert_uint_eq(now.gets_absent, 999);
	ck_assert_uint_eq(now.filter_checks, 999);
	ck_assert_uint_eq(now.filter_useful + now.filter_false, 999);
	/* About one in a hundred slips through. */
	ck_assert_uint_gt(now.filter_false, 0);
	ck_assert_uint_lt(now.filter_false, 50);
}
END_TEST

START_TEST(batches_and_groups_are_counted)
{
	put_many(0, 640, VALUE);
	look();
	ck_assert_uint_eq(now.batches, 640);
	ck_assert_uint_eq(now.batch_bytes, 640 * (12 + VALUE));
	ck_assert_uint_eq(spreads.group_batches.count, 640);
	ck_assert_uint_eq(spreads.group_batches.sum, 640);
	ck_assert_uint_eq(spreads.group_batches.max, 1);
	ck_assert_uint_ge(now.log_io.writes, 640); /* and room ahead */
	ck_assert_uint_gt(now.log_io.write_bytes, now.batch_bytes);
}
END_TEST

START_TEST(one_call_in_64_is_timed)
{
	unsigned i;

	put_many(0, 6400, 10);
	for (i = 0; i < 6400; i++)
		ck_ok(get(i));
	look();
	ck_assert_uint_ge(spreads.write_ns.count, 70);
	ck_assert_uint_le(spreads.write_ns.count, 130);
	ck_assert_uint_ge(spreads.get_ns.count, 70);
	ck_assert_uint_le(spreads.get_ns.count, 130);
	ck_assert_uint_gt(spreads.get_ns.p50, 0);
	ck_assert_uint_ge(spreads.get_ns.max, spreads.get_ns.p999);
}
END_TEST

START_TEST(flushes_and_compactions_are_counted)
{
	uint64_t in;

	put_many(0, 100, VALUE);
	ck_ok(kv_flush(kv));
	look();
	ck_assert_uint_eq(now.flushes, 1);
	ck_assert_uint_eq(spreads.flush_ns.count, 1);
	ck_assert_uint_eq(now.flush_bytes, now.sst_bytes);

	put_many(50, 100, VALUE);
	change(0, 0);
	change(1, 0);
	ck_ok(kv_flush(kv));
	look();
	ck_assert_uint_eq(now.flushes, 2);
	ck_assert_uint_eq(now.flush_bytes, now.sst_bytes);
	in = now.sst_bytes;

	ck_ok(kv_compact(kv));
	look();
	ck_assert_uint_eq(now.compactions, 1);
	ck_assert_uint_eq(spreads.compact_ns.count, 1);
	ck_assert_uint_eq(now.compact_bytes_in, in);
	ck_assert_uint_eq(now.compact_bytes_out, now.sst_bytes);
	ck_assert_uint_eq(now.compact_tombstones, 2);
	ck_assert_uint_eq(now.moves, 0);
	/* Nothing is written to a table but what is in it. */
	ck_assert_uint_eq(now.table_io.write_bytes,
			  now.flush_bytes + now.compact_bytes_out);
	ck_assert_uint_eq(now.table_io.reads, spreads.table_read_ns.count);
	ck_assert_uint_gt(now.table_io.read_bytes, 0);
}
END_TEST

/* In rising order nothing overlaps: tables sink without being merged. */
START_TEST(moves_are_counted)
{
	unsigned round;

	for (round = 0; round < 20; round++) {
		put_many(round * 500, 500, VALUE);
		ck_ok(kv_flush(kv));
		change(0, VALUE); /* any call that does the work */
	}
	look();
	ck_assert_uint_gt(now.moves, 0);
	ck_assert_uint_eq(now.table_io.write_bytes,
			  now.flush_bytes + now.compact_bytes_out);
}
END_TEST

START_TEST(values_of_the_value_log_are_counted)
{
	struct kv_iter *it;
	struct slice value;
	unsigned i;

	put_many(0, 20, 2000);
	for (i = 0; i < 5; i++)
		ck_ok(get(i));
	ck_ok(kv_iter_open(&it, kv, slice_of(NULL, 0), slice_of(NULL, 0)));
	ck_assert_int_eq(kv_iter_first(it), 1);
	ck_ok(kv_iter_value(it, &value));
	ck_ok(kv_iter_value(it, &value)); /* it has it already */
	kv_iter_close(it);
	look();
	ck_assert_uint_eq(now.blob_values, 6);
	ck_assert_uint_eq(now.blob_cache_hits + now.blob_cache_misses, 6);
	ck_assert_uint_eq(now.blob_io.reads, 6);
	ck_assert_uint_eq(spreads.blob_read_ns.count, 6);
	ck_assert_uint_eq(now.blob_io.write_bytes, now.blob_file_bytes);
	ck_assert_uint_eq(now.blobs_dropped, 0);

	/* Overwritten: the files of the first ones are dead then. */
	put_many(0, 20, 2001);
	ck_ok(kv_compact(kv));
	look();
	ck_assert_uint_gt(now.blobs_dropped, 0);
}
END_TEST

START_TEST(seeks_are_counted)
{
	struct kv_iter *it;
	char key[32];
	int i;

	put_many(0, 100, 10);
	ck_ok(kv_iter_open(&it, kv, slice_of(NULL, 0), slice_of(NULL, 0)));
	ck_assert_int_eq(kv_iter_first(it), 1);
	for (i = 0; i < 50; i++)
		ck_assert_int_eq(kv_iter_next(it), 1);
	ck_assert_int_eq(kv_iter_last(it), 1);
	ck_assert_int_eq(kv_iter_seek_before(it, key_of(key, 7)), 1);
	for (i = 0; i < 640; i++)
		ck_assert_int_eq(kv_iter_seek(it, key_of(key, 7)), 1);
	kv_iter_close(it);
	look();
	ck_assert_uint_eq(now.iterators, 1);
	ck_assert_uint_eq(now.seeks, 643);
	ck_assert_uint_ge(spreads.seek_ns.count, 5);
	ck_assert_uint_le(spreads.seek_ns.count, 20);
}
END_TEST

START_TEST(syncs_are_counted)
{
	uint64_t files;

	look();
	files = spreads.file_sync_ns.count;
	change(1, 10);
	ck_ok(kv_sync(kv, kv_mark(kv)));
	ck_ok(kv_sync(kv, kv_mark(kv))); /* had not to wait */
	look();
	ck_assert_uint_eq(now.syncs, 1);
	ck_assert_uint_eq(spreads.sync_ns.count, 1);
	ck_assert_uint_eq(spreads.file_sync_ns.count, files + 1);
	ck_assert_uint_eq(now.log_io.syncs, 2); /* the first of its header */
}
END_TEST

/* A call that fails has not written. */
START_TEST(a_failed_write_is_no_write)
{
	struct kv_batch *batch = kv_batch_new();

	ck_ok(kv_batch_copy(batch, slice_str("a"), slice_str("none")));
	ck_assert_int_eq(kv_write(kv, batch), -ENOENT);
	kv_batch_free(batch);
	look();
	ck_assert_uint_eq(now.batches, 0);
	ck_assert_uint_eq(now.batch_bytes, 0);
	ck_assert_uint_eq(now.gets_absent, 1);
}
END_TEST

static void write_many(void *arg)
{
	unsigned from = *(const unsigned *)arg;

	put_many(from, ROUNDS / 2, 500);
}

START_TEST(threads_are_counted)
{
	struct kv_options options = quiet;
	struct thread threads[THREADS];
	unsigned from[THREADS], i;

	options.background = true;
	options.memtable_bytes_max = 300 * KIB;
	options.sync_interval_ms = 1;
	open_store(&options);
	for (i = 0; i < THREADS; i++) {
		from[i] = i * ROUNDS;
		ck_ok(thread_start(&threads[i], "writer", 0, write_many,
				   &from[i]));
	}
	for (i = 0; i < 50; i++)
		look();
	for (i = 0; i < THREADS; i++)
		thread_join(&threads[i]);
	ck_ok(kv_flush(kv)); /* no flush is under way any more */
	look();
	ck_assert_uint_eq(now.batches, THREADS * ROUNDS / 2);
	ck_assert_uint_gt(now.flushes, 5);
	ck_assert_uint_eq(now.flushes, spreads.flush_ns.count);
	ck_assert_uint_ge(spreads.group_batches.sum, now.batches);
	teardown();
}
END_TEST

static struct stats *shared;

static void count_many(void *arg)
{
	unsigned *samples = arg, i;

	for (i = 0; i < ROUNDS; i++) {
		stats_add(shared, STATS_SEEKS, 2);
		*samples += --stats_thread.left == 0;
		if (stats_thread.left == 0)
			stats_draw_sample();
	}
}

/* Twice, so that the second lot goes on in shards that were given back. */
START_TEST(shards_lose_nothing)
{
	/* More threads than shards, so that some share. */
	struct thread threads[STATS_SHARDS + 4];
	unsigned samples[STATS_SHARDS + 4], i, round;

	shared = stats_new(NULL);
	ck_assert_ptr_nonnull(shared);
	for (round = 1; round <= 2; round++) {
		memset(samples, 0, sizeof(samples));
		for (i = 0; i < ARRAY_SIZE(threads); i++)
			ck_ok(thread_start(&threads[i], "counter", 0,
					   count_many, &samples[i]));
		for (i = 0; i < ARRAY_SIZE(threads); i++)
			thread_join(&threads[i]);
		ck_assert_uint_eq(stats_sum(shared, STATS_SEEKS),
				  2ull * ROUNDS * round * ARRAY_SIZE(threads));
		for (i = 0; i < ARRAY_SIZE(threads); i++) {
			ck_assert_uint_ge(samples[i], ROUNDS / 64 * 8 / 10);
			ck_assert_uint_le(samples[i], ROUNDS / 64 * 12 / 10);
		}
	}
	ck_assert_uint_eq(stats_sum(shared, STATS_ITERATORS), 0);
	stats_free(shared);
}
END_TEST

static unsigned seen_shard;

static void note_shard(void *arg UNUSED)
{
	stats_take_shard();
	seen_shard = stats_thread.shard;
}

START_TEST(a_shard_is_given_back)
{
	struct thread thread;
	unsigned i;

	stats_take_shard();
	for (i = 0; i < 3 * STATS_SHARDS; i++) {
		ck_ok(thread_start(&thread, "short", 0, note_shard, NULL));
		thread_join(&thread);
		ck_assert_uint_eq(seen_shard, 2);
	}
	ck_assert_uint_eq(stats_thread.shard, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stats");
	TCase *tc = suite_case(s, "script");

	tcase_add_checked_fixture(tc, quiet_setup, teardown);
	tcase_add_test(tc, a_new_store_has_done_nothing);
	tcase_add_test(tc, gets_are_counted_where_they_end);
	tcase_add_test(tc, filters_are_counted);
	tcase_add_test(tc, batches_and_groups_are_counted);
	tcase_add_test(tc, one_call_in_64_is_timed);
	tcase_add_test(tc, flushes_and_compactions_are_counted);
	tcase_add_test(tc, moves_are_counted);
	tcase_add_test(tc, values_of_the_value_log_are_counted);
	tcase_add_test(tc, seeks_are_counted);
	tcase_add_test(tc, syncs_are_counted);
	tcase_add_test(tc, a_failed_write_is_no_write);
	tc = suite_case(s, "threads");
	tcase_add_test(tc, threads_are_counted);
	tcase_add_test(tc, shards_lose_nothing);
	tcase_add_test(tc, a_shard_is_given_back);
	return suite_run(s);
}
