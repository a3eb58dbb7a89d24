/* Which compaction is due: versions made by hand. */
#include "tests/engine/tables.h"

#include <stdio.h>

#include "engine/compact_pick.h"

#define SHARE 10000 /* bytes, of the base level; a table has 1000 */
#define LAST  (VERSION_LEVELS - 1)

static const unsigned no_turns[VERSION_LEVELS];

/* Adds @count tables to a level, with keys such as "b000" to "b009". */
static void add(struct version **v, unsigned level, unsigned count, char letter)
{
	struct edit e = { 0 };
	char min[16], max[16];
	unsigned i;

	for (i = 0; i < count; i++) {
		snprintf(min, sizeof(min), "%c%02u0", letter, i);
		snprintf(max, sizeof(max), "%c%02u9", letter, i);
		edit_add_table(
			&e, level,
			table(level * 1000 + (unsigned)letter * 100000 + i + 1,
			      min, max));
	}
	ck_ok(apply(v, &e));
}

static void add_dense(struct version **v, unsigned level, uint64_t entries,
		      uint64_t tombstones, uint64_t ranges)
{
	struct sst *sst = table(7, "p", "q");
	struct edit e = { 0 };

	sst->props.entries = entries;
	sst->props.tombstones = tombstones;
	sst->props.range_count = ranges;
	edit_add_table(&e, level, sst);
	ck_ok(apply(v, &e));
}

static bool pick(const struct version *v, struct compact_job *job)
{
	return compact_pick(v, SHARE, no_turns, job);
}

START_TEST(shares_follow_the_last_level)
{
	struct version *v = version_new();
	struct compact_shares shares;

	compact_shares(v, SHARE, &shares);
	ck_assert_uint_eq(shares.base, LAST);

	add(&v, LAST, 10, 'b');
	compact_shares(v, SHARE, &shares);
	ck_assert_uint_eq(shares.base, LAST);
	ck_assert_uint_eq(shares.bytes[LAST - 1], 0);

	add(&v, LAST, 90, 'c');
	add(&v, LAST, 50, 'd');
	compact_shares(v, SHARE, &shares);
	ck_assert_uint_eq(shares.base, LAST - 2);
	ck_assert_uint_eq(shares.bytes[LAST - 1], 15000);
	ck_assert_uint_eq(shares.bytes[LAST - 2], 1500);
	ck_assert_uint_eq(shares.bytes[LAST - 3], 0);
	version_unref(v);
}
END_TEST

START_TEST(nothing_is_due_within_the_shares)
{
	struct version *v = version_new();
	struct compact_job job;

	ck_assert(!pick(v, &job));
	add(&v, 0, COMPACT_L0_TABLES - 1, 'b');
	ck_assert(!pick(v, &job));
	add(&v, LAST, 90, 'b');
	add(&v, LAST - 1, 9, 'b');
	ck_assert(!pick(v, &job));
	ck_assert_uint_eq(compact_behind(v, SHARE), 0);
	version_unref(v);
}
END_TEST

START_TEST(level_0_goes_as_a_whole_to_the_base)
{
	struct version *v = version_new();
	struct edit e = { 0 };
	struct compact_job job;

	/* The tables of L0 reach from b00 to b03; the base has more. */
	add(&v, 0, COMPACT_L0_TABLES, 'b');
	edit_add_table(&e, LAST, table(101, "a", "b"));
	edit_add_table(&e, LAST, table(102, "b000", "b015"));
	edit_add_table(&e, LAST, table(103, "b039", "b05"));
	edit_add_table(&e, LAST, table(104, "c", "d"));
	ck_ok(apply(&v, &e));
	ck_assert(pick(v, &job));
	ck_assert_uint_eq(job.level, 0);
	ck_assert_uint_eq(job.target, LAST);
	ck_assert_uint_eq(job.first, 0);
	ck_assert_uint_eq(job.count, COMPACT_L0_TABLES);
	ck_assert_uint_eq(job.below_first, 1);
	ck_assert_uint_eq(job.below_count, 2);
	version_unref(v);
}
END_TEST

START_TEST(level_0_can_be_had_sooner)
{
	struct version *v = version_new();
	struct edit e = { 0 };
	struct compact_job job;

	add(&v, LAST, 3, 'b');
	ck_assert(!compact_pick_l0(v, SHARE, &job));
	edit_add_table(&e, 0, table(101, "b005", "b015"));
	ck_ok(apply(&v, &e));
	ck_assert(!pick(v, &job));
	ck_assert(compact_pick_l0(v, SHARE, &job));
	ck_assert_uint_eq(job.level, 0);
	ck_assert_uint_eq(job.target, LAST);
	ck_assert_uint_eq(job.first, 0);
	ck_assert_uint_eq(job.count, 1);
	ck_assert_uint_eq(job.below_first, 0);
	ck_assert_uint_eq(job.below_count, 2);
	ck_assert_uint_eq(compact_bytes(v, &job), 3000);
	version_unref(v);
}
END_TEST

