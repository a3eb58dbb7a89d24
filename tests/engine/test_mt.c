/* The memtable: order, versions, and readers beside the one writer. */
#include "tests/engine/entries.h"

#include <stdatomic.h>
#include <stdio.h>

#include "engine/base/env_mem.h"
#include "engine/base/thread.h"
#include "engine/mt.h"
#include "engine/vlog.h"

#define READERS 3
#define PUTS    30000
#define KEYS    500 /* of them */

static void put(struct mt *mt, struct entries *a, struct slice key,
		uint64_t tag, struct slice value)
{
	const struct entry e = { .key = key, .value = value, .tag = tag };

	ck_ok(mt_put(mt, &e));
	entries_add(a, key, tag, value);
}

/* Random keys, many of them prefixes of others or several times there. */
static struct mt *fill(struct entries *a, unsigned count)
{
	struct mem_rand rand = { .state = count };
	struct mt *mt = mt_new();
	uint8_t bytes[40];
	unsigned seq;
	size_t n, i;

	ck_assert_ptr_nonnull(mt);
	for (seq = 1; seq <= count; seq++) {
		n = 1 + mem_rand_below(&rand, seq % 2 ? 6 : sizeof(bytes));
		mem_rand_fill(&rand, bytes, n);
		for (i = 0; i < n && seq % 8; i++)
			bytes[i] &= 1;
		put(mt, a, slice_of(bytes, n), entry_tag(seq, seq % 3),
		    slice_of(bytes, seq % 3 ? n : 0));
	}
	entries_sort(a);
	return mt;
}

START_TEST(entries_are_in_order)
{
	struct entries a = { 0 };
	struct mt *mt = fill(&a, 600);
	struct source *s = mt_source(mt);

	entries_check_walks(&a, s);
	entries_check_seeks(&a, s);
	entries_check_turns(&a, s, 10000);
	ck_assert_uint_eq(mt_count(mt), 600);
	ck_assert_uint_eq(mt_seq_last(mt), 600);
	/* The source holds the table. */
	mt_unref(mt);
	entries_check_walks(&a, s);
	source_close(s);
	entries_fini(&a);
}
END_TEST

START_TEST(empty_table_has_nothing)
{
	struct entries a = { 0 };
	struct mt *mt = mt_new();
	struct source *s = mt_source(mt);
	struct entry e;

	entries_check_walks(&a, s);
	entries_check_seek(&a, s, slice_str("key"));
	ck_assert(!mt_get(mt, slice_str("key"), ENTRY_SEQ_MAX, &e));
	ck_assert_uint_eq(mt_count(mt), 0);
	ck_assert_uint_eq(mt_seq_last(mt), 0);
	source_close(s);
	mt_unref(mt);
	mt_unref(NULL);
}
END_TEST

/* The newest entry of @key up to @seq_max, the slow way. */
static const struct entry *newest(const struct entries *a, struct slice key,
				  uint64_t seq_max)
{
	size_t i = entries_seek(a, key);

	for (; i < a->count && slice_eq(a->at[i].key, key); i++)
		if (entry_seq(&a->at[i]) <= seq_max)
			return &a->at[i];
	return NULL;
}

START_TEST(get_finds_the_newest_version_in_sight)
{
	struct entries a = { 0 };
	struct mt *mt = fill(&a, 400);
	const struct entry *want;
	struct entry e;
	uint64_t seq;
	size_t i;

	for (i = 0; i < a.count; i++) {
		for (seq = i % 7; seq <= 407; seq += 7) {
			want = newest(&a, a.at[i].key, seq);
			if (mt_get(mt, a.at[i].key, seq, &e) != !!want)
				ck_abort_msg("place %zu, seq %u: %s", i,
					     (unsigned)seq,
					     want ? "missing" : "too new");
			if (want && (entry_cmp(&e, want) != 0 ||
				     !slice_eq(e.value, want->value)))
				ck_abort_msg("place %zu: wrong version", i);
		}
	}
	ck_assert(!mt_get(mt, slice_str("\x7f"), ENTRY_SEQ_MAX, &e));
	mt_unref(mt);
	entries_fini(&a);
}
END_TEST

START_TEST(bytes_cover_what_is_in_it)
{
	static uint8_t value[64 * 1024];
	struct mt *mt = mt_new();
	struct entry e = { .key = slice_str("key"),
			   .value = slice_of(value, sizeof(value)) };
	unsigned i;

	for (i = 1; i <= 40; i++) {
		e.tag = entry_tag(i, ENTRY_PUT);
		ck_ok(mt_put(mt, &e));
		ck_assert_uint_ge(mt_bytes(mt), i * sizeof(value));
	}
	ck_assert_uint_le(mt_bytes(mt), 2 * 40 * sizeof(value));
	mt_unref(mt);
}
END_TEST

