/* Iterating over one SST: see sst.h. */
#include <stdlib.h>

#include "engine/block.h"
#include "engine/cache.h"
#include "engine/sst.h"

/*
 * Three block iterators, one above the other: root index, index block (unused
 * if the index has one level) and data block.  The upper ones stand on the
 * entry that leads to the block below.
 */
enum { ROOT, INDEX, DATA, DEPTH };

struct sst_iter {
	struct source source;
	struct sst *sst; /* owned reference */
	struct sst_reader *reader;
	struct cache *cache;
	struct block_iter at[DEPTH];
	struct cache_entry *held[DEPTH]; /* the blocks; none for the root */
};

static int above(const struct sst_iter *it, int depth)
{
	return depth == DATA && it->sst->props.index_levels == 2 ? INDEX : ROOT;
}

static int below(const struct sst_iter *it, int depth)
{
	return depth == ROOT && it->sst->props.index_levels == 2 ? INDEX : DATA;
}

/* Loads the block that the entry above leads to. */
static int load_block(struct sst_iter *it, int depth)
{
	struct block_iter *up = &it->at[above(it, depth)];
	struct cache_entry *block;
	struct sst_handle handle;
	int rc;

	rc = sst_handle_decode(&handle, up->source.entry.value);
	if (rc == 0)
		rc = sst_block(it->sst, it->reader, it->cache, handle, &block);
	if (rc < 0)
		return rc;
	cache_release(it->held[depth]);
	it->held[depth] = block;
	return block_iter_set(&it->at[depth], cache_data(block));
}

/* One step at @depth, into the neighbouring block if need be. */
static int step(struct sst_iter *it, int depth, bool forward)
{
	struct source *s = &it->at[depth].source;
	int rc = forward ? source_next(s) : source_prev(s);

	if (rc != 0 || depth == ROOT)
		return rc;
	rc = step(it, above(it, depth), forward);
	if (rc != 1)
		return rc;
	rc = load_block(it, depth);
	if (rc < 0)
		return rc;
	return forward ? source_first(s) : source_last(s);
}

enum move { FIRST, LAST, SEEK };

/*
 * Goes down from the root.  Index entries are the last keys of what they lead
 * to, so that the same seek finds the way on every level.
 */
static int descend(struct sst_iter *it, enum move move, struct slice key)
{
	int depth, rc;

	if (!it->reader) {
		rc = sst_reader_get(it->sst, &it->reader);
		if (rc < 0)
			return rc;
	}
	rc = block_iter_set(&it->at[ROOT],
			    slice_of(it->reader->root, it->reader->root_size));
	for (depth = ROOT; rc == 0; depth = below(it, depth)) {
		struct source *s = &it->at[depth].source;

		if (depth != ROOT)
			rc = load_block(it, depth);
		if (rc < 0)
			return rc;
		rc = move == FIRST  ? source_first(s)
		     : move == LAST ? source_last(s)
				    : source_seek(s, key);
		if (rc != 1 || depth == DATA)
			return rc;
		rc = 0;
	}
	return rc;
}

static int show(struct sst_iter *it, int rc)
{
	if (rc == 1)
		it->source.entry = it->at[DATA].source.entry;
	return rc;
}

static int sst_iter_first(struct source *s)
{
	struct sst_iter *it = container_of(s, struct sst_iter, source);

	return show(it, descend(it, FIRST, slice_of(NULL, 0)));
}

static int sst_iter_last(struct source *s)
{
	struct sst_iter *it = container_of(s, struct sst_iter, source);

	return show(it, descend(it, LAST, slice_of(NULL, 0)));
}

static int sst_iter_seek(struct source *s, struct slice key)
{
	struct sst_iter *it = container_of(s, struct sst_iter, source);

	return show(it, descend(it, SEEK, key));
}

static int sst_iter_seek_before(struct source *s, struct slice key)
{
	struct sst_iter *it = container_of(s, struct sst_iter, source);

	int rc = descend(it, SEEK, key);

	if (rc == 0)
		rc = descend(it, LAST, key);
	else if (rc == 1)
		rc = step(it, DATA, false);
	return show(it, rc);
}

static int sst_iter_next(struct source *s)
{
	struct sst_iter *it = container_of(s, struct sst_iter, source);

	return show(it, step(it, DATA, true));
}

static int sst_iter_prev(struct source *s)
{
	struct sst_iter *it = container_of(s, struct sst_iter, source);

	return show(it, step(it, DATA, false));
}

static void sst_iter_close(struct source *s)
{
	struct sst_iter *it = container_of(s, struct sst_iter, source);
	int depth;

	for (depth = ROOT; depth < DEPTH; depth++) {
		block_iter_fini(&it->at[depth]);
		cache_release(it->held[depth]);
	}
	sst_unref(it->sst);
	free(it);
}

static const struct source_ops sst_iter_ops = {
	.first = sst_iter_first,
	.last = sst_iter_last,
	.seek = sst_iter_seek,
	.seek_before = sst_iter_seek_before,
	.next = sst_iter_next,
	.prev = sst_iter_prev,
	.close = sst_iter_close,
};

struct source *sst_source(struct sst *sst, struct cache *cache)
{
	struct sst_iter *it = calloc(1, sizeof(*it));
	int depth;

	if (!it)
		return NULL;
	it->source.ops = &sst_iter_ops;
	it->sst = sst_ref(sst);
	it->cache = cache;
	for (depth = ROOT; depth < DEPTH; depth++)
		block_iter_init(&it->at[depth]);
	return &it->source;
}
