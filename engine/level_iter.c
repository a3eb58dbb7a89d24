/*
 * Sources over SSTs: see sst_source() and level_source() in sst.h.  One table
 * is a level of one, so that a step costs the same in both.
 */
#include <stdlib.h>

#include "engine/sst_iter.h"

struct level_iter {
	struct source source;
	struct sst *const *ssts; /* borrowed */
	size_t count;
	size_t index;       /* of the table that @in stands in */
	struct sst_iter in; /* nowhere before the first seek */
	struct sst *one;    /* owned reference, or NULL: sst_source() */
};

/* Opens table @index, unless it is the one that is open. */
static int open_table(struct level_iter *it, size_t index)
{
	int rc = 0;

	if (it->in.sst != it->ssts[index])
		rc = sst_iter_open(&it->in, it->ssts[index]);
	if (rc < 0)
		return rc;
	it->index = index;
	return 0;
}

static int show(struct level_iter *it, int rc)
{
	if (likely(rc == 1))
		sst_iter_entry(&it->in, &it->source.entry);
	return rc;
}

static int enter(struct level_iter *it, size_t index, bool first)
{
	int rc = open_table(it, index);

	if (rc < 0)
		return rc;
	rc = first ? sst_iter_first(&it->in) : sst_iter_last(&it->in);
	return show(it, rc);
}

static int level_iter_first(struct source *s)
{
	struct level_iter *it = container_of(s, struct level_iter, source);

	return it->count ? enter(it, 0, true) : 0;
}

static int level_iter_last(struct source *s)
{
	struct level_iter *it = container_of(s, struct level_iter, source);

	return it->count ? enter(it, it->count - 1, false) : 0;
}

/* The first table that does not end before @key. */
static size_t find_table(const struct level_iter *it, struct slice key)
{
	size_t lo = 0, hi = it->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (sst_ends_before(it->ssts[mid], key))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int level_iter_seek(struct source *s, struct slice key)
{
	struct level_iter *it = container_of(s, struct level_iter, source);
	size_t index = find_table(it, key);
	int rc;

	if (index == it->count)
		return 0;
	rc = open_table(it, index);
	if (rc < 0)
		return rc;
	rc = sst_iter_seek(&it->in, key);
	/* Behind the last entry a table may have range tombstones. */
	if (rc == 0 && index + 1 < it->count)
		return enter(it, index + 1, true);
	return show(it, rc);
}

static int level_iter_seek_before(struct source *s, struct slice key)
{
	struct level_iter *it = container_of(s, struct level_iter, source);
	size_t index = find_table(it, key);
	int rc;

	if (index == it->count)
		return level_iter_last(s);
	rc = open_table(it, index);
	if (rc < 0)
		return rc;
	rc = sst_iter_seek_before(&it->in, key);
	if (rc == 0 && index > 0)
		return enter(it, index - 1, false);
	return show(it, rc);
}

static int level_iter_next(struct source *s)
{
	struct level_iter *it = container_of(s, struct level_iter, source);
	int rc = sst_iter_next(&it->in);

	if (rc == 0 && it->index + 1 < it->count)
		return enter(it, it->index + 1, true);
	return show(it, rc);
}

static int level_iter_prev(struct source *s)
{
	struct level_iter *it = container_of(s, struct level_iter, source);
	int rc = sst_iter_prev(&it->in);

	if (rc == 0 && it->index > 0)
		return enter(it, it->index - 1, false);
	return show(it, rc);
}

static void level_iter_close(struct source *s)
{
	struct level_iter *it = container_of(s, struct level_iter, source);

	sst_iter_fini(&it->in);
	sst_unref(it->one);
	free(it);
}

static const struct source_ops level_iter_ops = {
	.first = level_iter_first,
	.last = level_iter_last,
	.seek = level_iter_seek,
	.seek_before = level_iter_seek_before,
	.next = level_iter_next,
	.prev = level_iter_prev,
	.close = level_iter_close,
};

static struct level_iter *level_iter_new(struct cache *cache)
{
	struct level_iter *it = calloc(1, sizeof(*it));

	if (!it)
		return NULL;
	it->source.ops = &level_iter_ops;
	sst_iter_init(&it->in, cache);
	return it;
}

struct source *level_source(struct sst *const *ssts, size_t count,
			    struct cache *cache)
{
	struct level_iter *it = level_iter_new(cache);
	size_t i;

	if (!it)
		return NULL;
	it->ssts = ssts;
	it->count = count;
	for (i = 0; i < count; i++)
		it->source.seq_max = u64_max(it->source.seq_max,
					     ssts[i]->props.seq_max);
	return &it->source;
}

struct source *sst_source(struct sst *sst, struct cache *cache)
{
	struct level_iter *it = level_iter_new(cache);

	if (!it)
		return NULL;
	it->one = sst_ref(sst);
	it->ssts = &it->one;
	it->count = 1;
	it->source.seq_max = sst->props.seq_max;
	return &it->source;
}
