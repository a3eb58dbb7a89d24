/*
 * The tables that a flush or a compaction writes: all that was given is in
 * them, they do not overlap, and none has too much.
 */
#include "tests/engine/entries.h"

#include <stdio.h>

#include "engine/base/env_mem.h"
#include "engine/output.h"
#include "engine/page.h"
#include "engine/sst_writer.h"
#include "engine/store.h"

#define KEYS   60u
#define RANGES 40u
#define ROUNDS 300

static struct env *env;
static struct kv *kv;

static void set_up(void)
{
	struct kv_options options = kv_options_default;

	options.create = true;
	options.background = false;
	options.block_bytes = 100;
	ck_ok(env_mem_new(&env, 1));
	ck_ok(kv_open(&kv, env, &options));
}

static void tear_down(void)
{
	ck_ok(kv_close(kv));
	env_free(env);
}

/* What goes into the tables, and what came of it. */
struct round {
	struct entries all;
	struct range_dels ranges;
	struct edit edit;
	uint64_t bytes_max;
};

static struct slice numbered(char buf[16], unsigned i)
{
	int n = snprintf(buf, 16, "key/%04u", i);

	return slice_of(buf, (size_t)n);
}

/* Those of every third change are of no use, as the caller says. */
static bool useless(const void *context, struct slice min, struct slice max,
		    uint64_t seq)
{
	(void)context;
	ck_assert_int_lt(slice_cmp(min, max), 0);
	return seq % 3 == 0;
}

static void make_ranges(struct round *r, struct mem_rand *rand)
{
	const uint64_t snapshots[] = { 100, 200, 300 };
	unsigned count = (unsigned)mem_rand_below(rand, RANGES), i, from;
	unsigned longest = 1 + (unsigned)mem_rand_below(rand, KEYS);
	char low[16], high[16];

	range_dels_init(&r->ranges);
	for (i = 0; i < count; i++) {
		struct range_del d = { .seq = mem_rand_below(rand, 400) };

		from = (unsigned)mem_rand_below(rand, KEYS);
		d.from = numbered(low, from);
		d.to = numbered(high,
				from + (unsigned)mem_rand_below(rand, longest));
		ck_ok(range_dels_add(&r->ranges, &d));
	}
	ck_ok(range_dels_fragment(&r->ranges, snapshots,
				  ARRAY_SIZE(snapshots)));
}

static void make_entries(struct round *r, struct mem_rand *rand)
{
	unsigned often = 1 + (unsigned)mem_rand_below(rand, 5), i, n;
	uint8_t value[60];
	char key[16];

	for (i = 0; i < KEYS; i++) {
		if (mem_rand_below(rand, often) > 0)
			continue;
		for (n = 1 + (unsigned)mem_rand_below(rand, 4); n > 0; n--) {
			mem_rand_fill(rand, value, sizeof(value));
			entries_add(&r->all, numbered(key, i),
				    entry_tag(100 * n, ENTRY_PUT),
				    slice_of(value, mem_rand_below(rand, 60)));
		}
	}
	entries_sort(&r->all);
}

static void write_round(struct round *r)
{
	struct output o = {
		.kv = kv,
		.edit = &r->edit,
		.level = 1,
		.bytes_max = r->bytes_max,
		.ranges = &r->ranges,
		.useless = useless,
	};
	size_t i;

	for (i = 0; i < r->all.count; i++)
		ck_ok(output_add(&o, &r->all.at[i]));
	ck_ok(output_finish(&o));
	output_fini(&o);
}

static void round_fini(struct round *r)
{
	size_t i;

	for (i = 0; i < r->edit.added_count; i++)
		r->edit.added[i].sst->dropped = true;
	edit_fini(&r->edit);
	range_dels_fini(&r->ranges);
	entries_fini(&r->all);
}

static struct sst *table(const struct round *r, size_t i)
{
	return r->edit.added[i].sst;
}

static void check_order(const struct round *r)
{
	size_t i;

	for (i = 0; i < r->edit.added_count; i++) {
		ck_assert_uint_eq(r->edit.added[i].level, 1);
		if (i > 0)
			ck_assert(sst_ends_before(table(r, i - 1),
						  sst_key_min(table(r, i))));
	}
}

/* One of range tombstones alone has a tombstone, which was not given. */
static bool is_extra(const struct sst *sst, const struct entry *e)
{
	return sst->props.entries == 1 && sst->props.range_count > 0 &&
	       entry_kind(e) == ENTRY_DELETE;
}

static void check_entries(const struct round *r)
{
	struct source *s;
	size_t at = 0, i;
	int rc;

	for (i = 0; i < r->edit.added_count; i++) {
		s = sst_source(table(r, i), NULL);
		for (rc = source_first(s); rc == 1; rc = source_next(s))
			if (!is_extra(table(r, i), &s->entry))
				entries_expect(&r->all, at++, s, rc);
		ck_ok(rc);
		source_close(s);
	}
	ck_assert_uint_eq(at, r->all.count);
}

