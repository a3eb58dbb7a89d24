/* What reads pay for: a smaller L0, no more and no less. */
#include "tests/engine/small.h"

#include <unistd.h>

#include "engine/compact_pick.h"
#include "engine/demand.h"
#include "engine/store.h"

#define TABLES   (COMPACT_L0_TABLES - 1)
#define KEYS     200
#define WAIT_US  1000
#define WAITS    60000 /* a minute, on a machine that has much to do */
#define IDLE_US  300000
#define READS_NO 2000 /* that would pay many times over if it were allowed */

START_TEST(price_is_paid_once)
{
	struct demand d = { 0 };

	ck_assert(!demand_pay(&d, 100));
	ck_assert(!demand_is_met(&d));
	demand_set(&d, 1000);
	ck_assert(!demand_pay(&d, 999));
	ck_assert(!demand_is_met(&d));
	ck_assert(!demand_pay(&d, 0));
	/* Only one is told that it was the last. */
	ck_assert(demand_pay(&d, 1));
	ck_assert(demand_is_met(&d));
	ck_assert(!demand_pay(&d, 5000));
	ck_assert(demand_is_met(&d));
	demand_set(&d, 0);
	ck_assert(!demand_is_met(&d));
}
END_TEST

START_TEST(another_price_begins_anew)
{
	struct demand d = { 0 };

	demand_set(&d, 1000);
	ck_assert(!demand_pay(&d, 900));
	demand_set(&d, 1000);
	ck_assert(demand_pay(&d, 100));
	demand_set(&d, 1100);
	ck_assert(!demand_is_met(&d));
	ck_assert(!demand_pay(&d, 1099));
	ck_assert(demand_pay(&d, 1));
}
END_TEST

static struct kv *open_busy(struct env *env)
{
	struct kv_options options = small_options;
	struct kv *kv;

	options.background = true;
	ck_ok(kv_open(&kv, env, &options));
	return kv;
}

/* Tables on L0, too few to be merged by themselves. */
static void fill_l0(struct kv *kv)
{
	unsigned i;

	for (i = 0; i < TABLES; i++) {
		small_fill(kv, i, KEYS, 40);
		ck_ok(kv_flush(kv));
	}
}

static uint64_t l0_tables(struct kv *kv)
{
	struct kv_stats stats;

	ck_ok(kv_stats(kv, &stats));
	return stats.level_sst_count[0];
}

static void get_one(struct kv *kv, unsigned i)
{
	struct kv_value value;
	char key[32];

	ck_ok(kv_get(kv, small_key(key, i % KEYS), &value));
	kv_value_release(&value);
}

static void seek_one(struct kv *kv, unsigned i)
{
	struct kv_iter *it;
	char key[32];

	ck_ok(kv_iter_open(&it, kv, slice_str(""), slice_str("")));
	ck_assert_int_eq(kv_iter_seek(it, small_key(key, i % KEYS)), 1);
	kv_iter_close(it);
}

static void seek_last(struct kv *kv, unsigned i UNUSED)
{
	struct kv_iter *it;

	ck_ok(kv_iter_open(&it, kv, slice_str(""), slice_str("")));
	ck_assert_int_eq(kv_iter_last(it), 1);
	kv_iter_close(it);
}

static void (*const reads[])(struct kv *kv, unsigned i) = { get_one, seek_one,
							    seek_last };

START_TEST(reads_have_l0_merged)
{
	struct env *env = small_env();
	struct kv *kv = open_busy(env);
	unsigned i;

	fill_l0(kv);
	ck_assert_uint_eq(l0_tables(kv), TABLES);
	for (i = 0; i < WAITS && l0_tables(kv) > 0; i++) {
		unsigned j;

		for (j = 0; j < 1000; j++)
			reads[_i](kv, j);
		usleep(WAIT_US);
	}
	ck_assert_uint_eq(l0_tables(kv), 0);
	/* Nothing more is to be had: nobody pays. */
	ck_assert_uint_eq(kv->demand.price, 0);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

START_TEST(who_does_not_read_pays_nothing)
{
	struct env *env = small_env();
	struct kv *kv = open_busy(env);
	struct kv_stats stats;

	fill_l0(kv);
	usleep(IDLE_US);
	ck_ok(kv_stats(kv, &stats));
	ck_assert_uint_eq(stats.level_sst_count[0], TABLES);
	ck_assert_uint_eq(stats.compactions, 0);
	ck_assert_uint_eq(kv->demand.paid, 0);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

START_TEST(without_threads_nothing_is_asked_for)
{
	struct env *env = small_env();
	struct kv *kv = small_open(env);
	unsigned i;

	fill_l0(kv);
	for (i = 0; i < READS_NO; i++)
		seek_one(kv, i);
	ck_assert_uint_eq(kv->demand.paid, 0);
	ck_assert_uint_eq(l0_tables(kv), TABLES);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("demand");
	TCase *tc = suite_case(s, "price");

	tcase_add_test(tc, price_is_paid_once);
	tcase_add_test(tc, another_price_begins_anew);
	tc = suite_case(s, "store");
	tcase_add_loop_test(tc, reads_have_l0_merged, 0,
			    (int)ARRAY_SIZE(reads));
	tcase_add_test(tc, who_does_not_read_pays_nothing);
	tcase_add_test(tc, without_threads_nothing_is_asked_for);
	return suite_run(s);
}
