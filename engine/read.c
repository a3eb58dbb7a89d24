/* Point reads: memtables first, then the levels from the newest down. */
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/filter.h"
#include "engine/read.h"
#include "engine/store.h"

static void unpin_block(void *what)
{
	cache_release(what);
}

static void unpin_view(void *what)
{
	view_unref(what);
}

/* The tables that may hold @key, newest first; 1 and @found, or 0, or < 0. */
static int find_in_tables(struct kv *kv, const struct version *v,
			  struct slice key, uint64_t hash,
			  struct sst_found *found)
{
	size_t first, count, i;
	unsigned level;
	int rc;

	for (i = 0; i < v->levels[0]->count; i++) {
		struct sst *sst = v->levels[0]->ssts[i];

		if (slice_cmp(key, sst_key_min(sst)) < 0 ||
		    slice_cmp(key, sst_key_max(sst)) > 0)
			continue;
		rc = sst_get(sst, kv->blocks, key, hash, found);
		if (rc != 0)
			return rc;
	}
	for (level = 1; level < VERSION_LEVELS; level++) {
		const struct level *l = v->levels[level];

		level_overlap(l, key, key, &first, &count);
		if (count == 0)
			continue;
		rc = sst_get(l->ssts[first], kv->blocks, key, hash, found);
		if (rc != 0)
			return rc;
	}
	return 0;
}

void read_release(struct read_found *f)
{
	cache_release(f->block);
	view_unref(f->view);
}

int read_find(struct kv *kv, struct slice key, struct read_found *out)
{
	struct sst_found found;
	struct read_found f = { 0 };
	uint64_t hash, seq;
	int rc = 1;

	if (key.size == 0 || key.size > KV_KEY_MAX)
		return -EINVAL;
	hash = filter_hash(key);
	f.view = store_view_at(kv, &seq);
	if (!mt_get(f.view->active, key, hash, seq, &f.entry) &&
	    !(f.view->frozen &&
	      mt_get(f.view->frozen, key, hash, seq, &f.entry))) {
		rc = find_in_tables(kv, f.view->version, key, hash, &found);
		if (rc == 1) {
			f.entry = found.entry;
			f.block = found.block;
		}
	}
	if (rc == 1 && entry_kind(&f.entry) != ENTRY_DELETE) {
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

int kv_get(struct kv *kv, struct slice key, struct kv_value *value)
{
	struct read_found f;
	int rc;

	rc = read_find(kv, key, &f);
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

int kv_size(struct kv *kv, struct slice key, size_t *size)
{
	struct blob_handle handle = { 0 };
	struct read_found f;
	int rc;

	rc = read_find(kv, key, &f);
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
