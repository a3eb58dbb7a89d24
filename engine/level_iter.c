#include "engine/level_iter.h"

#include <stdlib.h>

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

static inline int show(struct level_iter *it, int rc)
{
	if (likely(rc == 1))
		sst_iter_entry(&it->in, &it->source.entry);
	return rc;
}

/* A bound before all entries of a key there is, and one behind them. */
#define TAG_NEWEST UINT64_MAX
#define TAG_OLDEST 0

/* To the first or, backwards, the last entry of the table. */
static int reach_end(struct level_iter *it)
{
	int rc = open_table(it, it->index);

	it->source.state = SOURCE_AT;
	if (rc < 0)
		return rc;
	rc = it->backward ? sst_iter_last(&it->in) : sst_iter_first(&it->in);
	return show(it, rc);
}

/* The same of table @index, or ahead of it. */
static int enter(struct level_iter *it, size_t index, bool backward)
{
	const struct sst *sst = it->ssts[index];

	it->index = index;
	it->backward = backward;
	if (!it->lazy)
		return reach_end(it);
	it->source.state = SOURCE_AHEAD;
	it->source.entry = (struct entry){
		.key = backward ? sst_key_max(sst) : sst_key_min(sst),
		.tag = backward ? TAG_OLDEST : TAG_NEWEST,
	};
	return 1;
}

/* The table has nothing more that way: to its neighbour, if there is one. */
static int leave(struct level_iter *it)
{
	if (it->backward)
		return it->index > 0 ? enter(it, it->index - 1, true) : 0;
	return it->index + 1 < it->count ? enter(it, it->index + 1, false) : 0;
}

/* The last part of a seek in the table. */
static int reach_key(struct level_iter *it)
{
	int rc;

	it->source.state = SOURCE_AT;
	rc = it->backward ? sst_iter_seek_entry_before(&it->in, it->key)
			  : sst_iter_seek_entry(&it->in, it->key);
	return rc == 0 ? leave(it) : show(it, rc);
}

static int level_iter_arrive(struct source *s)
{
	struct level_iter *it = container_of(s, struct level_iter, source);

	if (s->state == SOURCE_AHEAD)
		return reach_end(it);
	if (it->near)
		return reach_key(it);
	sst_iter_seek_near(&it->in, it->key);
	it->near = true;
	return 1;
}

/* Begins to seek @key in table @index, which may be where it leads. */
static int seek_table(struct level_iter *it, size_t index, struct slice key,
		      bool backward)
{
	int rc = open_table(it, index);

	it->backward = backward;
	if (rc == 0)
		rc = sst_iter_seek_page(&it->in, key);
	if (rc < 0)
		return rc;
	/* Behind the last entry a table may have range tombstones. */
	if (rc == 0)
		return backward ? reach_end(it) : leave(it);
	it->key = key;
	it->near = false;
	if (it->lazy) {
		it->source.state = SOURCE_WAITING;
		return 1;
	}
	sst_iter_seek_near(&it->in, key);
	return reach_key(it);
}

static int level_iter_first(struct source *s)
{
	struct level_iter *it = container_of(s, struct level_iter, source);

	return it->count ? enter(it, 0, false) : 0;
}

static int level_iter_last(struct source *s)
{
	struct level_iter *it = container_of(s, struct level_iter, source);

	return it->count ? enter(it, it->count - 1, true) : 0;
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

/* Whether every key in the table is @key or sorts behind it. */
static bool begins_at(const struct level_iter *it, size_t index,
		      struct slice key)
{
	return slice_cmp(key, sst_key_min(it->ssts[index])) <= 0;
}

static int level_iter_seek(struct source *s, struct slice key)
{
	struct level_iter *it = container_of(s, struct level_iter, source);
	size_t index = find_table(it, key);

	it->source.state = SOURCE_AT;
	if (index == it->count)
		return 0;
	if (begins_at(it, index, key))
		return enter(it, index, false);
	return seek_table(it, index, key, false);
}

static int level_iter_seek_before(struct source *s, struct slice key)
{
	struct level_iter *it = container_of(s, struct level_iter, source);
	size_t index = find_table(it, key);

	it->source.state = SOURCE_AT;
	if (index == it->count)
		return level_iter_last(s);
	if (begins_at(it, index, key))
		return index > 0 ? enter(it, index - 1, true) : 0;
	return seek_table(it, index, key, true);
}

static int level_iter_next(struct source *s)
{
	struct level_iter *it = container_of(s, struct level_iter, source);
	int rc = sst_iter_next(&it->in);

	it->backward = false;
	return unlikely(rc == 0) ? leave(it) : show(it, rc);
}

static int level_iter_prev(struct source *s)
{
	struct level_iter *it = container_of(s, struct level_iter, source);
	int rc = sst_iter_prev(&it->in);

	it->backward = true;
	return unlikely(rc == 0) ? leave(it) : show(it, rc);
}

static void level_iter_close(struct source *s)
{
	struct level_iter *it = container_of(s, struct level_iter, source);

	sst_iter_fini(&it->in);
	sst_unref(it->owned);
	if (it->heap)
		free(it);
}

static const struct source_ops level_iter_ops = {
	.first = level_iter_first,
	.last = level_iter_last,
	.seek = level_iter_seek,
	.seek_before = level_iter_seek_before,
	.next = level_iter_next,
	.prev = level_iter_prev,
	.arrive = level_iter_arrive,
	.close = level_iter_close,
};

struct source *level_iter_init(struct level_iter *it, struct sst *const *ssts,
			       size_t count, uint64_t seq_max,
			       struct cache *cache)
{
	it->source = (struct source){ .ops = &level_iter_ops,
				      .seq_max = seq_max };
	it->ssts = ssts;
	it->count = count;
	it->lazy = true;
	it->owned = NULL;
	it->heap = false;
	sst_iter_init(&it->in, cache);
	return &it->source;
}

static struct level_iter *level_iter_new(struct sst *const *ssts, size_t count,
					 struct cache *cache)
{
	struct level_iter *it = malloc(sizeof(*it));
	uint64_t seq_max = 0;
	size_t i;

	if (!it)
		return NULL;
	for (i = 0; i < count; i++)
		seq_max = u64_max(seq_max, ssts[i]->props.seq_max);
	level_iter_init(it, ssts, count, seq_max, cache);
	it->lazy = false;
	it->heap = true;
	return it;
}

struct source *level_source(struct sst *const *ssts, size_t count,
			    struct cache *cache)
{
	struct level_iter *it = level_iter_new(ssts, count, cache);

	return it ? &it->source : NULL;
}

struct source *sst_source(struct sst *sst, struct cache *cache)
{
	struct level_iter *it = level_iter_new(&sst, 1, cache);

	if (!it)
		return NULL;
	it->owned = sst_ref(sst);
	it->ssts = &it->owned;
	return &it->source;
}
