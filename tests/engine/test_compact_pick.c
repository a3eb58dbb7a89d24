/* Which compaction is due: versions made by hand. */
#include "tests/engine/tables.h"

#include <stdio.h>

#include "engine/compact_pick.h"

#define SHARE 10000 /* bytes of L1; a table has 1000 */

static const unsigned no_turns[VERSION_LEVELS];

/* Adds @count tables to a level, with the keys "b00".."b09", "b10".. */
static void add(struct version **v, unsigned level, unsigned count)
{
	struct edit e = { 0 };
	char min[16], max[16];
	unsigned i;

	for (i = 0; i < count; i++) {
		snprintf(min, sizeof(min), "b%02u0", i);
		snprintf(max, sizeof(max), "b%02u9", i);
		edit_add_table(&e, level, table(level * 100 + i + 1, min, max));
	}
	ck_ok(apply(v, &e));
}

START_TEST(nothing_is_due_within_the_shares)
{
	struct version *v = version_new();
	struct compact_job job;

	ck_assert(!compact_pick(v, SHARE, no_turns, &job));
	add(&v, 0, COMPACT_L0_TABLES - 1);
	add(&v, 1, 9);
	add(&v, 2, 90);
	ck_assert(!compact_pick(v, SHARE, no_turns, &job));
	version_unref(v);
}
END_TEST

START_TEST(level_0_goes_as_a_whole)
{
	struct version *v = version_new();
	struct edit e = { 0 };
	struct compact_job job;

	/* The tables of L0 reach from b00 to b03; L1 has more than that. */
	add(&v, 0, COMPACT_L0_TABLES);
	edit_add_table(&e, 1, table(101, "a", "b"));
	edit_add_table(&e, 1, table(102, "b000", "b015"));
	edit_add_table(&e, 1, table(103, "b039", "b05"));
	edit_add_table(&e, 1, table(104, "c", "d"));
	ck_ok(apply(&v, &e));
	ck_assert(compact_pick(v, SHARE, no_turns, &job));
	ck_assert_uint_eq(job.level, 0);
	ck_assert_uint_eq(job.first, 0);
	ck_assert_uint_eq(job.count, COMPACT_L0_TABLES);
	ck_assert_uint_eq(job.below_first, 1);
	ck_assert_uint_eq(job.below_count, 2);
	version_unref(v);
}
END_TEST

START_TEST(deeper_levels_go_one_table_at_a_time)
{
	unsigned turns[VERSION_LEVELS] = { 0 };
	struct version *v = version_new();
	struct compact_job job;
	unsigned i;

	add(&v, 1, 11);
	add(&v, 2, 5);
	for (i = 0; i < 23; i++) {
		turns[1] = i;
		ck_assert(compact_pick(v, SHARE, turns, &job));
		ck_assert_uint_eq(job.level, 1);
		ck_assert_uint_eq(job.first, i % 11);
		ck_assert_uint_eq(job.count, 1);
		ck_assert_uint_eq(job.below_count, i % 11 < 5);
		if (job.below_count)
			ck_assert_uint_eq(job.below_first, i % 11);
	}
	version_unref(v);
}
END_TEST

START_TEST(most_overfull_level_goes_first)
{
	struct version *v = version_new();
	struct compact_job job;

	add(&v, 0, COMPACT_L0_TABLES);
	add(&v, 1, 15);
	ck_assert(compact_pick(v, SHARE, no_turns, &job));
	ck_assert_uint_eq(job.level, 1);
	/* L2 may have ten times as much: it is not the larger number. */
	add(&v, 2, 99);
	ck_assert(compact_pick(v, SHARE, no_turns, &job));
	ck_assert_uint_eq(job.level, 1);
	version_unref(v);

	v = version_new();
	add(&v, 0, 2 * COMPACT_L0_TABLES);
	add(&v, 1, 15);
	ck_assert(compact_pick(v, SHARE, no_turns, &job));
	ck_assert_uint_eq(job.level, 0);
	version_unref(v);
}
END_TEST

START_TEST(last_level_has_nowhere_to_go)
{
	struct version *v = version_new();
	struct compact_job job;

	add(&v, VERSION_LEVELS - 1, 90);
	ck_assert(!compact_pick(v, 1, no_turns, &job));
	version_unref(v);
}
END_TEST

START_TEST(range_covers_all_its_tables)
{
	struct version *v = version_new();
	struct slice min, max;
	struct edit e = { 0 };

	/* Newest first: 3, 2, 1. */
	edit_add_table(&e, 0, table(1, "c", "z"));
	edit_add_table(&e, 0, table(2, "a", "d"));
	edit_add_table(&e, 0, table(3, "m", "n"));
	ck_ok(apply(&v, &e));
	compact_range(v->levels[0], 0, 3, &min, &max);
	ck_assert(slice_eq(min, slice_str("a")));
	ck_assert(slice_eq(max, slice_str("z")));
	compact_range(v->levels[0], 0, 1, &min, &max);
	ck_assert(slice_eq(min, slice_str("m")));
	ck_assert(slice_eq(max, slice_str("n")));
	version_unref(v);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("compact_pick");
	TCase *tc = suite_case(s, "policy");

	tcase_add_test(tc, nothing_is_due_within_the_shares);
	tcase_add_test(tc, level_0_goes_as_a_whole);
	tcase_add_test(tc, deeper_levels_go_one_table_at_a_time);
	tcase_add_test(tc, most_overfull_level_goes_first);
	tcase_add_test(tc, last_level_has_nowhere_to_go);
	tcase_add_test(tc, range_covers_all_its_tables);
	return suite_run(s);
}
