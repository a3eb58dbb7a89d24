/*
 * Sorted entries in an array: what a source should show, in the simplest way.
 *
 * The tests fill an array and whatever is under test with the same entries,
 * and compare every move of a source with the same move in the array.
 */
#ifndef TESTS_ENGINE_ENTRIES_H
#define TESTS_ENGINE_ENTRIES_H

#include "tests/suite.h"

#include "engine/base/mem_rand.h"
#include "engine/source.h"

struct entries {
	struct entry *at; /* owned, with the bytes of each key and value */
	size_t count;
};

static inline void entries_fini(struct entries *a)
{
	size_t i;

	for (i = 0; i < a->count; i++)
		free((void *)a->at[i].key.data);
	free(a->at);
	*a = (struct entries){ 0 };
}

static inline void entries_add(struct entries *a, struct slice key,
			       uint64_t tag, struct slice value)
{
	uint8_t *bytes = malloc(key.size + value.size + 1);

	/* Twice as large whenever it is full: at each power of two. */
	if ((a->count & (a->count - 1)) == 0)
		a->at = realloc(a->at,
				size_max(2 * a->count, 1) * sizeof(*a->at));
	if (!bytes || !a->at)
		ck_abort_msg("out of memory");
	if (key.size)
		memcpy(bytes, key.data, key.size);
	if (value.size)
		memcpy(bytes + key.size, value.data, value.size);
	a->at[a->count++] = (struct entry){
		.key = slice_of(bytes, key.size),
		.value = slice_of(bytes + key.size, value.size),
		.tag = tag,
	};
}

static inline int entries_order(const void *a, const void *b)
{
	return entry_cmp(a, b);
}

static inline void entries_sort(struct entries *a)
{
	if (a->count)
		qsort(a->at, a->count, sizeof(*a->at), entries_order);
}

/* The place of the first entry whose key is not before @key. */
static inline size_t entries_seek(const struct entries *a, struct slice key)
{
	size_t i = 0;

	while (i < a->count && slice_cmp(a->at[i].key, key) < 0)
		i++;
	return i;
}

/* A move returned @rc and must have led to place @i, if there is one. */
static inline void entries_expect(const struct entries *a, size_t i,
				  const struct source *s, int rc)
{
	if (rc != (i < a->count))
		ck_abort_msg("place %zu of %zu: the move returned %d", i,
			     a->count, rc);
	if (rc == 1 && (entry_cmp(&s->entry, &a->at[i]) != 0 ||
			!slice_eq(s->entry.value, a->at[i].value)))
		ck_abort_msg("place %zu of %zu: another entry", i, a->count);
}

/* From end to end, both ways. */
static inline void entries_check_walks(const struct entries *a,
				       struct source *s)
{
	size_t i;
	int rc = source_first(s);

	for (i = 0; i < a->count; i++) {
		entries_expect(a, i, s, rc);
		rc = source_next(s);
	}
	entries_expect(a, i, s, rc);

	rc = source_last(s);
	for (i = a->count; i-- > 0;) {
		entries_expect(a, i, s, rc);
		rc = source_prev(s);
	}
	entries_expect(a, a->count, s, rc);
}

/* Both seeks to @key, and some steps on the way that each has taken. */
static inline void entries_check_seek(const struct entries *a, struct source *s,
				      struct slice key)
{
	const size_t place = entries_seek(a, key);
	size_t i = place, end = size_min(place + 20, a->count);
	int rc = source_seek(s, key);

	entries_expect(a, i, s, rc);
	while (i < end) {
		rc = source_next(s);
		entries_expect(a, ++i, s, rc);
	}

	/* Before the first entry the index is SIZE_MAX: no place. */
	i = place - 1;
	end = place > 20 ? place - 20 : 0;
	rc = source_seek_before(s, key);
	entries_expect(a, i, s, rc);
	while (i < a->count && i >= end) {
		rc = source_prev(s);
		entries_expect(a, --i, s, rc);
	}
}

/*
 * Seeks to what is there, and to what is just beside it; in large arrays only
 * now and then.
 */
static inline void entries_check_seeks(const struct entries *a,
				       struct source *s)
{
	uint8_t near[2048];
	size_t i, n;

	entries_check_seek(a, s, slice_of(NULL, 0));
	memset(near, 0xff, sizeof(near));
	entries_check_seek(a, s, slice_of(near, sizeof(near)));
	for (i = 0; i < a->count; i += 1 + a->count / 500) {
		n = a->at[i].key.size;
		entries_check_seek(a, s, a->at[i].key);
		memcpy(near, a->at[i].key.data, n);
		near[n] = 0;
		entries_check_seek(a, s, slice_of(near, n + 1));
		entries_check_seek(a, s, slice_of(near, n - 1));
		near[n - 1]--;
		entries_check_seek(a, s, slice_of(near, n));
		near[n - 1] += 2;
		entries_check_seek(a, s, slice_of(near, n));
	}
}

/* To and fro at random, for sources that can turn round. */
static inline void entries_check_turns(const struct entries *a,
				       struct source *s, unsigned steps)
{
	struct mem_rand rand = { .state = steps };
	size_t at = a->count, to;

	while (steps-- > 0) {
		if (at >= a->count || mem_rand_below(&rand, 30) == 0) {
			to = mem_rand_below(&rand, a->count);
			at = entries_seek(a, a->at[to].key);
			entries_expect(a, at, s, source_seek(s, a->at[to].key));
		} else if (mem_rand_below(&rand, 2)) {
			entries_expect(a, ++at, s, source_next(s));
		} else {
			entries_expect(a, --at, s, source_prev(s));
		}
	}
}

#endif
