#include "engine/store.h"

#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/compact_pick.h"

struct view *store_view_at(struct kv *kv, uint64_t *seq)
{
	for (;;) {
		struct view *v = view_pin(&kv->views);

		*seq = kv->seq_visible;
		if (likely(view_is_current(v)))
			return v;
		view_unref(v);
	}
}

struct view *store_view(struct kv *kv)
{
	return view_pin(&kv->views);
}

struct view *store_view_locked(struct kv *kv)
{
	return view_current(&kv->views);
}

static struct view_mt view_mt_ref(const struct view_mt *m)
{
	return (struct view_mt){
		.mt = mt_ref(m->mt),
		.wal = m->wal ? wal_ref(m->wal) : NULL,
	};
}

/* Fills @v from @old and the change, with references of its own. */
static void derive_view(struct view *v, const struct view *old,
			const struct view_change *c)
{
	size_t kept = old->frozen_count - c->drop_oldest, i;

	assert(old->frozen_count >= c->drop_oldest);
	v->version = c->version ? c->version : version_ref(old->version);
	v->active = c->active;
	if (c->active.mt)
		v->frozen[v->frozen_count++] = view_mt_ref(&old->active);
	else
		v->active = view_mt_ref(&old->active);
	assert(v->frozen_count + kept <= VIEW_FROZEN_MAX);
	for (i = 0; i < kept; i++)
		v->frozen[v->frozen_count++] = view_mt_ref(&old->frozen[i]);
}

/* Undoes derive_view(), but keeps what the change brought. */
static void abandon_view(struct view *v, const struct view_change *c)
{
	if (c->version)
		v->version = NULL;
	if (c->active.mt)
		v->active = (struct view_mt){ 0 };
	view_free(v);
}

/* Tells writers what is owed now. */
static void measure_debt(struct kv *kv, const struct view *v)
{
	uint64_t frozen_bytes = 0;
	size_t i;

	for (i = 0; i < v->frozen_count; i++)
		frozen_bytes += mt_bytes(v->frozen[i].mt);
	kv->pace.frozen_bytes = frozen_bytes;
	kv->pace.active_bytes = mt_bytes(v->active.mt);
	kv->pace.l0_tables = v->version->levels[0]->count;
	kv->pace.behind_bytes = compact_behind(v->version,
					       kv->options.level_base_bytes);
}

/*
 * What memtables and open tables take of the memory that the block cache may
 * have otherwise; the active memtable counts as if it were full.
 */
static int64_t resident_bytes(const struct kv *kv, const struct view *v)
{
	uint64_t bytes = kv->tuned.memtable_bytes_max;
	size_t i;

	for (i = 0; i < v->frozen_count; i++)
		bytes += mt_bytes(v->frozen[i].mt);
	for (i = 0; i < VERSION_LEVELS; i++)
		bytes += v->version->levels[i]->resident_bytes;
	return (int64_t)u64_min(bytes, INT64_MAX);
}

int store_change_view(struct kv *kv, const struct view_change *change)
{
	struct view *v = change->room, *old = NULL;
	int64_t more;
	int rc;

	if (!v)
		v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;

	mutex_lock(&kv->state);
	derive_view(v, store_view_locked(kv), change);
	rc = view_publish(&kv->views, v, &old);
	if (rc == 0) {
		measure_debt(kv, v);
		more = resident_bytes(kv, v) - kv->charged;
		kv->charged += more;
		cache_charge(kv->blocks, more);
	}
	cond_broadcast(&kv->changed);
	mutex_unlock(&kv->state);

	if (rc < 0)
		abandon_view(v, change);
	view_unref(old);
	return rc;
}

