/* How writers are slowed: the policy by table, and a store that must wait. */
#include "tests/suite.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/env_mem.h"
#include "engine/base/mem_rand.h"
#include "engine/store.h"

static uint64_t delay_of(uint64_t is)
{
	const struct pace_debt d = { is, 100, 1200 };

	return pace_delay_ns(&d, 1, MIB);
}

START_TEST(the_delay_follows_from_the_debt)
{
	static const struct {
		uint64_t is, delay_ns;
	} table[] = {
		/* Up to the soft limit: none at all. */
		{ 0, 0 },
		{ 99, 0 },
		{ 100, 0 },
		/* From there, a MiB takes twice as long every 100. */
		{ 101, NS_PER_S / 512 + NS_PER_S / 512 * 10 / 1024 },
		{ 200, 1953125 * 2 },
		{ 300, 1953125 * 4 },
		{ 600, 1953125 * 32 },
		/* And no longer than at the least rate. */
		{ 1200, NS_PER_S * 4 },
		{ 1201, NS_PER_S * 4 },
		{ UINT64_MAX, NS_PER_S * 4 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		uint64_t got = delay_of(table[i].is);

		/* The strain is counted in 1024ths: one of them is allowed. */
		ck_assert_uint_ge(got, table[i].delay_ns * 98 / 100);
		ck_assert_uint_le(got, table[i].delay_ns * 102 / 100);
	}
}
END_TEST

START_TEST(the_delay_never_falls_nor_jumps)
{
	const struct pace_debt most = { MIB, 0, MIB };
	uint64_t is, last = delay_of(101), next;

	for (is = 102; is <= 1200; is++) {
		next = delay_of(is);
		ck_assert_uint_ge(next, last);
		ck_assert_uint_le(next, last + last / 50);
		last = next;
	}
	/* Proportional to the bytes, and without an overflow. */
	ck_assert_uint_eq(pace_delay_ns(&most, 1, 64 * MIB), 256 * NS_PER_S);
	ck_assert_uint_eq(pace_delay_ns(&most, 1, 0), 0);
}
END_TEST

START_TEST(the_worst_debt_counts)
{
	const struct pace_debt debts[] = {
		{ 5, 10, 20 },
		{ 300, 100, 1000 },
		{ 11, 10, 1000 },
	};

	ck_assert_uint_eq(pace_delay_ns(debts, 3, MIB),
			  pace_delay_ns(&debts[1], 1, MIB));
	ck_assert_uint_eq(pace_delay_ns(debts, 1, MIB), 0);
	ck_assert_uint_eq(pace_delay_ns(debts, 0, MIB), 0);
}
END_TEST

START_TEST(each_sensor_slows)
{
	struct pace p;

	pace_init(&p, 10 * MIB, 1 * MIB);
	p.active_bytes = 10 * MIB;
	p.frozen_bytes = 10 * MIB;
	ck_assert_uint_eq(pace_delay(&p, MIB), 0);
	p.frozen_bytes = 20 * MIB;
	ck_assert_uint_gt(pace_delay(&p, MIB), 0);
	p.flushed_bytes = 10 * MIB;
	ck_assert_uint_eq(pace_delay(&p, MIB), 0);
	p.l0_tables = 12;
	ck_assert_uint_eq(pace_delay(&p, MIB), 0);
	p.l0_tables = 13;
	ck_assert_uint_gt(pace_delay(&p, MIB), 0);
	p.l0_tables = 0;
	p.behind_bytes = 16 * MIB;
	ck_assert_uint_eq(pace_delay(&p, MIB), 0);
	p.behind_bytes = 17 * MIB;
	ck_assert_uint_gt(pace_delay(&p, MIB), 0);
}
END_TEST

START_TEST(delays_are_given_out_one_behind_the_other)
{
	struct pace p;
	uint64_t until;

	pace_init(&p, 1, 1);
	ck_assert_uint_eq(pace_wait(&p, 1000, 2 * NS_PER_MS, &until),
			  2 * NS_PER_MS);
	ck_assert_uint_eq(until, 1000 + 2 * NS_PER_MS);
	/* Another one at the same time waits for both. */
	ck_assert_uint_eq(pace_wait(&p, 1000, 3 * NS_PER_MS, &until),
			  5 * NS_PER_MS);
	/* Time that has passed is not asked for again ... */
	ck_assert_uint_eq(
		pace_wait(&p, 1000 + 5 * NS_PER_MS, 2 * NS_PER_MS, &until),
		2 * NS_PER_MS);
	/* ... nor is time that was waited for by another clock. */
	pace_waited(&p, until);
	pace_waited(&p, 1);
	ck_assert_uint_eq(pace_wait(&p, 1000, 2 * NS_PER_MS, &until),
			  2 * NS_PER_MS);
	ck_assert_uint_eq(pace_wait(&p, 1000, 64 * NS_PER_S, &until),
			  PACE_WAIT_MAX_NS);
}
END_TEST

START_TEST(small_delays_are_saved_up)
{
	struct pace p;
	uint64_t until, waited = 0;
	unsigned i;

	pace_init(&p, 1, 1);
	for (i = 0; i < 1000; i++) {
		uint64_t wait = pace_wait(&p, 1, NS_PER_MS / 10, &until);

		ck_assert(wait == 0 || wait >= PACE_WAIT_MIN_NS);
		waited += wait;
		if (wait)
			pace_waited(&p, until);
	}
	ck_assert_uint_eq(waited, 1000 * NS_PER_MS / 10);
}
END_TEST

#define MEMTABLE (4 * MIB)

static const struct kv_options options = {
	.create = true,
	.background = true,
	.memtable_bytes_max = MEMTABLE,
	.tree_memory_bytes = 1 * MIB,
	.blob_cache_bytes = 0,
	.separate_at = 1024,
	.block_bytes = 4 * KIB,
	.sst_bytes_max = 64 * MIB,
	.level_base_bytes = 256 * MIB,
	.blob_file_bytes_max = 1 * MIB,
};

#define VALUE_SIZE 500

static struct env *env;
static struct kv *kv;
static unsigned written;
static unsigned stood; /* writes that took half a second */

static _Atomic unsigned slow_us_per_mib; /* of a table that is written */
static _Atomic bool stopped;             /* no table goes on */

static void slow_table(const char *name, uint64_t bytes)
{
	if (!strstr(name, ".sst"))
		return;
	while (stopped)
		usleep(1000);
	usleep((useconds_t)(bytes * slow_us_per_mib / MIB));
}

static void begin(void)
{
	ck_ok(env_mem_new(&env, 1));
	env_mem_hook(env, slow_table);
	ck_ok(kv_open(&kv, env, &options));
}

static void end(void)
{
	stopped = false;
	slow_us_per_mib = 0;
	ck_ok(kv_close(kv));
	env_free(env);
}

static uint64_t clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static struct slice key_of(char buf[32], unsigned i)
{
	return slice_of(buf, (size_t)snprintf(buf, 32, "key/%06u", i));
}

/* Values that do not compress, so that tables are as large as memtables. */
static struct slice value_of(uint8_t buf[VALUE_SIZE], unsigned i)
{
	struct mem_rand random = { i };

	mem_rand_fill(&random, buf, VALUE_SIZE);
	return slice_of(buf, VALUE_SIZE);
}

static void write_one(struct kv_batch *batch, bool use_reserve)
{
	uint8_t value[VALUE_SIZE];
	uint64_t start_ns;
	char key[32];

	ck_ok(kv_batch_put(batch, key_of(key, written),
			   value_of(value, written)));
	if (use_reserve)
		kv_batch_use_reserve(batch);
	start_ns = clock_now();
	ck_ok(kv_write(kv, batch));
	stood += clock_now() - start_ns > 500 * NS_PER_MS;
	written++;
}

/* Writes until memtables take @bytes that no table has. */
static void write_until(uint64_t bytes)
{
	struct kv_batch *batch = kv_batch_new();

	while (kv->pace.active_bytes + kv->pace.frozen_bytes < bytes)
		write_one(batch, false);
	kv_batch_free(batch);
}

static void check_all(struct kv *store)
{
	uint8_t bytes[VALUE_SIZE];
	struct kv_value value;
	char key[32];
	unsigned i;

	for (i = 0; i < written; i++) {
		ck_ok(kv_get(store, key_of(key, i), &value));
		ck_assert(slice_eq(value.data, value_of(bytes, i)));
		kv_value_release(&value);
	}
}

START_TEST(nobody_waits_below_the_soft_limit)
{
	stopped = true;
	write_until(2 * MEMTABLE - 256 * KIB);
	ck_assert_uint_eq(kv->pace.clear_ns, 0);
	write_until(2 * MEMTABLE + 1 * MIB);
	ck_assert_uint_gt(kv->pace.clear_ns, 0);
}
END_TEST

START_TEST(a_batch_that_uses_the_reserve_does_not_wait)
{
	struct kv_batch *batch = kv_batch_new();
	uint64_t clear_ns;

	stopped = true;
	write_until(3 * MEMTABLE);
	clear_ns = kv->pace.clear_ns;
	ck_assert_uint_gt(clear_ns, 0);
	write_one(batch, true);
	ck_assert_uint_eq(kv->pace.clear_ns, clear_ns);
	kv_batch_free(batch);
}
END_TEST

START_TEST(frozen_memtables_are_read_and_recovered)
{
	struct kv_stats stats;
	struct env *after;
	struct kv *again;

	stopped = true;
	write_until(4 * MEMTABLE + 1 * MIB);
	ck_ok(kv_stats(kv, &stats));
	ck_assert_uint_gt(stats.memtable_bytes, 4 * MEMTABLE);
	ck_assert_uint_eq(stats.flushes, 0);
	check_all(kv);

	/* Their logs are all there is of them. */
	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &after));
	ck_ok(kv_open(&again, after, &options));
	check_all(again);
	ck_ok(kv_verify(again));
	ck_ok(kv_close(again));
	env_free(after);

	stopped = false;
	ck_ok(kv_flush(kv));
	ck_ok(kv_stats(kv, &stats));
	ck_assert_uint_ge(stats.flushes, 4);
	check_all(kv);
}
END_TEST

