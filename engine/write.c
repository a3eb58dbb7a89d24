/*
 * Writing: the queue of prepared batches, and a leader for the queue.
 *
 * A writer does by itself, and in parallel with others, what is costly: see
 * prepare.h.  Then it queues.  The first in the queue becomes the leader and
 * takes all that wait: it gives out the sequence numbers, appends all records
 * to the log with one write, inserts them into the memtable and publishes them.
 * Meanwhile the next ones gather.  (The scheme is LevelDB's, without its
 * copying.)
 */
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/mt_range.h"
#include "engine/batch.h"
#include "engine/prepare.h"
#include "engine/sched.h"
#include "engine/space.h"
#include "engine/store.h"

struct writer {
	struct writer *next;
	struct prepared batch; /* without changes: only rotate */
	bool rotate;           /* freeze the memtable, behind this batch */
	bool mark;             /* a record without changes: what is durable */
	bool done;
	int rc;
};

int store_new_log(struct kv *kv, size_t keys, struct mt **mt, struct wal **wal)
{
	struct mt *m = mt_new(keys);
	int rc;

	if (!m)
		return -ENOMEM;
	rc = wal_create(wal, kv->env, store_next_number(kv), kv->store_id,
			&kv->spare_wal);
	if (rc < 0) {
		mt_unref(m);
		return rc;
	}
	*mt = m;
	return 0;
}

/*
 * Waits until no memtable is frozen.  Where no thread flushes (any more), this
 * one does: there is none, or it has been told to stop, or it failed before.
 */
static int wait_flushed(struct kv *kv)
{
	bool alone;
	int rc = 0;

	mutex_lock(&kv->state);
	while (kv->view->frozen && kv->flush_rc == 0 && kv->poison == 0 &&
	       kv->threads && !kv->stopping)
		cond_wait(&kv->changed, &kv->state);
	if (kv->view->frozen)
		rc = kv->flush_rc;
	alone = !kv->threads || kv->stopping;
	mutex_unlock(&kv->state);

	if (rc == 0 && alone)
		rc = store_flush_frozen(kv);
	return rc < 0 ? rc : store_writable(kv);
}

/* Whether the active memtable holds @bytes or more, and anything at all. */
static bool active_has(struct kv *kv, size_t bytes)
{
	struct view *view = store_view(kv);
	bool has = mt_count(view->active) > 0 &&
		   mt_bytes(view->active) >= bytes;

	view_unref(view);
	return has;
}

/* The next memtable will hold about as many.  Only the leader asks. */
static size_t active_keys(struct kv *kv)
{
	struct view *view = store_view(kv);
	size_t keys = mt_keys(view->active);

	view_unref(view);
	return keys;
}

/* Freezes the active memtable and begins a new one.  Only the leader does. */
static int rotate(struct kv *kv)
{
	struct view_change change = { 0 };
	int rc = wait_flushed(kv);

	if (rc == 0)
		rc = store_new_log(kv, active_keys(kv), &change.active,
				   &change.active_wal);
	if (rc < 0)
		return rc;
	rc = store_change_view(kv, &change);
	if (rc < 0) {
		change.active_wal->dropped = true;
		wal_unref(change.active_wal);
		mt_unref(change.active);
		return rc;
	}
	return sched_frozen(kv);
}

/* Inserts what @payload says into @mt. */
static int insert(struct kv *kv, struct mt *mt, struct slice payload)
{
	struct blob_handle handle;
	struct wal_record record;
	struct view *view;
	struct entry e;
	struct blob *b;
	int rc;

	rc = wal_record_open(&record, payload);
	while (rc == 0 && (rc = wal_record_next(&record, &e)) == 1) {
		rc = 0;
		if (entry_kind(&e) == ENTRY_BLOB) {
			rc = blob_handle_decode(&handle, e.value);
			if (rc == 0 && !mt_blob(mt, handle.blob_id)) {
				view = store_view(kv);
				rc = view_blob(view, handle.blob_id, &b);
				if (rc == 0)
					rc = mt_add_blob(mt, b);
				view_unref(view);
			}
		}
		if (rc == 0)
			rc = mt_apply(mt, &e);
		/* Before the change can be seen: no void may hold it. */
		if (rc == 0 && entry_puts(&e) && voids_any(&kv->voids))
			voids_cut(&kv->voids, e.key);
	}
	return rc;
}

