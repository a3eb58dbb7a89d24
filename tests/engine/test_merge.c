/* Merging: several sources shown as one, both ways. */
#include "tests/engine/entries.h"

#include <stdio.h>

#include "engine/merge.h"
#include "engine/mt.h"

#define SOURCES 6

/* A source over @count memtables, of which the first stays empty. */
static struct source *spread(struct entries *all, size_t count,
			     unsigned entries, unsigned keys)
{
	struct mem_rand rand = { .state = entries };
	struct source *sources[SOURCES];
	struct mt *mts[SOURCES];
	struct source *merged;
	char text[16];
	unsigned seq;
	size_t i;
	int n;

	for (i = 0; i < count; i++)
		mts[i] = mt_new(0, NULL);
	for (seq = 1; count > 1 && seq <= entries; seq++) {
		n = snprintf(text, sizeof(text), "k%u",
			     (unsigned)mem_rand_below(&rand, keys));
		const struct entry e = {
			.key = slice_of(text, (size_t)n),
			.value = slice_of(&seq, sizeof(seq)),
			.tag = entry_tag(seq, ENTRY_PUT),
		};

		entries_add(all, e.key, e.tag, e.value);
		ck_ok(mt_put(mts[1 + mem_rand_below(&rand, count - 1)], &e));
	}
	entries_sort(all);
	for (i = 0; i < count; i++) {
		sources[i] = mt_source(mts[i]);
		mt_unref(mts[i]);
	}
	merged = merge_source(sources, count);
	ck_assert_ptr_nonnull(merged);
	return merged;
}

static void check(size_t count, unsigned entries, unsigned keys)
{
	struct entries all = { 0 };
	struct source *s = spread(&all, count, entries, keys);

	entries_check_walks(&all, s);
	entries_check_seeks(&all, s);
	entries_check_walks(&all, s);
	source_close(s);
	entries_fini(&all);
}

START_TEST(all_entries_in_order)
{
	size_t count;

	for (count = 2; count <= SOURCES; count++)
		check(count, 300, 1000);
}
END_TEST

START_TEST(versions_of_a_key_in_different_sources)
{
	size_t count;

	for (count = 2; count <= SOURCES; count++) {
		check(count, 200, 10);
		check(count, 50, 1);
	}
}
END_TEST

START_TEST(nothing_to_merge)
{
	check(0, 0, 1);
	check(1, 0, 1);
	check(SOURCES, 0, 1);
}
END_TEST

START_TEST(fewer_entries_than_sources)
{
	check(SOURCES, 1, 10);
	check(SOURCES, 2, 10);
}
END_TEST

/* Sorted entries as a source, with a largest sequence number of their own. */
struct listed {
	struct source source;
	struct entries entries;
	size_t at;
};

static int list_to(struct source *s, size_t at)
{
	struct listed *l = container_of(s, struct listed, source);

	l->at = at;
	if (at >= l->entries.count)
		return 0;
	s->entry = l->entries.at[at];
	return 1;
}

static int list_first(struct source *s)
{
	return list_to(s, 0);
}

static int list_next(struct source *s)
{
	return list_to(s, container_of(s, struct listed, source)->at + 1);
}

static int list_seek(struct source *s, struct slice key)
{
	struct listed *l = container_of(s, struct listed, source);

	return list_to(s, entries_seek(&l->entries, key));
}

static void list_close(struct source *s)
{
	struct listed *l = container_of(s, struct listed, source);

	entries_fini(&l->entries);
	free(l);
}

static const struct source_ops list_ops = {
	.first = list_first,
	.seek = list_seek,
	.next = list_next,
	.close = list_close,
};

/* What merge_skip() leaves: walks on, expecting entries at or behind @to, and
 * those below it that are in sources with something as new as @seq.
 */
static void check_skip(struct source *m, int rc, const struct entries *all,
		       const bool *old, size_t from, struct slice to)
{
	size_t i;

	for (i = from; i < all->count; i++) {
		if (old[i] && slice_cmp(all->at[i].key, to) < 0)
			continue;
		entries_expect(all, i, m, rc);
		rc = source_next(m);
	}
	ck_assert_int_eq(rc, 0);
}

/* Three sources with sequence numbers up to 100, 200 and 300. */
static struct source *layers(struct entries *all, bool *old, uint64_t seq)
{
	struct mem_rand rand = { .state = 9 };
	struct source *sources[3];
	struct listed *l;
	char text[16];
	unsigned i, k;
	size_t n;

