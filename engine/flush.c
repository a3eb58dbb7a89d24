/*
 * Flushing: a frozen memtable becomes an SST on L0, and its log goes.
 *
 * Of each key only what somebody can see is written; see keep.h.  Large values
 * that rode in the log, because they had to be durable at once, go to the value
 * log here.
 */
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/gc.h"
#include "engine/keep.h"
#include "engine/mt_range.h"
#include "engine/output.h"
#include "engine/snapshot.h"
#include "engine/store.h"

/* Whether anything older can be below, which a tombstone must go on hiding. */
static bool must_hide(const struct version *v, struct slice min,
		      struct slice max)
{
	size_t i;

	for (i = 0; i < v->levels[0]->count; i++) {
		struct sst *sst = v->levels[0]->ssts[i];

		if (slice_cmp(max, sst_key_min(sst)) >= 0 &&
		    !sst_ends_before(sst, min))
			return true;
	}
	return !version_absent_below(v, 1, min, max);
}

/* Values that rode in the log are moved in portions of so many bytes. */
#define PORTION_BYTES (1 * MIB)
#define PORTION_COUNT 1024

/* A flush under way. */
struct flush {
	struct kv *kv;
	struct mt *mt;
	const struct version *below;
	struct output out;
	struct vlog_batch blobs; /* the large values of the portion */
	struct entry *portion;   /* owned; the entries lie in mt */
	size_t count;
	uint64_t seen; /* of the memtable's, so far */
	struct keep keep;
	struct range_dels ranges; /* fragments */
	uint64_t *snapshots;      /* owned */
};

static bool is_large(const struct flush *f, const struct entry *e)
{
	return entry_kind(e) == ENTRY_PUT &&
	       e->value.size >= f->kv->options.separate_at;
}

/* Lets writers know how far this is. */
static void tell_progress(const struct flush *f)
{
	uint64_t bytes = mt_bytes(f->mt);

	f->kv->pace.flushed_bytes = bytes * f->seen / (mt_count(f->mt) + 1);
}

/*
 * Writes a portion: first its large values to the value log, then its entries,
 * with handles, to the table.  The memtable holds the blob file until the table
 * does.
 */
static int write_portion(struct flush *f)
{
	uint8_t bytes[BLOB_HANDLE_SIZE_MAX];
	struct blob_handle handle;
	size_t i, blob = 0;
	int rc = 0;

	if (vlog_batch_count(&f->blobs) > 0) {
		rc = store_write_values(f->kv, &f->blobs);
		if (rc == 0)
			rc = mt_add_blob(f->mt, f->blobs.blob);
	}
	for (i = 0; rc == 0 && i < f->count; i++) {
		struct entry e = f->portion[i];

		if (is_large(f, &e)) {
			vlog_batch_handle(&f->blobs, blob++, &handle);
			e.value = slice_of(bytes,
					   blob_handle_encode(&handle, bytes));
			e.tag = entry_tag(entry_seq(&e), ENTRY_BLOB);
		}
		rc = output_add(&f->out, &e);
	}
	vlog_batch_reset(&f->blobs);
	f->count = 0;
	tell_progress(f);
	return rc;
}

static int add_entry(struct flush *f, const struct entry *e)
{
	int rc = 0;

	if (is_large(f, e)) {
		f->blobs.plain = !f->kv->tuned.compress;
		rc = vlog_batch_add(&f->blobs, e->key, e->value);
	}
	if (rc < 0)
		return rc;
	f->portion[f->count++] = *e;
	if (f->count == PORTION_COUNT || f->blobs.bytes.size >= PORTION_BYTES)
		rc = write_portion(f);
	return rc;
}

/* A tombstone over [min, max] that is so old hides nothing any more. */
static bool superfluous(const void *flush, struct slice min, struct slice max,
			uint64_t seq)
{
	const struct flush *f = flush;

	return keep_all_see(&f->keep, seq) && !must_hide(f->below, min, max);
}

/* Whether @e is of use to anybody; or an error. */
static int is_wanted(struct flush *f, const struct entry *e)
{
	int rc = keep_entry(&f->keep, e);

	if (rc == 1 && entry_kind(e) == ENTRY_DELETE)
		rc = !superfluous(f, e->key, e->key, entry_seq(e));
	return rc;
}