/* By the plain definition, of what is not useless. */
static uint64_t plain_cover(const struct round *r, struct slice key,
			    uint64_t seq_max)
{
	uint64_t seq = 0;
	size_t i;

	for (i = 0; i < r->ranges.count; i++) {
		const struct range_del *d = &r->ranges.items[i];

		if (slice_cmp(d->from, key) <= 0 && slice_cmp(key, d->to) < 0 &&
		    d->seq <= seq_max && d->seq % 3 != 0)
			seq = u64_max(seq, d->seq);
	}
	return seq;
}

static uint64_t cover_in_tables(const struct round *r, struct slice key,
				uint64_t seq_max)
{
	struct range_cover cover = range_cover_none();
	const struct range_dels *ranges;
	size_t i;

	for (i = 0; i < r->edit.added_count; i++) {
		if (!sst_may_hold(table(r, i), key))
			continue;
		ck_ok(sst_ranges(table(r, i), &ranges));
		range_dels_cover(ranges, key, seq_max, &cover);
	}
	return cover.seq;
}

static void check_covers(const struct round *r)
{
	uint64_t seq_max;
	unsigned i;
	char key[16];

	for (i = 0; i < 2 * KEYS; i++)
		for (seq_max = 100; seq_max <= 400; seq_max += 100)
			if (cover_in_tables(r, numbered(key, i), seq_max) !=
			    plain_cover(r, numbered(key, i), seq_max))
				ck_abort_msg("key %u: another cover", i);
}

/* Without the tombstones of the last range no table is full of them. */
static void check_ranges(const struct round *r)
{
	const struct range_dels *l;
	uint64_t bytes;
	size_t i, j, n;

	for (i = 0; i < r->edit.added_count; i++) {
		ck_ok(sst_ranges(table(r, i), &l));
		ck_assert(range_dels_is_fragmented(l));
		n = l->count;
		while (n > 0 && slice_eq(l->items[n - 1].from,
					 l->items[l->count - 1].from))
			n--;
		for (j = bytes = 0; j < n; j++)
			bytes += l->items[j].from.size + l->items[j].to.size;
		if (n > 0)
			ck_assert_uint_lt(page_size(n, bytes), r->bytes_max);
	}
}

START_TEST(all_is_there_and_nothing_overlaps)
{
	struct mem_rand rand = { .state = (uint64_t)_i };
	unsigned i, cut = 0;

	for (i = 0; i < ROUNDS; i++) {
		struct round r = { 0 };

		r.bytes_max = 1 + mem_rand_below(&rand, 2000);
		make_ranges(&r, &rand);
		make_entries(&r, &rand);
		write_round(&r);
		check_order(&r);
		check_entries(&r);
		check_covers(&r);
		check_ranges(&r);
		cut += r.edit.added_count > 1;
		round_fini(&r);
	}
	ck_assert_uint_gt(cut, ROUNDS / 2);
}
END_TEST

START_TEST(of_nothing_comes_no_table)
{
	struct round r = { .bytes_max = 1 };
	struct range_del d = { slice_str("a"), slice_str("b"), 3 };

	range_dels_init(&r.ranges);
	ck_ok(range_dels_add(&r.ranges, &d));
	write_round(&r);
	ck_assert_uint_eq(r.edit.added_count, 0);
	round_fini(&r);
}
END_TEST

/* More tombstones than one table may have, where no entry comes between. */
START_TEST(ranges_alone_fill_tables)
{
	static char from[KV_KEY_MAX], to[KV_KEY_MAX];
	struct round r = { .bytes_max = UINT64_MAX };
	unsigned i, count = SST_RANGES_MAX / (2 * KV_KEY_MAX) + 10;
	uint64_t n = 0;

	range_dels_init(&r.ranges);
	for (i = 0; i < count; i++) {
		struct range_del d = { slice_of(from, sizeof(from)),
				       slice_of(to, sizeof(to)), 1 };

		snprintf(from, sizeof(from), "%08u", 2 * i);
		snprintf(to, sizeof(to), "%08u", 2 * i + 1);
		ck_ok(range_dels_add(&r.ranges, &d));
	}
	write_round(&r);
	check_order(&r);
	ck_assert_uint_ge(r.edit.added_count, SST_RANGES_MAX / SST_RANGES_FULL);
	for (i = 0; i < r.edit.added_count; i++)
		n += table(&r, i)->props.range_count;
	ck_assert_uint_eq(n, count);
	round_fini(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("output");
	TCase *tc = suite_case(s, "tables");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, all_is_there_and_nothing_overlaps, 0, 2);
	tcase_add_test(tc, of_nothing_comes_no_table);
	tcase_add_test(tc, ranges_alone_fill_tables);
	return suite_run(s);
}
