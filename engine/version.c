#include "engine/version.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/error.h"

static struct level *level_new(size_t count)
{
	struct level *l;

	l = calloc(1, sizeof(*l) + count * sizeof(l->ssts[0]));
	if (l)
		l->refs = 1;
	return l;
}

static struct level *level_ref(struct level *l)
{
	atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
	return l;
}

static void level_unref(struct level *l)
{
	size_t i;

	if (!l || atomic_fetch_sub(&l->refs, 1) > 1)
		return;
	for (i = 0; i < l->count; i++)
		sst_unref(l->ssts[i]);
	free(l);
}

struct version *version_new(void)
{
	struct version *v = calloc(1, sizeof(*v));
	int i;

	if (!v)
		return NULL;
	v->refs = 1;
	for (i = 0; i < VERSION_LEVELS; i++) {
		v->levels[i] = level_new(0);
		if (!v->levels[i]) {
			version_unref(v);
			return NULL;
		}
	}
	return v;
}

struct version *version_ref(struct version *v)
{
	atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
	return v;
}

void version_unref(struct version *v)
{
	size_t i;

	if (!v || atomic_fetch_sub(&v->refs, 1) > 1)
		return;
	for (i = 0; i < VERSION_LEVELS; i++)
		level_unref(v->levels[i]);
	for (i = 0; i < v->blob_count; i++)
		blob_unref(v->blobs[i].blob);
	free(v->blobs);
	free(v);
}

static struct version_blob *find_blob(const struct version *v, uint64_t id)
{
	size_t lo = 0, hi = v->blob_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		uint64_t at = v->blobs[mid].blob->id;

