/*
 * Syncing: one at a time, and each covers all that came before it began.
 *
 * Who finds a sync under way that began too early for its mark waits and does
 * the next one, or finds it done by another: however many call, two device
 * flushes are enough for all that were there when the first one began.
 */
#include "engine/base/error.h"
#include "engine/store.h"

uint64_t kv_mark(struct kv *kv)
{
	return kv->seq_visible;
}

/* Makes all that is visible now durable; *target says up to where. */
static int sync_all(struct kv *kv, uint64_t *target)
{
	struct view *view;
	size_t i;
	int rc;

	/*
	 * The number first, other than for a reader: what it counts is then in
	 * the logs of the view, or in tables, which are durable.
	 */
	*target = kv->seq_visible;
	view = store_view(kv);
	/* A log is of use only with the values that it names. */
	rc = vlog_sync(&kv->vlog);
	for (i = view->frozen_count; rc == 0 && i-- > 0;)
		if (view->frozen[i].wal)
			rc = wal_sync(view->frozen[i].wal);
	if (rc == 0)
		rc = wal_sync(view->active.wal);
	view_unref(view);
	atomic_fetch_add_explicit(&kv->syncs, 1, memory_order_relaxed);
	return rc;
}

/* Does one sync, without the lock; wakes those who wait for it. */
static int sync_once(struct kv *kv) NEEDS(kv->sync)
{
	uint64_t target;
	int rc = store_writable(kv);

	if (rc < 0)
		return rc;
	kv->syncing = true;
	mutex_unlock(&kv->sync);

	rc = sync_all(kv, &target);
	/* The kernel may call the next sync good: never ask again. */
	if (rc < 0)
		rc = store_poison(kv, -EIO);

	mutex_lock(&kv->sync);
	kv->syncing = false;
	if (rc == 0 && kv->seq_durable < target)
		kv->seq_durable = target;
	cond_broadcast(&kv->sync_done);
	return rc;
}

int store_sync(struct kv *kv)
{
	int rc;

	mutex_lock(&kv->sync);
	while (kv->syncing)
		cond_wait(&kv->sync_done, &kv->sync);
	rc = sync_once(kv);
	mutex_unlock(&kv->sync);
	return rc;
}

int kv_sync(struct kv *kv, uint64_t mark)
{
	bool ours = false;
	int rc = 0;

	mutex_lock(&kv->sync);
	while (rc == 0 && kv->seq_durable < mark) {
		if (kv->syncing) {
			cond_wait(&kv->sync_done, &kv->sync);
		} else {
			rc = sync_once(kv);
			ours = rc == 0;
		}
	}
	mutex_unlock(&kv->sync);
	/* What was promised holds with or without the mark. */
	if (ours)
		(void)!store_mark(kv);
	return rc;
}