/*
 * A flush takes a second.  Without a pace, writers would run to the hard limit
 * and then stand for as long as that, once for each memtable.
 */
START_TEST(writers_glide_to_the_rate_of_the_flush)
{
	const unsigned us_per_mib = 250000, count = 32 * MIB / VALUE_SIZE;
	struct kv_batch *batch = kv_batch_new();
	uint64_t start_ns, took_ms, bytes, want_ms;
	unsigned first;

	slow_us_per_mib = us_per_mib;
	write_until(3 * MEMTABLE);
	first = written;
	start_ns = clock_now();
	while (written < count)
		write_one(batch, false);
	took_ms = (clock_now() - start_ns) / NS_PER_MS;

	/* Some may be a busy machine: it would be one for each memtable. */
	ck_assert_uint_le(stood, 5);
	/* The debt may take up some, from the soft limit to the hard one. */
	bytes = (uint64_t)(written - first) * VALUE_SIZE;
	want_ms = bytes * us_per_mib / 1000 / MIB;
	ck_assert_uint_ge(took_ms, want_ms / 3);
	ck_assert_uint_le(took_ms, want_ms * 4);
	kv_batch_free(batch);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pace");
	TCase *policy = suite_case(s, "policy");
	TCase *store = suite_case(s, "store");

	tcase_add_test(policy, the_delay_follows_from_the_debt);
	tcase_add_test(policy, the_delay_never_falls_nor_jumps);
	tcase_add_test(policy, the_worst_debt_counts);
	tcase_add_test(policy, each_sensor_slows);
	tcase_add_test(policy, delays_are_given_out_one_behind_the_other);
	tcase_add_test(policy, small_delays_are_saved_up);

	tcase_add_checked_fixture(store, begin, end);
	tcase_add_test(store, nobody_waits_below_the_soft_limit);
	tcase_add_test(store, a_batch_that_uses_the_reserve_does_not_wait);
	tcase_add_test(store, frozen_memtables_are_read_and_recovered);
	tcase_add_test(store, writers_glide_to_the_rate_of_the_flush);
	return suite_run(s);
}
