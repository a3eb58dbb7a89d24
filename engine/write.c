/*
 * Writing: the queue of prepared batches, and a leader for the queue.
 *
 * A writer does by itself, and in parallel with others, what is costly: see
 * prepare.h.  Then it queues (queue.h).  The leader of a group gives out the
 * sequence numbers, appends all records to the log with one write, inserts them
 * into the memtable and publishes them.  Meanwhile the next ones gather.  A
 * writer that is alone takes no memory, wakes nobody and pins no view: the
 * memtable and the log that are active change only by the leader's own hand.
 * (The scheme is LevelDB's, without its copying.)
 */
#include "engine/base/error.h"
#include "engine/batch.h"
#include "engine/mt_range.h"
#include "engine/prepare.h"
#include "engine/sched.h"
#include "engine/space.h"
#include "engine/store.h"

/* One who waits in the queue. */
struct writer {
	struct waiter waiter;
	struct prepared *batch; /* borrowed; NULL: nothing to log */
	bool rotate;            /* freeze the memtable, behind this batch */
	int rc;
};

int store_new_log(struct kv *kv, size_t keys, struct view_mt *out)
{
	struct view_mt m;
	int rc;

	arena_spare_expect(&kv->spare_memory, kv->tuned.memtable_bytes_max);
	m.mt = mt_new(keys, &kv->spare_memory);
	if (!m.mt)
		return -ENOMEM;
	rc = wal_create(&m.wal, kv->env, store_next_number(kv), kv->store_id,
			&kv->spare_wal);
	if (rc < 0) {
		mt_unref(m.mt);
		return rc;
	}
	*out = m;
	return 0;
}

/* Whether one more memtable may be frozen now. */
static bool may_freeze(struct kv *kv) NEEDS(kv->state);

static bool may_freeze(struct kv *kv)
{
	return store_view_locked(kv)->frozen_count < VIEW_FROZEN_MAX;
}

/*
 * Waits until a memtable may be frozen.  Where no thread flushes (any more),
 * this one does: there is none, or it has been told to stop.  A flush that
 * failed is the end of it, so that memtables do not pile up on a full disk.
 */
static int wait_flushed(struct kv *kv)
{
	uint64_t begin = 0;
	bool alone;
	int rc;

	mutex_lock(&kv->state);
	while (!may_freeze(kv) && kv->flush_rc == 0 && kv->poison == 0 &&
	       kv->threads && !kv->stopping) {
		if (begin == 0)
			begin = stats_begin(kv->stats);
		cond_wait(&kv->changed, &kv->state);
	}
	rc = store_view_locked(kv)->frozen_count > 0 ? kv->flush_rc : 0;
	alone = !kv->threads || kv->stopping;
	mutex_unlock(&kv->state);
	stats_end(kv->stats, STATS_WAIT_NS, begin);

	if (rc == 0 && alone)
		rc = store_flush_frozen(kv);
	return rc < 0 ? rc : store_writable(kv);
}

/* Whether the active memtable holds @bytes or more, and anything at all. */
static bool active_has(const struct kv *kv, size_t bytes)
{
	return mt_bytes(kv->active.mt) >= bytes && mt_count(kv->active.mt) > 0;
}

/* Freezes the active memtable and begins a new one.  Only the leader does. */
static int rotate(struct kv *kv)
{
	struct view_change change = { 0 };
	int rc = wait_flushed(kv);

	/* The next one will hold about as many keys. */
	if (rc == 0)
		rc = store_new_log(kv, mt_keys(kv->active.mt), &change.active);
	if (rc < 0)
		return rc;
	rc = store_change_view(kv, &change);
	if (rc < 0) {
		change.active.wal->dropped = true;
		wal_unref(change.active.wal);
		mt_unref(change.active.mt);
		return rc;
	}
	kv->active = change.active;
	return sched_frozen(kv);
}

/* Has @mt hold the file of blob @id, which the batch's writer holds. */
static int hold_blob(struct kv *kv, struct mt *mt, uint64_t id)
{
	struct view *view;
	struct blob *b;
	int rc;

	if (mt_blob(mt, id))
		return 0;
	view = store_view(kv);
	rc = view_blob(view, id, &b);
	if (rc == 0)
		rc = mt_add_blob(mt, b);
	view_unref(view);
	return rc;
}

/* Inserts what @payload says: what recovery would. */
static int insert(struct kv *kv, struct mt *mt, struct slice payload)
{
	struct blob_handle handle;
	struct wal_record record;
	struct entry e;
	int rc;

	rc = wal_record_open(&record, payload);
	while (rc == 0 && (rc = wal_record_next(&record, &e)) == 1) {
		rc = 0;
		if (entry_kind(&e) == ENTRY_BLOB) {
			rc = blob_handle_decode(&handle, e.value);
			if (rc == 0)
				rc = hold_blob(kv, mt, handle.blob_id);
		}
		if (rc == 0)
			rc = mt_apply(mt, &e);
		/* Before the change can be seen: no void may hold it. */
		if (rc == 0 && entry_puts(&e) && voids_any(&kv->voids))
			voids_cut(&kv->voids, e.key);
	}
	return rc;
}

static struct writer *writer_of(struct waiter *w)
{
	return container_of(w, struct writer, waiter);
}

