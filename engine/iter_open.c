/* Opening and closing an iterator, and the memory that it takes. */
#include <stdlib.h>

#include "engine/cover.h"
#include "engine/iter.h"
#include "engine/snapshot.h"

/* Rounded up to this, so that a spare serves when a few tables have come. */
#define TABLES_ROUND 16

/* A larger buffer goes with the iterator that needed it. */
#define BUF_KEPT_MAX (4 * KIB)

/* ------------------------------------------------------------- memory -- */

static void iter_free(struct kv_iter *it)
{
	if (!it)
		return;
	buf_fini(&it->lower);
	buf_fini(&it->upper);
	buf_fini(&it->key);
	buf_fini(&it->copied);
	buf_fini(&it->run_first);
	buf_fini(&it->void_from);
	buf_fini(&it->void_to);
	free(it->children);
	free(it);
}

/* An iterator over nothing, with room for @tables. */
static struct kv_iter *iter_new(size_t tables)
{
	size_t all;
	struct kv_iter *it;

	tables = (tables / TABLES_ROUND + 1) * TABLES_ROUND;
	all = tables + ITER_MTS;
	it = calloc(1, sizeof(*it) + tables * sizeof(it->levels[0]));
	if (!it)
		return NULL;
	it->tables = tables;
	it->children = calloc(all,
			      sizeof(it->children[0]) + sizeof(it->sources[0]));
	it->sources = (struct source **)(it->children + all);
	if (!it->children) {
		free(it);
		return NULL;
	}
	return it;
}

/* Where the calling thread keeps its spare. */
static _Atomic(struct kv_iter *) *spare_of(struct kv *kv)
{
	return &kv->spare_iters[stats_thread.shard % STORE_SPARE_ITERS];
}

static struct kv_iter *take_memory(struct kv *kv, size_t tables)
{
	struct kv_iter *it = atomic_exchange_explicit(spare_of(kv), NULL,
						      memory_order_acquire);

	if (likely(it && it->tables >= tables))
		return it;
	iter_free(it);
	return iter_new(tables);
}

static void keep_buf(struct buf *b)
{
	if (unlikely(b->cap > BUF_KEPT_MAX))
		buf_fini(b);
	buf_reset(b);
}

static void give_memory(struct kv *kv, struct kv_iter *it)
{
	keep_buf(&it->copied);
	iter_free(atomic_exchange_explicit(spare_of(kv), it,
					   memory_order_acq_rel));
}

void iter_free_spares(struct kv *kv)
{
	size_t i;

	for (i = 0; i < STORE_SPARE_ITERS; i++)
		iter_free(kv->spare_iters[i]);
}

/* ------------------------------------------------------------ sources -- */

/* Whether the table begins at the upper bound or behind it. */
static bool is_above(const struct kv_iter *it, const struct sst *sst)
{
	return it->upper.size > 0 &&
	       slice_cmp(sst_key_min(sst), buf_slice(&it->upper)) >= 0;
}

static bool is_below(const struct kv_iter *it, const struct sst *sst)
{
	return it->lower.size > 0 &&
	       sst_ends_before(sst, buf_slice(&it->lower));
}

/* The tables of a level below L0 that reach into the bounds. */
static void narrow(const struct kv_iter *it, const struct level *l,
		   size_t *first, size_t *count)
{
	size_t lo = 0, hi = l->count, mid;

	while (it->lower.size > 0 && lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (is_below(it, l->ssts[mid]))
			lo = mid + 1;
		else
			hi = mid;
	}
	*first = lo;
	hi = l->count;
	while (it->upper.size > 0 && lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (is_above(it, l->ssts[mid]))
			hi = mid;
		else
			lo = mid + 1;
	}
	*count = hi - *first;
}

/* Makes the merge, of all that reaches into the bounds. */
static void make_merge(struct kv_iter *it)
{
	const struct view *view = it->view;
	const struct level *const *levels = (const struct level *const *)
						    view->version->levels;
	struct cache *cache = it->kv->blocks;
	unsigned below = view->version->filled & ~1u;
	size_t n = 0, tables = 0, i, first, count;

	it->sources[n++] = mt_iter_init(&it->mts[0], view->active.mt);
	for (i = 0; i < view->frozen_count; i++)
		it->sources[n++] = mt_iter_init(&it->mts[i + 1],
						view->frozen[i].mt);
	for (i = 0; i < levels[0]->count; i++) {
		struct sst *const *sst = &levels[0]->ssts[i];

		if (is_above(it, *sst) || is_below(it, *sst))
			continue;
		it->sources[n++] = level_iter_init(&it->levels[tables++], sst,
						   1, (*sst)->props.seq_max,
						   cache);
	}
	for (; below; below &= below - 1) {
		const struct level *l = levels[__builtin_ctz(below)];

		narrow(it, l, &first, &count);
		if (count == 0)
			continue;
		it->sources[n++] = level_iter_init(&it->levels[tables++],
						   l->ssts + first, count,
						   l->seq_max, cache);
	}
	assert(tables <= it->tables);
	it->merge = merge_init(&it->merged, it->sources, it->children, n);
}

/* ------------------------------------------------------ opening, closing -- */

void kv_iter_close(struct kv_iter *it)
{
	struct view *view;

	if (!it)
		return;
	view = it->view;
	cache_release(it->blob);
	source_close(it->merge);
	give_memory(it->kv, it);
	/* Perhaps the last one: then it ends here, and so do its tables. */
	view_unref(view);
}

int kv_iter_open_at(struct kv_iter **out, struct kv *kv,
		    const struct kv_snapshot *snapshot, struct slice lower,
		    struct slice upper)
{
	struct kv_iter *it;
	struct view *view;
	uint64_t seq;
	int rc;

	stats_add(kv->stats, STATS_ITERATORS, 1);
	view = store_view_at(kv, &seq);
	it = take_memory(kv, view->version->levels[0]->count + VERSION_LEVELS);
	if (!it) {
		view_unref(view);
		return -ENOMEM;
	}
	it->kv = kv;
	it->view = view;
	it->seq = snapshot ? snapshot->seq : seq;
	it->blob = NULL;
	it->ended = true;
	it->forward = false;
	it->ranges = cover_any(view);
	it->stale = false;
	/* Speaks of no key yet. */
	it->cover = (struct range_cover){ .until = slice_str("") };
	it->run = 0;
	it->watch = 0;
	rc = buf_assign(&it->lower, lower);
	if (rc == 0)
		rc = buf_assign(&it->upper, upper);
	if (rc < 0) {
		it->merge = NULL;
		kv_iter_close(it);
		return rc;
	}
	make_merge(it);
	*out = it;
	return 0;
}

int kv_iter_open(struct kv_iter **out, struct kv *kv, struct slice lower,
		 struct slice upper)
{
	return kv_iter_open_at(out, kv, NULL, lower, upper);
}

int kv_iter_open_prefix(struct kv_iter **out, struct kv *kv,
			const struct kv_snapshot *snapshot, struct slice prefix)
{
	uint8_t upper[KV_KEY_MAX];
	size_t size = prefix.size;

	if (size > KV_KEY_MAX)
		return -EINVAL;
	/* The first key behind all with the prefix: its last byte that can
	 * be raised is, and the rest goes; if none can, there is no bound. */
	if (size > 0)
		memcpy(upper, prefix.data, size);
	while (size > 0 && upper[size - 1] == 0xff)
		size--;
	if (size > 0)
		upper[size - 1]++;
	return kv_iter_open_at(out, kv, snapshot, prefix,
			       slice_of(upper, size));
}
