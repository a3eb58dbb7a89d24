/* A source over the tables of one level: see level_source() in sst.h. */
#include <stdlib.h>

#include "engine/cache.h"
#include "engine/sst.h"

struct level_iter {
	struct source source;
	struct sst *const *ssts; /* borrowed */
	size_t count;
	size_t index;           /* of the table that is open */
	struct source *current; /* owned, NULL before the first seek */
	struct cache *cache;
};

/* Opens table @index, unless it is the one that is open. */
static int open_table(struct level_iter *it, size_t index)
{
	struct source *s;

	if (it->current && it->index == index)
		return 0;
	s = sst_source(it->ssts[index], it->cache);
	if (!s)
		return -ENOMEM;
	source_close(it->current);
	it->current = s;
	it->index = index;
	return 0;
}

static int show(struct level_iter *it, int rc)
{
	if (rc == 1)
		it->source.entry = it->current->entry;
	return rc;
}

static int enter(struct level_iter *it, size_t index, bool first)
{
	int rc = open_table(it, index);

	if (rc < 0)
		return rc;
	rc = first ? source_first(it->current) : source_last(it->current);
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

/* The first table whose last key is not before @key. */
static size_t find_table(const struct level_iter *it, struct slice key)
{
	size_t lo = 0, hi = it->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (slice_cmp(sst_key_max(it->ssts[mid]), key) < 0)
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
	return show(it, source_seek(it->current, key));
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
	rc = source_seek_before(it->current, key);
	if (rc == 0 && index > 0)
		return enter(it, index - 1, false);
	return show(it, rc);
}

static int level_iter_next(struct source *s)
{
	struct level_iter *it = container_of(s, struct level_iter, source);
	int rc = source_next(it->current);

	if (rc == 0 && it->index + 1 < it->count)
		return enter(it, it->index + 1, true);
	return show(it, rc);
}

static int level_iter_prev(struct source *s)
{
	struct level_iter *it = container_of(s, struct level_iter, source);
	int rc = source_prev(it->current);

	if (rc == 0 && it->index > 0)
		return enter(it, it->index - 1, false);
	return show(it, rc);
}

static void level_iter_close(struct source *s)
{
	struct level_iter *it = container_of(s, struct level_iter, source);

	source_close(it->current);
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

struct source *level_source(struct sst *const *ssts, size_t count,
			    struct cache *cache)
{
	struct level_iter *it = calloc(1, sizeof(*it));

	if (!it)
		return NULL;
	it->source.ops = &level_iter_ops;
	it->ssts = ssts;
	it->count = count;
	it->cache = cache;
	return &it->source;
}