/* Logs and applies the batches of @group, which share one write. */
static int commit(struct kv *kv, struct writer *group, size_t count)
{
	struct slice *payloads = calloc(count, sizeof(*payloads));
	uint64_t seq = kv->seq_given;
	struct view *view;
	struct writer *w;
	size_t n = 0, i;
	int rc;

	if (!payloads)
		return -ENOMEM;
	view = store_view(kv);
	for (w = group; w; w = w->next) {
		if (w->batch.count == 0 && !w->mark)
			continue;
		wal_set_header(&w->batch.payload, seq + 1, kv->seq_durable,
			       w->batch.count);
		seq += w->batch.count;
		payloads[n++] = buf_slice(&w->batch.payload);
	}

	rc = n > 0 ? wal_append(view->active_wal, payloads, n) : 0;
	if (rc == -EIO)
		store_poison(kv, rc);
	if (rc < 0)
		goto out;
	kv->seq_given = seq;
	for (i = 0; rc == 0 && i < n; i++)
		rc = insert(kv, view->active, payloads[i]);
	/* Logged but not applied: only reopening brings the two together. */
	if (rc < 0)
		rc = store_poison(kv, -EIO);
	else
		kv->seq_visible = seq;
out:
	view_unref(view);
	free(payloads);
	return rc;
}

static void lead(struct kv *kv, struct writer *group)
{
	struct writer *w;
	bool wants_rotate = false;
	size_t count = 0;
	int rc;

	for (w = group; w; w = w->next) {
		wants_rotate |= w->rotate;
		count++;
	}

	rc = store_writable(kv);
	if (rc == 0 && active_has(kv, kv->options.memtable_bytes_max))
		rc = rotate(kv);
	if (rc == 0)
		rc = commit(kv, group, count);
	for (w = group; w; w = w->next)
		w->rc = rc;

	if (rc == 0 && wants_rotate && active_has(kv, 0)) {
		rc = rotate(kv);
		for (w = group; w; w = w->next)
			if (w->rotate)
				w->rc = rc;
	}
}

/* Queues @w and returns when it is done, by us or by another leader. */
static int enqueue(struct kv *kv, struct writer *w)
{
	struct writer *group, *next;

	mutex_lock(&kv->commit);
	if (kv->queue_tail)
		kv->queue_tail->next = w;
	else
		kv->queue_head = w;
	kv->queue_tail = w;
	while (!w->done && kv->leading)
		cond_wait(&kv->commit_done, &kv->commit);

	if (!w->done) {
		kv->leading = true;
		group = kv->queue_head;
		kv->queue_head = kv->queue_tail = NULL;
		mutex_unlock(&kv->commit);

		lead(kv, group);

		mutex_lock(&kv->commit);
		kv->leading = false;
		for (; group; group = next) {
			next = group->next;
			group->done = true;
		}
		cond_broadcast(&kv->commit_done);
	}
	mutex_unlock(&kv->commit);
	return w->rc;
}

int store_rotate(struct kv *kv)
{
	struct writer w = { .rotate = true };

	return enqueue(kv, &w);
}

int store_mark(struct kv *kv)
{
	struct writer w = { .mark = true };
	int rc = buf_reserve(&w.batch.payload, WAL_HEADER_SIZE);

	if (rc < 0)
		return rc;
	w.batch.payload.size = WAL_HEADER_SIZE;
	rc = enqueue(kv, &w);
	prepared_fini(&w.batch);
	return rc;
}

int kv_write(struct kv *kv, struct kv_batch *batch)
{
	struct writer w = { 0 };
	int rc;

	if (batch->error)
		return batch->error;
	if (batch->count == 0)
		return 0;
	rc = store_writable(kv);
	if (rc == 0 && !batch->use_reserve)
		rc = space_take(kv, batch->size);
	if (rc == 0)
		rc = prepare(kv, batch, &w.batch);
	if (rc == 0)
		rc = enqueue(kv, &w);
	if (rc == 0 && batch->use_reserve)
		space_note_freeing(kv);
	if (rc == 0)
		kv_batch_reset(batch);
	prepared_fini(&w.batch);
	return rc;
}