START_TEST(deeper_levels_go_one_table_at_a_time)
{
	unsigned turns[VERSION_LEVELS] = { 0 };
	struct version *v = version_new();
	struct compact_job job;
	unsigned i;

	add(&v, LAST - 1, 11, 'b');
	add(&v, LAST, 5, 'b');
	add(&v, LAST, 90, 'c');
	for (i = 0; i < 23; i++) {
		turns[LAST - 1] = i;
		ck_assert(compact_pick(v, SHARE, turns, &job));
		ck_assert_uint_eq(job.level, LAST - 1);
		ck_assert_uint_eq(job.target, LAST);
		ck_assert_uint_eq(job.first, i % 11);
		ck_assert_uint_eq(job.count, 1);
		ck_assert_uint_eq(job.below_count, i % 11 < 5);
		if (job.below_count)
			ck_assert_uint_eq(job.below_first, i % 11);
	}
	ck_assert_uint_eq(compact_behind(v, SHARE), 11000 - 9500);
	version_unref(v);
}
END_TEST

START_TEST(most_overfull_level_goes_first)
{
	struct version *v = version_new();
	struct compact_job job;

	add(&v, LAST, 90, 'b');
	add(&v, LAST - 1, 14, 'b');
	add(&v, 0, COMPACT_L0_TABLES, 'b');
	ck_assert(pick(v, &job));
	ck_assert_uint_eq(job.level, LAST - 1);
	add(&v, 0, COMPACT_L0_TABLES, 'c');
	ck_assert(pick(v, &job));
	ck_assert_uint_eq(job.level, 0);
	ck_assert_uint_eq(job.target, LAST - 1);
	version_unref(v);
}
END_TEST

START_TEST(levels_above_the_base_are_emptied)
{
	struct version *v = version_new();
	struct compact_job job;

	add(&v, LAST, 5, 'b');
	add(&v, 2, 1, 'c');
	ck_assert(pick(v, &job));
	ck_assert_uint_eq(job.level, 2);
	ck_assert_uint_eq(job.target, 3);
	/* Meanwhile nothing from L0 goes past them. */
	add(&v, 0, 99, 'd');
	ck_assert(pick(v, &job));
	ck_assert_uint_eq(job.level, 2);
	version_unref(v);
}
END_TEST

START_TEST(tables_full_of_tombstones_go_when_nothing_else_does)
{
	struct version *v = version_new();
	struct compact_job job;

	add(&v, LAST, 90, 'b');
	add_dense(&v, LAST - 1, 3 * COMPACT_TOMBSTONES, COMPACT_TOMBSTONES, 0);
	ck_assert(!pick(v, &job));
	version_unref(v);

	v = version_new();
	add(&v, LAST, 90, 'b');
	add_dense(&v, LAST - 1, 2 * COMPACT_TOMBSTONES, COMPACT_TOMBSTONES, 0);
	ck_assert(pick(v, &job));
	ck_assert_uint_eq(job.level, LAST - 1);
	ck_assert_uint_eq(job.first, 0);
	add(&v, 0, COMPACT_L0_TABLES, 'b');
	ck_assert(pick(v, &job));
	ck_assert_uint_eq(job.level, 0);
	version_unref(v);

	/* On L0 it takes the others with it; on the last it has to stay. */
	v = version_new();
	add_dense(&v, LAST, 10, 10, 1);
	ck_assert(!pick(v, &job));
	add(&v, 0, 2, 'b');
	add_dense(&v, 0, 10, 1, 1);
	ck_assert(pick(v, &job));
	ck_assert_uint_eq(job.level, 0);
	ck_assert_uint_eq(job.count, 3);
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

	tcase_add_test(tc, shares_follow_the_last_level);
	tcase_add_test(tc, nothing_is_due_within_the_shares);
	tcase_add_test(tc, level_0_goes_as_a_whole_to_the_base);
	tcase_add_test(tc, level_0_can_be_had_sooner);
	tcase_add_test(tc, deeper_levels_go_one_table_at_a_time);
	tcase_add_test(tc, most_overfull_level_goes_first);
	tcase_add_test(tc, levels_above_the_base_are_emptied);
	tcase_add_test(tc, tables_full_of_tombstones_go_when_nothing_else_does);
	tcase_add_test(tc, range_covers_all_its_tables);
	return suite_run(s);
}