START_TEST(blob_files_are_held)
{
	const uint8_t store_id[16] = "memtable's store";
	struct blob *a, *b;
	struct mt *mt = mt_new();
	struct env *env;

	ck_ok(env_mem_new(&env, 1));
	ck_ok(blob_create(&a, env, 1, 11, store_id));
	ck_ok(blob_create(&b, env, 2, 12, store_id));
	ck_ok(mt_add_blob(mt, a));
	ck_ok(mt_add_blob(mt, a));
	ck_ok(mt_add_blob(mt, b));
	ck_assert_uint_eq(a->refs, 2);
	blob_unref(a);
	blob_unref(b);
	ck_assert_ptr_eq(mt_blob(mt, 1), a);
	ck_assert_ptr_eq(mt_blob(mt, 2), b);
	ck_assert_ptr_null(mt_blob(mt, 3));
	mt_unref(mt);
	env_free(env);
}
END_TEST

/*
 * One writer, several readers.  Put i has sequence number i + 1 and its own
 * index as value; keys come again and again.
 */
static struct {
	struct mt *mt;
	unsigned key[PUTS];
	unsigned again[PUTS];       /* the next put of the same key, or PUTS */
	_Atomic unsigned published; /* puts that are done */
} race;

struct reader {
	struct thread thread;
	uint64_t seed;
	unsigned wrong;
	unsigned rounds;
};

static struct slice race_key(char buf[16], unsigned key)
{
	int n = snprintf(buf, 16, "%s%04u", key % 2 ? "key/" : "", key);

	return slice_of(buf, (size_t)n);
}

static unsigned race_index(const struct entry *e)
{
	unsigned i;

	if (e->value.size != sizeof(i))
		return PUTS;
	memcpy(&i, e->value.data, sizeof(i));
	return i;
}

/* What is found must be the last put of its key among the first @seen. */
static bool get_is_right(unsigned i, unsigned seen)
{
	struct entry e;
	char buf[16];
	unsigned got;

	if (!mt_get(race.mt, race_key(buf, race.key[i]), seen, &e))
		return false;
	got = race_index(&e);
	return got >= i && got < seen && entry_seq(&e) == got + 1 &&
	       race.key[got] == race.key[i] && race.again[got] >= seen;
}

/* A walk that began when @seen were there meets all of those, in order. */
static bool walk_is_right(unsigned seen, bool forward)
{
	struct source *s = mt_source(race.mt);
	struct entry last = { 0 };
	unsigned met = 0;
	bool right = true;
	int rc = forward ? source_first(s) : source_last(s);

	for (; rc == 1; rc = forward ? source_next(s) : source_prev(s)) {
		int order = last.key.data ? entry_cmp(&last, &s->entry) : 0;

		if (last.key.data && (forward ? order >= 0 : order <= 0))
			right = false;
		/* Entries live as long as the table. */
		last = s->entry;
		met += entry_seq(&s->entry) <= seen;
	}
	source_close(s);
	return right && rc == 0 && met == seen;
}

static void read_all(void *arg)
{
	struct reader *r = arg;
	struct mem_rand rand = { .state = r->seed };
	unsigned seen;

	do {
		seen = race.published;
		if (seen == 0)
			continue;
		if (!get_is_right((unsigned)mem_rand_below(&rand, seen), seen))
			r->wrong++;
		if (r->rounds % 500 == 0 &&
		    !walk_is_right(seen, r->rounds % 1000 != 0))
			r->wrong++;
		r->rounds++;
	} while (seen < PUTS);
}

static void prepare_race(void)
{
	unsigned last[KEYS], i;
	struct mem_rand rand = { .state = 9 };

	for (i = 0; i < KEYS; i++)
		last[i] = PUTS;
	for (i = PUTS; i-- > 0;) {
		race.key[i] = (unsigned)mem_rand_below(&rand, KEYS);
		race.again[i] = last[race.key[i]];
		last[race.key[i]] = i;
	}
	race.mt = mt_new();
	race.published = 0;
}

START_TEST(readers_see_all_that_was_published)
{
	struct reader readers[READERS] = { 0 };
	char buf[16];
	unsigned i;

	prepare_race();
	for (i = 0; i < READERS; i++) {
		readers[i].seed = i + 1;
		ck_ok(thread_start(&readers[i].thread, "reader", 0, read_all,
				   &readers[i]));
	}
	for (i = 0; i < PUTS; i++) {
		const struct entry e = {
			.key = race_key(buf, race.key[i]),
			.value = slice_of(&i, sizeof(i)),
			.tag = entry_tag(i + 1, ENTRY_PUT),
		};

		if (mt_put(race.mt, &e) < 0)
			ck_abort_msg("put failed");
		race.published = i + 1;
	}
	for (i = 0; i < READERS; i++) {
		thread_join(&readers[i].thread);
		ck_assert_uint_eq(readers[i].wrong, 0);
		ck_assert_uint_gt(readers[i].rounds, 0);
	}
	mt_unref(race.mt);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mt");
	TCase *tc = suite_case(s, "table");

	tcase_add_test(tc, entries_are_in_order);
	tcase_add_test(tc, empty_table_has_nothing);
	tcase_add_test(tc, get_finds_the_newest_version_in_sight);
	tcase_add_test(tc, bytes_cover_what_is_in_it);
	tcase_add_test(tc, blob_files_are_held);

	tc = suite_case(s, "threads");
	tcase_add_test(tc, readers_see_all_that_was_published);
	return suite_run(s);
}