		if (at == id)
			return &v->blobs[mid];
		if (at < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct version_blob *version_blob(const struct version *v, uint64_t id)
{
	return find_blob(v, id);
}

/* The first table that does not end before @key, or their count. */
static size_t find_end(const struct level *l, struct slice key)
{
	size_t lo = 0, hi = l->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (sst_ends_before(l->ssts[mid], key))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct sst *level_find(const struct level *l, struct slice key)
{
	size_t i = find_end(l, key);

	if (i == l->count || slice_cmp(sst_key_min(l->ssts[i]), key) > 0)
		return NULL;
	return l->ssts[i];
}

void level_overlap(const struct level *l, struct slice min, struct slice max,
		   size_t *first, size_t *count)
{
	size_t lo = find_end(l, min), end;

	for (end = lo; end < l->count; end++)
		if (slice_cmp(sst_key_min(l->ssts[end]), max) > 0)
			break;
	*first = lo;
	*count = end - lo;
}

bool version_absent_below(const struct version *v, unsigned level,
			  struct slice min, struct slice max)
{
	size_t first, count;

	assert(level >= 1);
	for (; level < VERSION_LEVELS; level++) {
		level_overlap(v->levels[level], min, max, &first, &count);
		if (count > 0)
			return false;
	}
	return true;
}

static bool edit_touches(const struct edit *e, unsigned level)
{
	size_t i;

	for (i = 0; i < e->added_count; i++)
		if (e->added[i].level == level)
			return true;
	for (i = 0; i < e->removed_count; i++)
		if (e->removed[i].level == level)
			return true;
	return false;
}

static bool edit_removes(const struct edit *e, unsigned level, uint64_t number)
{
	size_t i;

	for (i = 0; i < e->removed_count; i++)
		if (e->removed[i].level == level &&
		    e->removed[i].number == number)
			return true;
	return false;
}

/* L0: newest first. */
static int by_age(const void *a, const void *b)
{
	const struct sst *s = *(struct sst *const *)a;
	const struct sst *t = *(struct sst *const *)b;

	if (s->props.seq_max != t->props.seq_max)
		return s->props.seq_max > t->props.seq_max ? -1 : 1;
	return s->number > t->number ? -1 : s->number < t->number;
}

static int by_key(const void *a, const void *b)
{
	const struct sst *s = *(struct sst *const *)a;
	const struct sst *t = *(struct sst *const *)b;

	return slice_cmp(sst_key_min(s), sst_key_min(t));
}

static int check_sorted(const struct level *l, unsigned level)
{
	size_t i;

	for (i = 1; i < l->count; i++)
		if (!sst_ends_before(l->ssts[i - 1], sst_key_min(l->ssts[i])))
			return error_set(-EUCLEAN,
					 "level %u: tables %" PRIu64
					 " and %" PRIu64 " overlap",
					 level, l->ssts[i - 1]->number,
					 l->ssts[i]->number);
	return 0;
}

static int apply_level(const struct level *old, const struct edit *e,
		       unsigned level, struct level **out)
{
	struct level *l = level_new(old->count + e->added_count);
	size_t i;
	int rc = 0;

	if (!l)
		return -ENOMEM;
	for (i = 0; i < old->count; i++)
		if (!edit_removes(e, level, old->ssts[i]->number))
			l->ssts[l->count++] = sst_ref(old->ssts[i]);
	for (i = 0; i < e->added_count; i++)
		if (e->added[i].level == level)
			l->ssts[l->count++] = sst_ref(e->added[i].sst);
	for (i = 0; i < l->count; i++) {
		l->bytes += l->ssts[i]->size;
		l->range_count += l->ssts[i]->props.range_count;
		l->resident_bytes += sst_resident_bytes(l->ssts[i]);
		l->seq_max = u64_max(l->seq_max, l->ssts[i]->props.seq_max);
	}

	qsort(l->ssts, l->count, sizeof(l->ssts[0]), level ? by_key : by_age);
	if (level > 0)
		rc = check_sorted(l, level);
	if (rc < 0) {
		level_unref(l);
		return rc;
	}
	*out = l;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	uint64_t s = ((const struct version_blob *)a)->blob->id;
	uint64_t t = ((const struct version_blob *)b)->blob->id;

	return s < t ? -1 : s > t;
}

static bool edit_drops_blob(const struct edit *e, uint64_t id)
{
	size_t i;

	for (i = 0; i < e->blobs_removed_count; i++)
		if (e->blobs_removed[i].id == id)
			return true;
	return false;
}

/* @was is what the id led to before, or NULL. */
static void add_blob(struct version *v, struct blob *b,
		     const struct version_blob *was)
{
	struct version_blob *vb = &v->blobs[v->blob_count++];

	vb->blob = blob_ref(b);
	vb->distinct = 0;
	if (!was)
		return;
	vb->live_count = was->live_count;
	vb->live_stored_bytes = was->live_stored_bytes;
	vb->live_raw_bytes = was->live_raw_bytes;
	vb->distinct = was->distinct;
}

static int apply_blobs(struct version *v, const struct version *old,
		       const struct edit *e)
{
	size_t i;

	v->blobs = calloc(old->blob_count + e->blobs_added_count + 1,
			  sizeof(*v->blobs));
	if (!v->blobs)
		return -ENOMEM;
	for (i = 0; i < old->blob_count; i++)
		if (!edit_drops_blob(e, old->blobs[i].blob->id))
			add_blob(v, old->blobs[i].blob, &old->blobs[i]);
	for (i = 0; i < e->blobs_added_count; i++)
		add_blob(v, e->blobs_added[i].blob,
			 find_blob(old, e->blobs_added[i].id));
	qsort(v->blobs, v->blob_count, sizeof(*v->blobs), by_id);
	return 0;
}

/* Adds, or takes away, what one table refers to. */
static int count_refs(struct version *v, const struct sst *sst, bool add)
{
	const struct blob_refs *refs = &sst->props.blob_refs;
	size_t i;

	for (i = 0; i < refs->count; i++) {
		const struct blob_refs_item *item = &refs->items[i];
		struct version_blob *b = find_blob(v, item->blob_id);

		if (!b)
			return error_set(-EUCLEAN,
					 "table %" PRIu64 ": refers to blob "
					 "%" PRIu64 ", which is not there",
					 sst->number, item->blob_id);
		b->distinct = VERSION_NOT_COUNTED;
		if (add) {
			b->live_count += item->count;
			b->live_stored_bytes += item->stored_bytes;
			b->live_raw_bytes += item->raw_bytes;
		} else {
			b->live_count -= item->count;
			b->live_stored_bytes -= item->stored_bytes;
			b->live_raw_bytes -= item->raw_bytes;
		}
	}
	return 0;
}

static const struct sst *find_removed(const struct version *old,
				      const struct edit_sst *item)
{
	const struct level *l = old->levels[item->level];
	size_t i;

	for (i = 0; i < l->count; i++)
		if (l->ssts[i]->number == item->number)
			return l->ssts[i];
	return NULL;
}

static int apply_refs(struct version *v, const struct version *old,
		      const struct edit *e)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < e->added_count; i++)
		rc = count_refs(v, e->added[i].sst, true);
	for (i = 0; rc == 0 && i < e->removed_count; i++) {
		const struct sst *sst = find_removed(old, &e->removed[i]);

		assert(sst);
		rc = count_refs(v, sst, false);
	}
	return rc;
}

int version_apply(const struct version *old, const struct edit *e,
		  struct version **out)
{
	struct version *v = calloc(1, sizeof(*v));
	unsigned i;
	int rc = 0;

	if (!v)
		return -ENOMEM;
	v->refs = 1;
	for (i = 0; i < VERSION_LEVELS; i++) {
		if (edit_touches(e, i))
			rc = apply_level(old->levels[i], e, i, &v->levels[i]);
		else
			v->levels[i] = level_ref(old->levels[i]);
		if (rc < 0)
			break;
		v->range_count += v->levels[i]->range_count;
		v->filled |= (unsigned)(v->levels[i]->count > 0) << i;
	}
	if (rc == 0)
		rc = apply_blobs(v, old, e);
	if (rc == 0)
		rc = apply_refs(v, old, e);
	if (rc < 0) {
		version_unref(v);
		return rc;
	}
	*out = v;
	return 0;
}

int version_to_edit(const struct version *v, struct edit *e)
{
	unsigned level;
	size_t i;
	int rc = 0;

	for (level = 0; level < VERSION_LEVELS; level++)
		for (i = 0; rc == 0 && i < v->levels[level]->count; i++)
			rc = edit_add_sst(e, level, v->levels[level]->ssts[i]);
	for (i = 0; rc == 0 && i < v->blob_count; i++)
		rc = edit_add_blob(e, v->blobs[i].blob->id,
				   v->blobs[i].blob->number, v->blobs[i].blob);
	return rc;
}
