/*
 * Flushing: a frozen memtable becomes an SST on L0, and its log goes.
 *
 * Of each key only the newest version is written: whoever needs an older one
 * has pinned the memtable.
 */
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/sst_writer.h"
#include "engine/store.h"

/* Whether anything older can be below, which a tombstone must go on hiding. */
static bool must_hide(const struct version *v, struct slice key)
{
	size_t i;

	for (i = 0; i < v->levels[0]->count; i++) {
		struct sst *sst = v->levels[0]->ssts[i];

		if (slice_cmp(key, sst_key_min(sst)) >= 0 &&
		    slice_cmp(key, sst_key_max(sst)) <= 0)
			return true;
	}
	return !version_absent_below(v, 1, key);
}

/* Writes the newest version of each key.  *any says if there was one. */
static int write_entries(struct sst_writer *w, struct source *s,
			 const struct version *below, bool *any)
{
	struct buf last = BUF_INIT;
	int rc;

	*any = false;
	for (rc = source_first(s); rc == 1; rc = source_next(s)) {
		const struct entry *e = &s->entry;

		if (last.size > 0 && slice_eq(buf_slice(&last), e->key))
			continue;
		rc = buf_assign(&last, e->key);
		if (rc < 0)
			break;
		if (entry_kind(e) == ENTRY_DELETE && !must_hide(below, e->key))
			continue;
		rc = sst_writer_add(w, e);
		if (rc < 0)
			break;
		*any = true;
	}
	buf_fini(&last);
	return rc;
}

int store_write_table(struct kv *kv, struct mt *mt, struct edit *edit)
{
	const struct sst_writer_options options = {
		.block_bytes = kv->options.block_bytes,
		.compress = true,
	};
	uint64_t number = store_next_number(kv), size;
	struct sst_props props = { 0 };
	struct view *view = store_view(kv);
	struct source *s = mt_source(mt);
	struct sst_writer *w = NULL;
	struct sst *sst;
	bool any;
	int rc = -ENOMEM;

	if (s)
		rc = sst_writer_open(&w, kv->env, number, kv->store_id,
				     &options);
	if (rc == 0)
		rc = write_entries(w, s, view->version, &any);
	if (rc == 0 && any)
		rc = sst_writer_finish(w, &props, &size);
	if (rc == 0 && any) {
		sst = sst_new(kv->env, kv->store_id, number, size, &props);
		rc = sst ? edit_add_sst(edit, 0, sst) : -ENOMEM;
		sst_unref(sst);
	}
	sst_writer_close(w);
	source_close(s);
	view_unref(view);
	return rc;
}

static int flush_view(struct kv *kv, struct view *view)
{
	struct edit edit = { 0 };
	int rc;

	/* The SST will name values: they must be there before it is. */
	rc = kv_sync(kv, kv_mark(kv));
	if (rc == 0)
		rc = store_write_table(kv, view->frozen, &edit);
	if (rc == 0)
		rc = env_sync_dir(kv->env);
	if (rc == 0) {
		edit.wal_min = view->active_wal->number;
		edit.seq_last = mt_seq_last(view->frozen);
		rc = store_commit_edit(kv, &edit, true);
	}
	edit_fini(&edit);
	if (rc == 0) {
		atomic_fetch_add(&kv->flushes, 1);
		rc = store_drop_dead_blobs(kv);
	}
	return rc;
}

int store_flush_frozen(struct kv *kv)
{
	struct view *view;
	int rc = 0;

	mutex_lock(&kv->flush_job);
	view = store_view(kv);
	if (view->frozen)
		rc = flush_view(kv, view);
	view_unref(view);
	mutex_unlock(&kv->flush_job);
	return rc;
}

int kv_flush(struct kv *kv)
{
	int rc = store_rotate(kv);

	return rc < 0 ? rc : store_flush_frozen(kv);
}

static bool refers(const struct view *view, uint64_t id)
{
	const struct version_blob *b = version_blob(view->version, id);

	return !b || b->live_count > 0 || mt_blob(view->active, id) ||
	       (view->frozen && mt_blob(view->frozen, id));
}

/*
 * Dead: sealed, no writer is about to refer to it, and neither a memtable nor a
 * table does.  In that order, and with a view that is pinned after the first
 * two: a writer hands over to a memtable, and that to a table.
 */
static bool is_dead(struct kv *kv, const struct blob *b)
{
	struct view *view;
	bool dead;

	if (!b->sealed || b->writers > 0)
		return false;
	view = store_view(kv);
	dead = !refers(view, b->id);
	view_unref(view);
	return dead;
}

static int drop_dead(struct kv *kv, const struct version *v)
{
	struct edit edit = { 0 };
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < v->blob_count; i++)
		if (v->blobs[i].live_count == 0 &&
		    is_dead(kv, v->blobs[i].blob))
			rc = edit_remove_blob(&edit, v->blobs[i].blob->id);
	if (rc == 0 && edit.blobs_removed_count > 0)
		rc = store_commit_edit(kv, &edit, false);
	edit_fini(&edit);
	return rc;
}

int store_drop_dead_blobs(struct kv *kv)
{
	struct view *view;
	int rc;

	/* Flush and compaction both ask; what one drops is gone for the other.
	 */
	mutex_lock(&kv->gc_job);
	view = store_view(kv);
	rc = drop_dead(kv, view->version);
	view_unref(view);
	mutex_unlock(&kv->gc_job);
	return rc;
}