static int write_entries(struct flush *f, struct source *s)
{
	int rc;

	for (rc = source_first(s); rc == 1; rc = source_next(s)) {
		f->seen++;
		rc = is_wanted(f, &s->entry);
		if (rc == 1)
			rc = add_entry(f, &s->entry);
		if (rc < 0)
			break;
	}
	if (rc == 0)
		rc = write_portion(f);
	return rc < 0 ? rc : output_finish(&f->out);
}

/* What readers there are, and what the memtable's range tombstones hide. */
static int prepare_keep(struct flush *f)
{
	size_t count;
	int rc;

	rc = snapshot_seqs(f->kv, &f->snapshots, &count);
	if (rc < 0)
		return rc;
	f->keep = (struct keep){ .snapshots = f->snapshots,
				 .snapshot_count = count,
				 .ranges = &f->ranges,
				 .lasting = true };
	return mt_range_dels(f->mt, f->snapshots, count, &f->ranges);
}

/*
 * Writes @mt, @view's oldest, to a table on L0 and adds that to @edit.  What
 * has very many range tombstones becomes several tables, which do not overlap.
 */
static int write_table(struct kv *kv, const struct view *view, struct mt *mt,
		       struct edit *edit)
{
	struct flush f = { .kv = kv, .mt = mt, .below = view->version };
	struct source *s = mt_source(mt);
	int rc = -ENOMEM;

	range_dels_init(&f.ranges);
	f.portion = calloc(PORTION_COUNT, sizeof(*f.portion));
	f.out = (struct output){
		.kv = kv,
		.edit = edit,
		.level = 0,
		.bytes_max = UINT64_MAX,
		.ranges = &f.ranges,
		.useless = superfluous,
		.context = &f,
	};
	if (s && f.portion)
		rc = prepare_keep(&f);
	if (rc == 0)
		rc = write_entries(&f, s);
	vlog_batch_fini(&f.blobs);
	output_fini(&f.out);
	source_close(s);
	keep_fini(&f.keep);
	range_dels_fini(&f.ranges);
	free(f.snapshots);
	free(f.portion);
	return rc;
}

/* Whether a table that @edit adds refers to the value log. */
static bool names_values(const struct edit *edit)
{
	size_t i;

	for (i = 0; i < edit->added_count; i++)
		if (edit->added[i].sst->props.blob_refs.count > 0)
			return true;
	return false;
}

/*
 * Flushes the oldest memtable that is frozen in @view.  Whether its log is
 * durable does not matter any more: the table is.
 */
static int flush_oldest(struct kv *kv, const struct view *view)
{
	struct mt *mt = view_oldest(view)->mt;
	struct edit edit = { 0 };
	int rc;

	rc = write_table(kv, view, mt, &edit);
	/* The values that the table names must be there before it is. */
	if (rc == 0 && names_values(&edit))
		rc = store_sync(kv);
	if (rc == 0)
		rc = env_sync_dir(kv->env);
	if (rc == 0) {
		edit.wal_min = view_second_wal(view)->number;
		edit.seq_last = mt_seq_last(mt);
		rc = store_commit_edit(kv, &edit, true);
	}
	if (rc < 0)
		store_abandon_edit(kv, &edit);
	edit_fini(&edit);
	kv->pace.flushed_bytes = 0;
	if (rc == 0)
		rc = gc_drop_dead(kv);
	return rc;
}

/* 1 if there was one to flush, else 0. */
static int flush_step(struct kv *kv)
{
	struct view *view;
	uint64_t begin;
	int rc = 0;

	mutex_lock(&kv->flush_job);
	view = store_view(kv);
	if (view_oldest(view)) {
		begin = stats_begin(kv->stats);
		rc = flush_oldest(kv, view);
		stats_end(kv->stats, STATS_FLUSH_NS, begin);
		if (rc == 0)
			rc = 1;
	}
	view_unref(view);
	mutex_unlock(&kv->flush_job);
	return rc;
}

int store_flush_frozen(struct kv *kv)
{
	struct view *view = store_view(kv);
	size_t left = view->frozen_count;
	int rc = 1;

	view_unref(view);
	/* They go oldest first, so these many are enough. */
	while (rc == 1 && left-- > 0)
		rc = flush_step(kv);
	return rc < 0 ? rc : 0;
}

int kv_flush(struct kv *kv)
{
	int rc = store_rotate(kv);

	return rc < 0 ? rc : store_flush_frozen(kv);
}
