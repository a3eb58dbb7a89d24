/* Syncing from many threads: each is covered when it returns, few do it. */
#include "tests/suite.h"

#include <stdio.h>
#include <unistd.h>

#include "engine/base/env_mem.h"
#include "engine/store.h"

#define THREADS 8
#define PUTS    500

static struct env *env;
static struct kv *kv;

/* Long enough that others come too late for a round. */
static useconds_t sync_us = 100;

static void slow_sync(const char *name UNUSED, uint64_t bytes)
{
	if (bytes > 0)
		return;
	usleep(sync_us);
	env_mem_pass(env, sync_us * 1000ull);
}

static void begin(void)
{
	ck_ok(env_mem_new(&env, 1));
	env_mem_hook(env, slow_sync);
	ck_ok(kv_open(&kv, env, NULL));
}

static void end(void)
{
	(void)!kv_close(kv);
	env_free(env);
}

static int put(struct kv_batch *batch, unsigned i)
{
	char key[16];
	int n = snprintf(key, sizeof(key), "%u", i);

	ck_ok(kv_batch_put(batch, slice_of(key, (size_t)n), slice_str("v")));
	return kv_write(kv, batch);
}

static void put_and_sync(void *arg UNUSED)
{
	struct kv_batch *batch = kv_batch_new();
	uint64_t mark;
	unsigned i;

	for (i = 0; i < PUTS; i++) {
		ck_ok(put(batch, i));
		mark = kv_mark(kv);
		ck_ok(kv_sync(kv, mark));
		ck_assert_uint_ge(kv->seq_durable, mark);
		/* One that nothing was written before, as a flush asks. */
		if (i % 10 == 0) {
			mark = kv->seq_visible;
			ck_ok(store_sync(kv));
			ck_assert_uint_ge(kv->seq_durable, mark);
		}
	}
	kv_batch_free(batch);
}

START_TEST(everybody_is_covered)
{
	struct thread threads[THREADS];
	size_t i;

	for (i = 0; i < THREADS; i++)
		ck_ok(thread_start(&threads[i], "syncer", 0, put_and_sync,
				   NULL));
	for (i = 0; i < THREADS; i++)
		thread_join(&threads[i]);
	/* Two rounds are enough for all, so most are shared. */
	ck_assert_uint_le(kv->syncs, THREADS * PUTS * 11 / 10 / 2);
	ck_assert(!kv->syncing);
	ck_assert(!kv->sync_heir);
}
END_TEST

#define SLOW_US   20000
#define SLOW_PUTS 10

static void put_slowly(void *arg)
{
	struct kv_batch *batch = kv_batch_new();
	unsigned i, puts = *(unsigned *)arg;

	for (i = 0; i < puts; i++) {
		ck_ok(put(batch, i));
		ck_ok(kv_sync(kv, kv_mark(kv)));
	}
	kv_batch_free(batch);
}

static void run_slowly(size_t threads_count, unsigned puts)
{
	struct thread threads[THREADS];
	size_t i;

	sync_us = SLOW_US;
	for (i = 0; i < threads_count; i++)
		ck_ok(thread_start(&threads[i], "syncer", 0, put_slowly,
				   &puts));
	for (i = 0; i < threads_count; i++)
		thread_join(&threads[i]);
}

/*
 * In two halves, each would be in every other round: 2 * SLOW_PUTS of them.  On
 * a busy machine somebody may be late, but not each time.
 */
START_TEST(who_was_there_is_waited_for)
{
	uint64_t before;
	unsigned i = 0;

	do {
		ck_assert_uint_lt(i++, 10);
		before = kv->syncs;
		run_slowly(THREADS, SLOW_PUTS);
	} while (kv->syncs - before > SLOW_PUTS * 3 / 2);
}
END_TEST

/* One leads, the other is its heir and waits for the first: in vain. */
START_TEST(who_does_not_come_again_is_not_waited_for)
{
	unsigned rests, i;

	for (i = 0; kv->sync_rests == 0; i++) {
		ck_assert_uint_lt(i, 100);
		run_slowly(2, 1);
	}
	rests = kv->sync_rests;
	run_slowly(1, 1);
	ck_assert_uint_eq(kv->sync_rests, rests - 1);
}
END_TEST

START_TEST(who_is_alone_waits_for_nobody)
{
	run_slowly(1, SLOW_PUTS);
	ck_assert_uint_eq(kv->sync_rests, 0);
	ck_assert_uint_eq(event_times(&kv->sync_all), 0);
}
END_TEST

static _Atomic unsigned failed_eio, failed_erofs;

static void sync_until_it_fails(void *arg UNUSED)
{
	struct kv_batch *batch = kv_batch_new();
	unsigned i = 0;
	int rc;

	do {
		rc = put(batch, i++);
		if (rc == 0)
			rc = kv_sync(kv, kv_mark(kv));
	} while (rc == 0);
	if (rc == -EIO)
		failed_eio++;
	if (rc == -EROFS)
		failed_erofs++;
	kv_batch_free(batch);
}

START_TEST(a_failure_ends_everybody)
{
	struct thread threads[THREADS];
	size_t i;

	env_mem_arm(env, ENV_MEM_LIE, 200, false);
	for (i = 0; i < THREADS; i++)
		ck_ok(thread_start(&threads[i], "syncer", 0,
				   sync_until_it_fails, NULL));
	for (i = 0; i < THREADS; i++)
		thread_join(&threads[i]);
	ck_assert_uint_eq(failed_eio, 1);
	ck_assert_uint_eq(failed_erofs, THREADS - 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sync");
	TCase *tc = suite_case(s, "threads");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, everybody_is_covered);
	tcase_add_test(tc, who_was_there_is_waited_for);
	tcase_add_test(tc, who_does_not_come_again_is_not_waited_for);
	tcase_add_test(tc, who_is_alone_waits_for_nobody);
	tcase_add_test(tc, a_failure_ends_everybody);
	return suite_run(s);
}
