#include "engine/gc.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/blob_rewrite.h"
#include "engine/gc_scan.h"
#include "engine/live.h"
#include "engine/store.h"

static bool refers(const struct view *view, uint64_t id)
{
	const struct version_blob *b = version_blob(view->version, id);

	return !b || b->live_count > 0 || view_mts_refer(view, id);
}

/*
 * Dead: sealed, nobody is about to refer to it, and neither a memtable nor a
 * table does.  That nobody was inside at any time between the first look and
 * the last means that no reference was made in between, so that what the view
 * shows is the truth; and who comes later finds nothing to share any more.
 */
static bool is_dead(struct kv *kv, const struct blob *b)
{
	uint64_t before, after;
	struct view *view;
	bool dead;

	if (!b->sealed || !blob_is_idle(b, &before))
		return false;
	view = store_view(kv);
	dead = !refers(view, b->id) && blob_is_idle(b, &after) &&
	       before == after;
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

int gc_drop_dead(struct kv *kv)
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

bool gc_stopping(struct kv *kv)
{
	bool stop;

	mutex_lock(&kv->state);
	stop = kv->stopping;
	mutex_unlock(&kv->state);
	return stop;
}

/*
 * Lets the id of @old lead to @new, if everything that the newest version
 * refers to is there: else somebody made a reference that nobody can make.
 * Returns 1 if it leads there now.
 */
static int swap(struct kv *kv, const struct gc_file *f, struct blob *new)
{
	struct view *view = store_view(kv);
	const struct version_blob *vb = version_blob(view->version, new->id);
	struct ordinals now = { 0 };
	struct edit edit = { 0 };
	bool known;
	int rc;

	if (!vb || vb->blob != f->blob) {
		/* It died meanwhile. */
		view_unref(view);
		return 0;
	}
	rc = live_ordinals(view->version, new->id, &now, &known);
	if (rc == 0 && !ordinals_within(&now, &f->ordinals))
		rc = error_set(-EUCLEAN,
			       "blob %" PRIu64 ": tables refer to "
			       "more of it than they hold",
			       new->id);
	if (rc == 0)
		rc = edit_remove_blob(&edit, new->id);
	if (rc == 0)
		rc = edit_add_blob(&edit, new->id, new->number, new);
	if (rc == 0)
		rc = store_commit_edit(kv, &edit, false);
	ordinals_fini(&now);
	edit_fini(&edit);
	view_unref(view);
	return rc < 0 ? rc : 1;
}

/* Makes @new, whose bytes are durable, take the place of the old file. */
static int install(struct kv *kv, const struct gc_file *f, struct blob *new)
{
	int rc;

	new->live_bytes = f->bytes;
	new->live_count = f->count;
	rc = env_sync_dir(kv->env);
	if (rc == 0) {
		mutex_lock(&kv->gc_job);
		rc = swap(kv, f, new);
		mutex_unlock(&kv->gc_job);
	}
	/* After an error on the way to the manifest only reopening can tell. */
	if (rc != 1 && kv->poison == 0)
		new->dropped = true;
	if (rc == 1) {
		atomic_fetch_add(&kv->collections, 1);
		atomic_fetch_add(&kv->collected_bytes, new->size);
	}
	return rc;
}

/* Returns 1 if the file was replaced, 0 if it is to stay, or an error. */
static int rewrite(struct kv *kv, const struct gc_file *f)
{
	struct blob_rewrite *w;
	struct blob *new;
	int rc;

	rc = blob_rewrite_open(&w, f->blob, store_next_number(kv), kv->store_id,
			       f->handles, f->count);
	if (rc < 0)
		return rc;
	do {
		rc = gc_stopping(kv) ? -EINTR : blob_rewrite_step(w);
	} while (rc == 1);
	if (rc == 0)
		rc = blob_rewrite_finish(w, &new);
	blob_rewrite_close(w);
	if (rc == 0) {
		rc = install(kv, f, new);
		blob_unref(new);
	}
	return rc;
}

/* A file that cannot be read must not keep the others from being collected. */
static int note_damage(struct blob *b, int rc)
{
	if (rc == -EBADMSG || rc == -EUCLEAN || rc == -EFBIG)
		b->damaged = true;
	return rc;
}

/*
 * Rewrites those of @files in which there is as much garbage as was thought.
 * Of the others that is known from now on; so in any case it is progress.
 */
static int rewrite_all(struct kv *kv, struct gc_file *files, size_t count,
		       unsigned percent)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc >= 0 && i < count; i++) {
		struct gc_file *f = &files[i];

		if (f->count == 0)
			rc = error_set(-EUCLEAN,
				       "blob %" PRIu64 ": tables refer to it "
				       "by their properties only",
				       f->blob->id);
		f->blob->live_bytes = f->bytes;
		f->blob->live_count = f->count;
		if (rc == 0 && gc_is_due(f->blob, f->count, f->bytes, percent))
			rc = rewrite(kv, f);
		rc = note_damage(f->blob, rc) < 0 ? rc : 0;
	}
	return rc < 0 ? rc : count > 0;
}

static int collect(struct kv *kv, unsigned percent)
{
	struct version *version;
	struct gc_file *files;
	size_t count;
	int rc;

	rc = gc_pick(kv, percent, &files, &count);
	if (rc < 0)
		return rc;
	gc_settle(kv, files, &count, &version);
	if (count > 0)
		rc = gc_scan(kv, version, files, count);
	if (rc == 0)
		rc = rewrite_all(kv, files, count, percent);
	version_unref(version);
	gc_files_free(files, count);
	return rc;
}

int gc_step(struct kv *kv, unsigned percent)
{
	int rc;

	rc = store_writable(kv);
	if (rc < 0)
		return rc;
	mutex_lock(&kv->collect_job);
	rc = collect(kv, percent);
	mutex_unlock(&kv->collect_job);
	return rc == -EINTR ? 0 : rc;
}

int gc_run(struct kv *kv, unsigned percent)
{
	int rc;

	do {
		rc = gc_step(kv, percent);
	} while (rc == 1);
	return rc;
}

/*
 * The active file is collected like the others once it is sealed; that is worth
 * a small file more if there is as much garbage in it as is due.
 */
static int seal_active(struct kv *kv, unsigned percent)
{
	struct view *view = store_view(kv);
	const struct version *v = view->version;
	struct live live;
	bool due = false;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < v->blob_count; i++) {
		const struct version_blob *vb = &v->blobs[i];

		if (vb->blob->sealed)
			continue;
		rc = live_count(v, vb, &live);
		if (rc == 0)
			due |= live.count == 0 ||
			       gc_is_due(vb->blob, live.count,
					 live.stored_bytes, percent);
	}
	view_unref(view);
	if (rc == 0 && due)
		vlog_seal(&kv->vlog);
	return rc;
}

int gc_collect(struct kv *kv)
{
	int rc = seal_active(kv, GC_PERCENT_IDLE);

	/* What is not synced yet holds its file, even one that is replaced. */
	if (rc == 0)
		rc = store_sync(kv);
	if (rc == 0)
		rc = gc_drop_dead(kv);
	return rc < 0 ? rc : gc_run(kv, GC_PERCENT_IDLE);
}

int kv_collect(struct kv *kv)
{
	int rc = kv_flush(kv);

	return rc < 0 ? rc : gc_collect(kv);
}
