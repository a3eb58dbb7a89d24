/* Iterators: lazy sources under a merge, bounds, and memory that is reused. */
#include "tests/engine/entries.h"

#include <stdio.h>

#include "engine/base/env_mem.h"
#include "engine/cache.h"
#include "engine/kv.h"
#include "engine/level_iter.h"
#include "engine/mt_iter.h"
#include "engine/merge.h"
#include "engine/sst_writer.h"

static const uint8_t store_id[16] = "iterators";

/* Entries are spread over a level, tables that overlap, and a memtable. */
#define LEVEL   3 /* tables that lie side by side */
#define TABLES  6
#define PARTS   (TABLES + 1)
#define SOURCES (PARTS - LEVEL + 1)

/* Keys with a number, so that it lies before, at and behind the 16th byte. */
static const char *const heads[] = { "", "ten bytes/", "twenty bytes of text" };

static struct env *env;
static struct cache *cache;
static struct entries all, parts[PARTS];
static struct sst *ssts[TABLES];
static struct mt *mt;

static struct sst *write_table(uint64_t number, const struct entries *entries)
{
	const struct sst_writer_options options = { .block_bytes = 128 };
	struct sst_props props = { 0 };
	struct sst_writer *w;
	uint64_t size;
	size_t i;

	ck_ok(sst_writer_open(&w, env, number, store_id, &options));
	for (i = 0; i < entries->count; i++)
		ck_ok(sst_writer_add(w, &entries->at[i]));
	ck_ok(sst_writer_finish(w, &props, &size));
	sst_writer_close(w);
	return sst_new(env, store_id, number, size, &props);
}

/* Some keys end with zeros: they differ from others in their length alone. */
static void add_entry(unsigned seq, const char *head, unsigned key,
		      unsigned zeros, size_t part)
{
	char text[64] = { 0 };
	size_t n = (size_t)snprintf(text, sizeof(text), "%s%06u", head, key) +
		   zeros;
	const struct slice value = slice_of(&seq, sizeof(seq));

	entries_add(&all, slice_of(text, n), entry_tag(seq, ENTRY_PUT), value);
	entries_add(&parts[part], slice_of(text, n), entry_tag(seq, ENTRY_PUT),
		    value);
}

static void fill(const char *head, unsigned keys, unsigned entries)
{
	struct mem_rand rand = { .state = keys };
	unsigned seq, key;
	size_t i, part;

	for (seq = 1; seq <= entries; seq++) {
		key = (unsigned)mem_rand_below(&rand, keys);
		part = mem_rand_below(&rand, PARTS);
		if (part < LEVEL)
			part = (size_t)key * LEVEL / keys;
		add_entry(seq, head, key, (unsigned)mem_rand_below(&rand, 3),
			  part);
	}
	entries_sort(&all);
	for (i = 0; i < TABLES; i++) {
		entries_sort(&parts[i]);
		ssts[i] = write_table(i + 1, &parts[i]);
	}
	for (i = 0; i < parts[TABLES].count; i++)
		ck_ok(mt_put(mt, &parts[TABLES].at[i]));
}

static void set_up(void)
{
	ck_ok(env_mem_new(&env, 1));
	cache = cache_new(256 * KIB);
	mt = mt_new(0, NULL);
}

static void tear_down(void)
{
	size_t i;

	for (i = 0; i < TABLES; i++)
		sst_unref(ssts[i]);
	mt_unref(mt);
	cache_free(cache);
	env_free(env);
}

/* A merge over all parts, in its own memory. */
struct merged {
	struct merge merge;
	struct source *sources[SOURCES];
	struct merge_child children[SOURCES];
	struct level_iter level, tables[TABLES - LEVEL];
	struct mt_iter mt;
};

static struct source *merged_init(struct merged *m)
{
	size_t i, n = 0;

	m->sources[n++] = level_iter_init(&m->level, ssts, LEVEL, UINT64_MAX,
					  cache);
	for (i = LEVEL; i < TABLES; i++)
		m->sources[n++] = level_iter_init(
			&m->tables[i - LEVEL], &ssts[i], 1, UINT64_MAX, cache);
	m->sources[n++] = mt_iter_init(&m->mt, mt);
	return merge_init(&m->merge, m->sources, m->children, n);
}

START_TEST(lazy_sources_show_all_in_order)
{
	static struct merged m;
	struct source *s;

	fill(heads[_i], 400, 3000);
	s = merged_init(&m);
	entries_check_walks(&all, s);
	entries_check_seeks(&all, s);
	entries_check_walks(&all, s);
	source_close(s);
}
END_TEST

