/* Point reads: memtables first, then the levels from the newest down. */
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/cover.h"
#include "engine/filter.h"
#include "engine/read.h"
#include "engine/snapshot.h"
#include "engine/store.h"

#define CANDIDATES_MAX 16

static void unpin_block(void *what)
{
	cache_release(what);
}

static void unpin_view(void *what)
{
	view_unref(what);
}

/* A point read under way. */
struct search {
	struct kv *kv;
	struct slice key;
	uint64_t hash;
	uint64_t seq;   /* newest change to be seen */
	uint64_t cover; /* what is older is hidden by a range tombstone */
	enum stats_counter where; /* the newest entry was found */
};

/* 1 and @found, or 0, or < 0. */
static int find_in_table(const struct search *s, struct sst *sst,
			 struct sst_found *found)
{
	int rc;

	if (sst->props.seq_max < s->cover)
		return 0;
	rc = sst_get(sst, s->kv->blocks, s->key, s->hash, s->seq, found);
	if (rc == 0)
		stats_add(s->kv->stats,
			  found->searched ? STATS_FILTER_FALSE
					  : STATS_FILTER_USEFUL,
			  1);
	return rc;
}

/*
 * Tables of L0 that may hold the key, newest first.  They are gathered before
 * the first of them is asked, since nearly all that asking takes is to wait for
 * a line of each one's filter: so those lines come together.
 */
struct candidates {
	struct sst *ssts[CANDIDATES_MAX];
	unsigned count;
};

/* Asks those that were gathered. */
static int find_in_candidates(const struct search *s, struct candidates *c,
			      struct sst_found *found)
{
	unsigned i;
	int rc = 0;

	/* One is asked as soon as that. */
	for (i = 0; c->count > 1 && i < c->count; i++)
		sst_prefetch(c->ssts[i], s->hash);
	for (i = 0; rc == 0 && i < c->count; i++)
		rc = find_in_table(s, c->ssts[i], found);
	c->count = 0;
	return rc;
}

static int find_in_l0(const struct search *s, const struct level *l,
		      struct sst_found *found)
{
	struct candidates c;
	size_t i;
	int rc;

	c.count = 0;
	for (i = 0; i < l->count; i++) {
		if (!sst_may_hold(l->ssts[i], s->key))
			continue;
		c.ssts[c.count++] = l->ssts[i];
		if (c.count < CANDIDATES_MAX)
			continue;
		rc = find_in_candidates(s, &c, found);
		if (rc != 0)
			return rc;
	}
	return c.count > 0 ? find_in_candidates(s, &c, found) : 0;
}

/* The tables that may hold the key, newest first. */
static int find_in_tables(const struct search *s, const struct version *v,
			  struct sst_found *found)
{
	/* Most levels are empty, as a rule. */
	unsigned below = v->filled & ~1u;
	struct sst *sst;
	int rc;

	rc = find_in_l0(s, v->levels[0], found);
	for (; rc == 0 && below; below &= below - 1) {
		sst = level_find(v->levels[__builtin_ctz(below)], s->key);
		if (sst)
			rc = find_in_table(s, sst, found);
	}
	return rc;
}

void read_release(struct read_found *f)
{
	cache_release(f->block);
	view_unref(f->view);
}

static int find_in_view(struct search *s, struct read_found *f)
{
	struct range_cover cover;
	struct sst_found found;
	int rc;

	if (unlikely(cover_any(f->view))) {
		rc = cover_at(f->view, s->key, s->seq, &cover);
		if (rc < 0)
			return rc;
		s->cover = cover.seq;
	}
	rc = view_get(f->view, s->key, s->hash, s->seq, &f->entry);
	s->where = STATS_GETS_MEMTABLE;
	if (rc == 0) {
		rc = find_in_tables(s, f->view->version, &found);
		s->where = rc == 1 ? STATS_GETS_TABLE : STATS_GETS_ABSENT;
		if (rc == 1) {
			f->entry = found.entry;
			f->block = found.block;
		}
	}
	if (rc == 1 && (entry_kind(&f->entry) == ENTRY_DELETE ||
			entry_seq(&f->entry) < s->cover))
		rc = 0;
	return rc;
}

int read_find(struct kv *kv, const struct kv_snapshot *snapshot,
	      struct slice key, struct read_found *out)
{
	struct search s = { .kv = kv, .key = key, .hash = filter_hash(key) };
	struct read_found f = { 0 };
	int rc;

	if (key.size == 0 || key.size > KV_KEY_MAX)
		return -EINVAL;
	f.view = store_view_at(kv, &s.seq);
	if (snapshot)
		s.seq = snapshot->seq;
	rc = find_in_view(&s, &f);
	if (rc >= 0)
		stats_add(kv->stats, s.where, 1);
	if (rc == 1) {
		*out = f;
		return 0;
	}
	read_release(&f);
	return rc < 0 ? rc : -ENOENT;
}

static int read_blob(struct kv *kv, const struct read_found *f,
		     struct kv_value *value)
{
	struct blob_handle handle;
	struct cache_entry *e;
	struct blob *b;
	int rc;

	stats_add(kv->stats, STATS_VALUES_BLOB, 1);
	rc = blob_handle_decode(&handle, f->entry.value);
	if (rc == 0)
		rc = view_blob(f->view, handle.blob_id, &b);
	if (rc == 0)
		rc = blob_read_cached(b, &handle, kv->blobs, &e);
	if (rc < 0)
		return rc;
	*value = (struct kv_value){ .data = cache_data(e),
				    .pinned = e,
				    .unpin = unpin_block };
	return 0;
}

static int get(struct kv *kv, const struct kv_snapshot *snapshot,
	       struct slice key, struct kv_value *value)
{
	struct read_found f;
	int rc;

	rc = read_find(kv, snapshot, key, &f);
	if (rc < 0)
		return rc;
	if (entry_kind(&f.entry) == ENTRY_BLOB) {
		rc = read_blob(kv, &f, value);
		read_release(&f);
		return rc;
	}

	/* A block stays by itself; a memtable stays with its view. */
	value->data = f.entry.value;
	if (f.block) {
		value->pinned = f.block;
		value->unpin = unpin_block;
		view_unref(f.view);
	} else {
		value->pinned = f.view;
		value->unpin = unpin_view;
	}
	return 0;
}

int kv_get(struct kv *kv, struct slice key, struct kv_value *value)
{
	return kv_get_at(kv, NULL, key, value);
}

int kv_get_at(struct kv *kv, const struct kv_snapshot *snapshot,
	      struct slice key, struct kv_value *value)
{
	uint64_t begin = stats_begin_sample(kv->stats);
	int rc = get(kv, snapshot, key, value);

	stats_end(kv->stats, STATS_GET_NS, begin);
	if (unlikely(begin != 0))
		store_demand(kv, DEMAND_GET_BYTES);
	return rc;
}

int kv_size(struct kv *kv, struct slice key, size_t *size)
{
	struct blob_handle handle = { 0 };
	struct read_found f;
	int rc;

	rc = read_find(kv, NULL, key, &f);
	if (rc < 0)
		return rc;
	if (entry_kind(&f.entry) == ENTRY_BLOB)
		rc = blob_handle_decode(&handle, f.entry.value);
	if (rc == 0)
		*size = entry_kind(&f.entry) == ENTRY_BLOB ? handle.raw_size
							   : f.entry.value.size;
	read_release(&f);
	return rc;
}

void kv_value_release(struct kv_value *value)
{
	if (value->unpin)
		value->unpin(value->pinned);
	*value = (struct kv_value){ 0 };
}
