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
		mts[i] = mt_new();
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
		struct mt *mt = mt_new();
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
	tcase_add_test(tc, errors_of_a_source_come_through);
	return suite_run(s);
}