	for (i = 0; i < 3; i++) {
		l = calloc(1, sizeof(*l));
		ck_assert_ptr_nonnull(l);
		l->source.ops = &list_ops;
		l->source.seq_max = (uint64_t)100 * (i + 1);
		for (k = 0; k < 60; k++) {
			n = (size_t)snprintf(
				text, sizeof(text), "prefix/%u",
				(unsigned)mem_rand_below(&rand, 90));
			entries_add(&l->entries, slice_of(text, n),
				    entry_tag(100 * i + k + 1, ENTRY_PUT),
				    slice_of(NULL, 0));
			entries_add(all, slice_of(text, n),
				    entry_tag(100 * i + k + 1, ENTRY_PUT),
				    slice_of(NULL, 0));
		}
		entries_sort(&l->entries);
		sources[i] = &l->source;
	}
	entries_sort(all);
	for (n = 0; n < all->count; n++)
		old[n] = (entry_seq(&all->at[n]) - 1) / 100 * 100 + 100 < seq;
	return merge_source(sources, 3);
}

START_TEST(skipping_passes_over_what_is_old)
{
	static const uint64_t seqs[] = { 0, 100, 101, 200, 201, 300, 301, 999 };
	struct entries all = { 0 };
	bool old[3 * 60];
	size_t from, to, i;
	struct source *m = layers(&all, old, seqs[_i]);
	int rc;

	ck_assert_uint_eq(m->seq_max, 300);
	for (from = 0; from < all.count; from += 7) {
		for (to = 0; to < all.count; to += 5) {
			rc = source_first(m);
			for (i = 0; i < from; i++)
				rc = source_next(m);
			ck_assert_int_eq(rc, 1);
			rc = merge_skip(m, all.at[to].key, seqs[_i]);
			check_skip(m, rc, &all, old, from, all.at[to].key);
		}
		rc = source_seek(m, all.at[from].key);
		ck_assert_int_eq(rc, 1);
		rc = merge_skip(m, slice_str("z"), seqs[_i]);
		i = entries_seek(&all, all.at[from].key);
		check_skip(m, rc, &all, old, i, slice_str("z"));
	}
	source_close(m);
	entries_fini(&all);
}
END_TEST

/* A source that fails after some moves, and notes that it was closed. */
struct failing {
	struct source source;
	unsigned left; /* moves that succeed */
	bool *closed;
};

static int failing_move(struct source *s)
{
	struct failing *f = container_of(s, struct failing, source);

	if (f->left == 0)
		return -EIO;
	f->left--;
	s->entry = (struct entry){ .key = slice_str("k"),
				   .tag = entry_tag(f->left + 1, ENTRY_PUT) };
	return 1;
}

static int failing_seek(struct source *s, struct slice key UNUSED)
{
	return failing_move(s);
}

static void failing_close(struct source *s)
{
	struct failing *f = container_of(s, struct failing, source);

	*f->closed = true;
	free(f);
}

static const struct source_ops failing_ops = {
	.first = failing_move,
	.last = failing_move,
	.seek = failing_seek,
	.seek_before = failing_seek,
	.next = failing_move,
	.prev = failing_move,
	.close = failing_close,
};

START_TEST(errors_of_a_source_come_through)
{
	unsigned left, moves;
	int rc;

	for (left = 0; left < 4; left++) {
		struct failing *f = calloc(1, sizeof(*f));
		struct mt *mt = mt_new(0, NULL);
		struct source *sources[2], *s;
		bool closed = false;

		ck_assert_ptr_nonnull(f);
		f->source.ops = &failing_ops;
		f->left = left;
		f->closed = &closed;
		sources[0] = mt_source(mt);
		sources[1] = &f->source;
		mt_unref(mt);
		s = merge_source(sources, 2);
		moves = 0;
		for (rc = source_first(s); rc == 1; rc = source_next(s))
			moves++;
		ck_assert_int_eq(rc, -EIO);
		ck_assert_uint_eq(moves, left);
		source_close(s);
		ck_assert(closed);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("merge");
	TCase *tc = suite_case(s, "merge");

	tcase_add_test(tc, all_entries_in_order);
	tcase_add_test(tc, versions_of_a_key_in_different_sources);
	tcase_add_test(tc, nothing_to_merge);
	tcase_add_test(tc, fewer_entries_than_sources);
	tcase_add_loop_test(tc, skipping_passes_over_what_is_old, 0, 8);
	tcase_add_test(tc, errors_of_a_source_come_through);
	return suite_run(s);
}
