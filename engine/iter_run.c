/* Runs of dead entries: voids are made and used, and hidden ones jumped over.
 */
#include "engine/iter.h"

void iter_end_run(struct kv_iter *it, struct slice to)
{
	it->run = 0;
	if (it->watch) {
		voids_settle(&it->kv->voids, it->watch, to);
		it->watch = 0;
	}
}

/*
 * Begins a void where the run began, if nothing has been written since this
 * iterator was opened; else at the merge's key.  Whatever was put there before
 * the watch is in a memtable of ours, if ours is still the active one, and is
 * seen when the merge is sought anew.
 */
static int begin_void(struct kv_iter *it)
{
	struct voids *voids = &it->kv->voids;
	struct view *now;
	bool ours;

	/* Where there is no memory for a watch, none is tried again. */
	it->watch = voids_watch(voids, buf_slice(&it->run_first), it->seq);
	if (it->kv->seq_given != it->seq) {
		voids_settle(voids, it->watch, slice_of(NULL, 0));
		it->watch = voids_watch(voids, buf_slice(&it->key), it->seq);
	}
	now = store_view(it->kv);
	ours = now->active.mt == it->view->active.mt;
	view_unref(now);
	if (!ours || !it->watch) {
		it->stale = true;
		iter_end_run(it, slice_of(NULL, 0));
	}
	return source_seek(it->merge, buf_slice(&it->key));
}

/* Beyond the void, or what a range tombstone hides, around the dead key. */
static int jump(struct kv_iter *it)
{
	struct slice key = buf_slice(&it->key);
	int rc = 0;

	if (voids_perhaps(&it->kv->voids, it->watch != 0))
		rc = voids_find(&it->kv->voids, key, it->seq, &it->void_from,
				&it->void_to);
	if (rc < 0)
		return rc;
	if (rc == 1)
		return source_seek(it->merge, buf_slice(&it->void_to));
	if (it->cover.seq > 0 && it->cover.until.data &&
	    range_cover_holds(&it->cover, key))
		return merge_skip(it->merge, it->cover.until, it->cover.seq);
	return merge_next_key(it->merge, key);
}

int iter_step_dead(struct kv_iter *it)
{
	int rc;

	if (it->run >= ITER_RUN_VOID && !it->watch && !it->stale)
		return begin_void(it);
	it->run++;
	if (it->run == 1) {
		rc = buf_assign(&it->run_first, buf_slice(&it->key));
		if (rc < 0)
			return rc;
	}
	if (it->run == 1 || it->run % ITER_RUN_JUMP == 0)
		return jump(it);
	return merge_next_key(it->merge, buf_slice(&it->key));
}

int iter_jump_back(struct kv_iter *it)
{
	int rc;

	if (++it->run % ITER_RUN_JUMP)
		return 1;
	rc = voids_find(&it->kv->voids, buf_slice(&it->key), it->seq,
			&it->void_from, &it->void_to);
	if (rc <= 0)
		return rc < 0 ? rc : 1;
	return source_seek_before(it->merge, buf_slice(&it->void_from));
}