/* Of each key the first, from everywhere. */
START_TEST(next_key_passes_over_versions)
{
	static struct merged m;
	struct buf key = BUF_INIT;
	struct source *s;
	size_t i = 0;
	int rc;

	fill(heads[_i], 400, 3000);
	s = merged_init(&m);
	for (rc = source_first(s); i < all.count;) {
		entries_expect(&all, i, s, rc);
		ck_ok(buf_assign(&key, s->entry.key));
		while (i < all.count &&
		       slice_eq(all.at[i].key, buf_slice(&key)))
			i++;
		rc = merge_next_key(s, buf_slice(&key));
	}
	entries_expect(&all, i, s, rc);
	buf_fini(&key);
	source_close(s);
}
END_TEST

static unsigned opened(void)
{
	unsigned n = 0, i;

	for (i = 0; i < TABLES; i++)
		n += ssts[i]->reader != NULL;
	return n;
}

/* Tables one behind the other, the last three in reverse. */
START_TEST(only_tables_whose_turn_comes_are_opened)
{
	static struct merged m;
	struct slice key;
	struct source *s;
	unsigned i;

	for (i = 0; i < 600; i++)
		add_entry(i + 1, "", i, 0,
			  i < 300 ? i / 100 : TABLES + 2 - i / 100);
	for (i = 0; i < TABLES; i++)
		ssts[i] = write_table(i + 1, &parts[i]);
	s = merged_init(&m);
	ck_assert_int_eq(source_last(s), 1);
	ck_assert_uint_eq(opened(), 1);
	ck_assert_ptr_nonnull(ssts[LEVEL]->reader);
	entries_expect(&all, 599, s, 1);

	ck_assert_int_eq(source_seek(s, all.at[150].key), 1);
	ck_assert_uint_eq(opened(), 2);
	ck_assert_ptr_nonnull(ssts[1]->reader);
	for (i = 150; i < 200; i++)
		entries_expect(&all, i + 1, s, source_next(s));
	ck_assert_uint_eq(opened(), 3);

	/* Behind the table's end, before the next one's beginning. */
	key = all.at[500].key;
	ck_assert_int_eq(source_seek_before(s, key), 1);
	entries_expect(&all, 499, s, 1);
	ck_assert_uint_eq(opened(), 4);
	ck_assert_ptr_nonnull(ssts[LEVEL + 1]->reader);
	source_close(s);
}
END_TEST

/* What a failure leaves behind is gone with the next seek. */
START_TEST(seek_recovers_from_a_failure)
{
	static struct merged m;
	bool struck = true;
	struct source *s;
	uint64_t kth, faults, numbers[TABLES];
	size_t at, failures = 0, i;
	int rc;

	fill(heads[_i], 60, 400);
	at = all.count / 2;
	for (i = 0; i < TABLES; i++)
		numbers[i] = ssts[i]->number;
	for (kth = 1; struck; kth++) {
		cache_forget(cache, numbers, TABLES);
		s = merged_init(&m);
		faults = env_mem_faults(env);
		env_mem_arm(env, ENV_MEM_EIO, kth, false);
		rc = source_seek(s, all.at[at].key);
		while (rc == 1)
			rc = source_next(s);
		struck = env_mem_faults(env) > faults;
		failures += rc == -EIO;
		env_mem_arm(env, ENV_MEM_NONE, 0, false);
		entries_check_seek(&all, s, all.at[at].key);
		source_close(s);
	}
	/* What is read ahead and fails is read again. */
	ck_assert_uint_gt(failures, 3);
}
END_TEST

/* --------------------------------------------------------- a whole store -- */

static struct kv *kv;

static void open_store(void)
{
	struct kv_options options = kv_options_default;

	options.background = false;
	options.block_bytes = 256;
	options.sync_interval_ms = 0;
	ck_ok(env_mem_new(&env, 1));
	ck_ok(kv_open(&kv, env, &options));
}

static void close_store(void)
{
	ck_ok(kv_close(kv));
	env_free(env);
}

static struct slice numbered(char buf[16], unsigned i)
{
	return slice_of(buf, (size_t)snprintf(buf, 16, "key/%04u", i));
}

static void put(unsigned i, struct slice value)
{
	struct kv_batch *batch = kv_batch_new();
	char key[16];

	kv_batch_put(batch, numbered(key, i), value);
	ck_ok(kv_write(kv, batch));
	kv_batch_free(batch);
}

static void delete_keys(unsigned from, unsigned to)
{
	struct kv_batch *batch = kv_batch_new();
	char key[16];

	for (; from < to; from++)
		kv_batch_delete(batch, numbered(key, from));
	ck_ok(kv_write(kv, batch));
	kv_batch_free(batch);
}

