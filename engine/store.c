#include "engine/store.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/error.h"

struct view *store_view_at(struct kv *kv, uint64_t *seq)
{
	struct view *v;

	/* Under the lock, so that all up to seq is in what the view holds. */
	mutex_lock(&kv->state);
	v = kv->view;
	atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
	*seq = kv->seq_visible;
	mutex_unlock(&kv->state);
	return v;
}

struct view *store_view(struct kv *kv)
{
	uint64_t seq;

	return store_view_at(kv, &seq);
}

void view_unref(struct view *v)
{
	if (!v || atomic_fetch_sub(&v->refs, 1) > 1)
		return;
	mt_unref(v->active);
	mt_unref(v->frozen);
	wal_unref(v->active_wal);
	wal_unref(v->frozen_wal);
	version_unref(v->version);
	free(v);
}

int view_blob(const struct view *v, uint64_t id, struct blob **out)
{
	const struct version_blob *vb = version_blob(v->version, id);
	struct blob *b = vb ? vb->blob : mt_blob(v->active, id);

	if (!b && v->frozen)
		b = mt_blob(v->frozen, id);
	if (!b)
		return error_set(-EUCLEAN,
				 "value log: there is no blob %" PRIu64, id);
	*out = b;
	return 0;
}

/* Fills @v from @old and the change, with references of its own. */
static void derive_view(struct view *v, const struct view *old,
			const struct view_change *c)
{
	v->refs = 1;
	v->version = c->version ? c->version : version_ref(old->version);
	if (c->active) {
		assert(!old->frozen);
		v->active = c->active;
		v->active_wal = c->active_wal;
		v->frozen = mt_ref(old->active);
		v->frozen_wal = wal_ref(old->active_wal);
		return;
	}
	v->active = mt_ref(old->active);
	v->active_wal = wal_ref(old->active_wal);
	if (old->frozen && !c->drop_frozen) {
		v->frozen = mt_ref(old->frozen);
		if (old->frozen_wal)
			v->frozen_wal = wal_ref(old->frozen_wal);
	}
}

int store_change_view(struct kv *kv, const struct view_change *change)
{
	struct view *v = calloc(1, sizeof(*v)), *old;

	if (!v)
		return -ENOMEM;

	mutex_lock(&kv->state);
	old = kv->view;
	derive_view(v, old, change);
	kv->view = v;
	cond_broadcast(&kv->changed);
	mutex_unlock(&kv->state);

	view_unref(old);
	return 0;
}

int store_poison(struct kv *kv, int rc)
{
	int none = 0;

	atomic_compare_exchange_strong(&kv->poison, &none, rc);
	mutex_lock(&kv->state);
	cond_broadcast(&kv->changed);
	mutex_unlock(&kv->state);
	return rc;
}

int store_writable(struct kv *kv)
{
	int poison = kv->poison;

	if (likely(poison == 0))
		return 0;
	return error_set(-EROFS,
			 "the store takes no more writes after an error: %s",
			 strerror(-poison));
}

uint64_t store_next_number(struct kv *kv)
{
	return atomic_fetch_add(&kv->next_number, 1);
}

/* The tables and blobs that @edit dropped go with their last reference. */
static void mark_dropped(const struct version *old, const struct version *new,
			 const struct edit *edit)
{
	size_t i, j;

	for (i = 0; i < edit->removed_count; i++) {
		const struct edit_sst *gone = &edit->removed[i];
		const struct level *l = old->levels[gone->level];
		bool moved = false;

		for (j = 0; j < edit->added_count; j++)
			moved |= edit->added[j].number == gone->number;
		for (j = 0; j < l->count && !moved; j++)
			if (l->ssts[j]->number == gone->number)
				l->ssts[j]->dropped = true;
	}
	for (i = 0; i < edit->blobs_removed_count; i++) {
		uint64_t id = edit->blobs_removed[i].id;

		assert(!version_blob(new, id));
		version_blob(old, id)->blob->dropped = true;
	}
}

int store_commit_edit(struct kv *kv, struct edit *edit, bool drop_frozen)
{
	struct view_change change = { .drop_frozen = drop_frozen };
	struct view *old;
	int rc;

	rc = store_writable(kv);
	if (rc < 0)
		return rc;

	mutex_lock(&kv->manifest.lock);
	old = store_view(kv);
	rc = version_apply(old->version, edit, &change.version);
	if (rc == 0) {
		edit->next_number = kv->next_number;
		rc = manifest_append(&kv->manifest, edit, change.version);
		/* It may be on disk or not: only reopening can tell. */
		if (rc == -EIO)
			store_poison(kv, rc);
		if (rc == 0) {
			mark_dropped(old->version, change.version, edit);
			if (drop_frozen && old->frozen_wal)
				old->frozen_wal->dropped = true;
			rc = store_change_view(kv, &change);
			/* Durable but not to be seen: as good as an error. */
			if (rc < 0)
				store_poison(kv, rc);
		}
		if (rc < 0)
			version_unref(change.version);
	}
	mutex_unlock(&kv->manifest.lock);
	view_unref(old);
	return rc;
}