/* Logs and applies the batches of @group, which share one write. */
static int commit(struct kv *kv, const struct queue_group *group)
{
	struct slice payloads[QUEUE_GROUP_MAX];
	uint64_t seq = kv->seq_given, durable = kv->seq_durable;
	size_t n = 0, i;
	int rc = 0;

	for (i = 0; i < group->count; i++) {
		struct prepared *p = writer_of(group->waiters[i])->batch;

		if (!p)
			continue;
		if (p->count == 0)
			wal_set_mark(kv->active.wal, &p->payload, seq + 1,
				     durable);
		else
			wal_set_header(&p->payload, seq + 1, durable, p->count);
		seq += p->count;
		payloads[n++] = buf_slice(&p->payload);
	}
	if (n > 0)
		rc = wal_append(kv->active.wal, payloads, n);
	if (rc == -EIO)
		store_poison(kv, rc);
	if (rc < 0)
		return rc;
	if (n > 0)
		histogram_add(&kv->stats->spreads[STATS_GROUP], n);
	kv->seq_given = seq;
	for (i = 0; rc == 0 && i < n; i++)
		rc = insert(kv, kv->active.mt, payloads[i]);
	/* Logged but not applied: only reopening brings the two together. */
	if (rc < 0)
		return store_poison(kv, -EIO);
	kv->seq_visible = seq;
	atomic_store_explicit(&kv->pace.active_bytes, mt_bytes(kv->active.mt),
			      memory_order_relaxed);
	return 0;
}

static void lead(struct kv *kv, const struct queue_group *group)
{
	bool wants_rotate = false;
	size_t i;
	int rc;

	for (i = 0; i < group->count; i++)
		wants_rotate |= writer_of(group->waiters[i])->rotate;

	rc = store_writable(kv);
	if (rc == 0 && active_has(kv, kv->tuned.memtable_bytes_max))
		rc = rotate(kv);
	if (rc == 0)
		rc = commit(kv, group);
	for (i = 0; i < group->count; i++)
		writer_of(group->waiters[i])->rc = rc;

	if (rc == 0 && wants_rotate && active_has(kv, 0)) {
		rc = rotate(kv);
		for (i = 0; i < group->count; i++)
			if (writer_of(group->waiters[i])->rotate)
				writer_of(group->waiters[i])->rc = rc;
	}
}

/* Queues @w and returns when it is done, by us or by another leader. */
static int enqueue(struct kv *kv, struct writer *w)
{
	struct queue_group group;

	if (queue_enter(&kv->queue, &w->waiter)) {
		queue_take(&kv->queue, &w->waiter, &group);
		lead(kv, &group);
		queue_finish(&kv->queue, &group);
	}
	return w->rc;
}

int store_rotate(struct kv *kv)
{
	struct writer w = { .rotate = true };

	return enqueue(kv, &w);
}

int store_mark(struct kv *kv)
{
	uint8_t bytes[WAL_MARK_SIZE];
	struct prepared mark = {
		.payload = { .data = bytes,
			     .size = sizeof(bytes),
			     .cap = sizeof(bytes) },
	};
	struct writer w = { .batch = &mark };

	return enqueue(kv, &w);
}

/*
 * Waits as long as the debt of the background asks for: see pace.h.  Who waits
 * is let go when the view changes, since the debt has then changed too.
 */
static void slow_down(struct kv *kv, size_t bytes)
{
	uint64_t delay_ns = pace_delay(&kv->pace, bytes), until_ns, wait_ns;
	uint64_t begin;

	if (likely(delay_ns == 0) || !kv->threads)
		return;
	wait_ns = pace_wait(&kv->pace, env_monotonic_ns(kv->env), delay_ns,
			    &until_ns);
	if (wait_ns == 0)
		return;
	begin = stats_begin(kv->stats);
	mutex_lock(&kv->state);
	if (!kv->stopping && kv->poison == 0)
		cond_wait_ms(&kv->changed, &kv->state,
			     (unsigned)(wait_ns / NS_PER_MS));
	mutex_unlock(&kv->state);
	pace_waited(&kv->pace, until_ns);
	stats_end(kv->stats, STATS_WAIT_NS, begin);
}

int kv_write_prepare(struct kv *kv, struct kv_batch *batch)
{
	return prepare_early(kv, batch);
}

int kv_write(struct kv *kv, struct kv_batch *batch)
{
	uint64_t begin = stats_begin_sample(kv->stats);
	struct writer w = { .batch = &batch->prepared };
	int rc;

	if (batch->error)
		return batch->error;
	if (batch->count == 0)
		return 0;
	rc = store_writable(kv);
	if (rc == 0 && !batch->use_reserve)
		rc = space_take(kv, batch->size);
	if (rc == 0 && !batch->use_reserve)
		slow_down(kv, batch->size);
	if (rc == 0)
		rc = prepare(kv, batch);
	if (rc == 0) {
		w.waiter.bytes = batch->prepared.payload.size;
		rc = enqueue(kv, &w);
	}
	if (rc == 0 && batch->use_reserve)
		space_note_freeing(kv);
	prepared_reset(&batch->prepared);
	if (rc == 0) {
		stats_add(kv->stats, STATS_BATCHES, 1);
		stats_add(kv->stats, STATS_BATCH_BYTES, batch->size);
		kv_batch_reset(batch);
	}
	stats_end(kv->stats, STATS_WRITE_NS, begin);
	return rc;
}