/* The iterator, at @rc, must show the numbers from @i up to @end, by @step. */
static void expect(struct kv_iter *it, int rc, int i, int end, int step)
{
	char key[16];

	for (; i != end; i += step) {
		ck_assert_int_eq(rc, 1);
		ck_assert(
			slice_eq(kv_iter_key(it), numbered(key, (unsigned)i)));
		rc = step > 0 ? kv_iter_next(it) : kv_iter_prev(it);
	}
	ck_assert_int_eq(rc, 0);
}

#define KEYS 60

/* Tables whose keys lie side by side, the last ones in the memtable. */
START_TEST(bounds_leave_nothing_out)
{
	char lower[16], upper[16];
	struct kv_iter *it;
	unsigned i;
	int lo, hi;

	for (i = 0; i < KEYS; i++) {
		put(i, slice_str("value"));
		if (i % 20 == 19 && i < 59)
			ck_ok(kv_flush(kv));
		if (i == 19 && _i == 1)
			ck_ok(kv_compact(kv));
	}
	for (lo = 0; lo < KEYS; lo++) {
		for (hi = lo; hi <= KEYS; hi++) {
			ck_ok(kv_iter_open(&it, kv,
					   numbered(lower, (unsigned)lo),
					   numbered(upper, (unsigned)hi)));
			expect(it, kv_iter_first(it), lo, hi, 1);
			expect(it, kv_iter_last(it), hi - 1, lo - 1, -1);
			kv_iter_close(it);
		}
	}
}
END_TEST

/*
 * Keys are dead up to the bound; behind it one lies in a table that the bound
 * leaves out, before one in a table that it does not.
 */
START_TEST(void_ends_at_the_bound)
{
	const struct slice none = slice_of(NULL, 0);
	char lower[16], upper[16];
	struct kv_iter *it;
	unsigned i;

	for (i = 0; i < 100; i++)
		put(i, slice_str("value"));
	put(300, slice_str("value"));
	ck_ok(kv_flush(kv));
	put(200, slice_str("value"));
	ck_ok(kv_flush(kv));
	delete_keys(0, 100);
	ck_ok(kv_iter_open(&it, kv, numbered(lower, 0), numbered(upper, 150)));
	ck_assert_int_eq(kv_iter_first(it), 0);
	kv_iter_close(it);

	ck_ok(kv_iter_open(&it, kv, none, none));
	expect(it, kv_iter_first(it), 200, 400, 100);
	kv_iter_close(it);
}
END_TEST

#define OPEN 40

/* Each has its own, whoever had the memory before; with large values, too. */
START_TEST(many_iterators_at_once)
{
	const struct slice none = slice_of(NULL, 0);
	static uint8_t large[1000];
	struct kv_iter *its[OPEN];
	char key[16];
	struct slice value;
	unsigned round, i;

	for (i = 0; i < 2 * OPEN; i++)
		put(i, slice_of(large, sizeof(large) - i));
	for (round = 0; round < 3; round++) {
		for (i = 0; i < OPEN; i++) {
			ck_ok(kv_iter_open(&its[i], kv, none, none));
			ck_assert_int_eq(kv_iter_seek_before(
						 its[i], numbered(key, i + 1)),
					 1);
		}
		for (i = 0; i < OPEN; i++) {
			unsigned at = (i * 7) % OPEN;

			ck_assert(slice_eq(kv_iter_key(its[at]),
					   numbered(key, at)));
			ck_ok(kv_iter_value(its[at], &value));
			ck_assert_uint_eq(value.size, sizeof(large) - at);
			kv_iter_close(its[at]);
		}
		/* More tables than there was room for. */
		for (i = 0; i < 3; i++) {
			put(OPEN + i, slice_str("value"));
			ck_ok(kv_flush(kv));
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("iter");
	TCase *tc = suite_case(s, "sources");
	const int n = sizeof(heads) / sizeof(heads[0]);

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, lazy_sources_show_all_in_order, 0, n);
	tcase_add_loop_test(tc, next_key_passes_over_versions, 0, n);
	tcase_add_test(tc, only_tables_whose_turn_comes_are_opened);
	tcase_add_loop_test(tc, seek_recovers_from_a_failure, 0, n);

	tc = suite_case(s, "store");
	tcase_add_checked_fixture(tc, open_store, close_store);
	tcase_add_loop_test(tc, bounds_leave_nothing_out, 0, 2);
	tcase_add_test(tc, void_ends_at_the_bound);
	tcase_add_test(tc, many_iterators_at_once);
	return suite_run(s);
}