void store_demand(struct kv *kv, uint64_t bytes)
{
	uint64_t tables = kv->pace.l0_tables;

	/* Without threads nobody would come and merge. */
	if (!kv->threads ||
	    !demand_pay(&kv->demand, bytes * tables * STATS_SAMPLE_MEAN))
		return;
	mutex_lock(&kv->state);
	cond_broadcast(&kv->changed);
	mutex_unlock(&kv->state);
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

static bool is_added(const struct edit *edit, uint64_t number)
{
	size_t i;

	for (i = 0; i < edit->added_count; i++)
		if (edit->added[i].number == number)
			return true;
	return false;
}

/* The tables and blobs that @edit dropped go with their last reference. */
static void mark_dropped(const struct version *old, const struct version *new,
			 const struct edit *edit)
{
	size_t i, j;

	for (i = 0; i < edit->removed_count; i++) {
		const struct edit_sst *gone = &edit->removed[i];
		const struct level *l = old->levels[gone->level];
		bool moved = is_added(edit, gone->number);

		for (j = 0; j < l->count && !moved; j++)
			if (l->ssts[j]->number == gone->number)
				l->ssts[j]->dropped = true;
	}
	for (i = 0; i < edit->blobs_removed_count; i++) {
		uint64_t id = edit->blobs_removed[i].id;
		const struct version_blob *now = version_blob(new, id);
		struct blob *was = version_blob(old, id)->blob;

		assert(!now || now->blob != was);
		was->dropped = true;
	}
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * The cache need not find out by itself that pages of tables that are gone are
 * of no use.
 */
static void forget_pages(struct kv *kv, const struct edit *edit)
{
	uint64_t *numbers;
	size_t i, n = 0;

	if (edit->removed_count == 0)
		return;
	numbers = calloc(edit->removed_count, sizeof(*numbers));
	if (!numbers)
		return;
	for (i = 0; i < edit->removed_count; i++)
		if (!is_added(edit, edit->removed[i].number))
			numbers[n++] = edit->removed[i].number;
	qsort(numbers, n, sizeof(*numbers), by_number);
	cache_forget(kv->blocks, numbers, n);
	free(numbers);
}

/* Before who sleeps is woken to look at them. */
static void note_tables(struct kv *kv, const struct edit *edit)
	NEEDS(kv->manifest.lock);

static void note_tables(struct kv *kv, const struct edit *edit)
{
	size_t i;

	for (i = 0; i < edit->added_count; i++)
		kv->newest_table = u64_max(kv->newest_table,
					   edit->added[i].number);
}

void store_abandon_edit(struct kv *kv, const struct edit *edit)
{
	size_t i;

	for (i = 0; kv->poison == 0 && i < edit->added_count; i++)
		edit->added[i].sst->dropped = true;
}

/* Makes @edit durable, then lets @change be seen.  @old is the view now. */
static int commit_locked(struct kv *kv, struct edit *edit,
			 const struct view *old, struct view_change *change)
	NEEDS(kv->manifest.lock)
{
	int rc;

	edit->next_number = kv->next_number;
	rc = manifest_append(&kv->manifest, edit, change->version);
	/* It may be on disk or not: only reopening can tell. */
	if (rc == -EIO)
		store_poison(kv, rc);
	if (rc < 0) {
		free(change->room);
		return rc;
	}
	stats_edit(kv->stats, old->version, edit, change->drop_oldest);
	mark_dropped(old->version, change->version, edit);
	if (change->drop_oldest && view_oldest(old)->wal)
		view_oldest(old)->wal->dropped = true;
	note_tables(kv, edit);
	rc = store_change_view(kv, change);
	if (rc == 0)
		forget_pages(kv, edit);
	/* Durable but not to be seen: as good as an error. */
	if (rc < 0)
		store_poison(kv, rc);
	return rc;
}

/* Memory is asked for before the edit is durable: then there is no way back. */
int store_commit_edit(struct kv *kv, struct edit *edit, bool drop_oldest)
{
	struct view_change change = { .drop_oldest = drop_oldest };
	struct view *old;
	int rc;

	rc = store_writable(kv);
	if (rc < 0)
		return rc;
	change.room = calloc(1, sizeof(*change.room));
	if (!change.room)
		return -ENOMEM;

	mutex_lock(&kv->manifest.lock);
	old = store_view(kv);
	rc = version_apply(old->version, edit, &change.version);
	if (rc < 0) {
		free(change.room);
	} else {
		rc = commit_locked(kv, edit, old, &change);
		if (rc < 0)
			version_unref(change.version);
	}
	mutex_unlock(&kv->manifest.lock);
	view_unref(old);
	return rc;
}
