#include "engine/prepare.h"

#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/batch.h"
#include "engine/read.h"
#include "engine/store.h"

/* Larger batches never ride in the log. */
#define RIDE_SIZE_MAX (64 * KIB)

/* Begins a new blob file, unless somebody else just did. */
static int roll_blob(struct kv *kv, uint64_t full_id)
{
	uint64_t number = store_next_number(kv);
	struct edit edit = { 0 };
	bool named = false;
	struct blob *b;
	int rc;

	rc = blob_create(&b, kv->env, number, number, kv->store_id);
	if (rc < 0)
		return rc;
	/* Known to the manifest, under a durable name, before it is used. */
	rc = env_sync(b->file);
	if (rc == 0)
		rc = env_sync_dir(kv->env);
	if (rc == 0)
		rc = edit_add_blob(&edit, b->id, number, b);
	if (rc == 0)
		rc = store_commit_edit(kv, &edit, false);
	named = rc == 0;
	if (rc == 0)
		rc = vlog_roll(&kv->vlog, full_id, b);
	/* One that is of no use is dead, or was never known to anybody. */
	if (rc < 0)
		b->sealed = true;
	if (!named && kv->poison == 0)
		b->dropped = true;
	edit_fini(&edit);
	blob_unref(b);
	return rc;
}

int store_write_values(struct kv *kv, struct vlog_batch *blobs)
{
	uint64_t full_id;
	int rc;

	while ((rc = vlog_reserve(&kv->vlog, blobs,
				  kv->options.blob_file_bytes_max, &full_id)) ==
	       -EAGAIN) {
		rc = roll_blob(kv, full_id);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? rc : vlog_batch_write(&kv->vlog, blobs);
}

/*
 * From which size on a value goes to the value log now.  While the log is
 * synced after every few bytes, the values of small batches ride in it, so
 * that a sync is one device flush and not two; flush.c moves them.  (The idea
 * is that of ZFS's intent log, which embeds small synchronous writes.)
 */
static size_t separate_from(struct kv *kv, const struct kv_batch *batch)
{
	size_t from = kv->options.separate_at;
	struct view *view;

	if (batch->put_max < from || batch->size > RIDE_SIZE_MAX)
		return from;
	view = store_view(kv);
	if (wal_is_synced_often(view->active.wal))
		from = RIDE_SIZE_MAX + 1;
	view_unref(view);
	return from;
}

static bool separate(const struct batch_op *op, size_t from)
{
	return op->kind == BATCH_PUT && op->value_size >= from;
}

/* Compresses the values that are to be blobs, behind those that are already. */
static int compress(struct kv *kv, const struct kv_batch *batch, size_t from,
		    struct prepared *p)
{
	int rc = 0;

	p->blobs.plain = !kv->tuned.compress;
	for (; rc == 0 && p->compressed < batch->count; p->compressed++) {
		const struct batch_op *op = &batch->ops[p->compressed];

		if (separate(op, from))
			rc = vlog_batch_add(&p->blobs, batch_key(batch, op),
					    batch_value(batch, op));
	}
	return rc;
}

/* Smaller batches may yet ride in the log. */
int prepare_early(struct kv *kv, struct kv_batch *batch)
{
	struct prepared *p = &batch->prepared;
	int rc;

	if (batch->error || batch->size <= RIDE_SIZE_MAX)
		return 0;
	rc = compress(kv, batch, kv->options.separate_at, p);
	if (rc < 0)
		prepared_reset(p);
	return rc;
}

static int write_large(struct kv *kv, const struct kv_batch *batch, size_t from,
		       struct prepared *p)
{
	int rc;

	if (batch->put_max < from)
		return 0;
	rc = compress(kv, batch, from, p);
	if (rc == 0 && vlog_batch_count(&p->blobs) > 0)
		rc = store_write_values(kv, &p->blobs);
	return rc;
}

/* Holds @b as a writer does; once is enough. */
static int hold(struct prepared *p, struct blob *b)
{
	size_t cap = size_max(4, p->held_cap * 2), i;
	struct blob **held;

	for (i = 0; i < p->held_count; i++)
		if (p->held[i] == b)
			return 0;
	if (p->held_count == p->held_cap) {
		held = reallocarray(p->held, cap, sizeof(struct blob *));
		if (!held)
			return -ENOMEM;
		p->held = held;
		p->held_cap = cap;
	}
	p->held[p->held_count++] = blob_ref(b);
	blob_enter(b);
	return 0;
}

/*
 * Copies what the source has now.  A file that was found to be referred to may
 * be dropped before we hold it: so the source is looked up again once it is
 * held, until it says the same.  From then on it cannot be found dead.
 */
static int put_copy(struct kv *kv, struct prepared *p, struct slice key,
		    struct slice source)
{
	struct blob_handle handle;
	size_t held;
	struct read_found f;
	struct blob *b;
	int rc;

	do {
		held = p->held_count;
		rc = read_find(kv, NULL, source, &f);
		if (rc < 0)
			return rc;
		if (entry_kind(&f.entry) == ENTRY_BLOB) {
			rc = blob_handle_decode(&handle, f.entry.value);
			if (rc == 0)
				rc = view_blob(f.view, handle.blob_id, &b);
			if (rc == 0)
				rc = hold(p, b);
		}
		if (rc == 0 && p->held_count == held)
			rc = wal_put(&p->payload, entry_kind(&f.entry), key,
				     f.entry.value);
		read_release(&f);
	} while (rc == 0 && p->held_count != held);
	return rc;
}

static int put_op(struct kv *kv, struct prepared *p,
		  const struct kv_batch *batch, const struct batch_op *op)
{
	struct slice key = batch_key(batch, op);

	switch (op->kind) {
	case BATCH_DELETE:
		return wal_put(&p->payload, ENTRY_DELETE, key,
			       slice_of(NULL, 0));
	case BATCH_DELETE_RANGE:
		return wal_put(&p->payload, ENTRY_RANGE_DELETE, key,
			       batch_value(batch, op));
	case BATCH_COPY:
		return put_copy(kv, p, key, batch_value(batch, op));
	default:
		return wal_put(&p->payload, ENTRY_PUT, key,
			       batch_value(batch, op));
	}
}

static int encode(struct kv *kv, const struct kv_batch *batch, size_t from,
		  struct prepared *p)
{
	uint8_t bytes[BLOB_HANDLE_SIZE_MAX];
	struct blob_handle handle;
	size_t i, blob = 0;
	int rc;

	rc = buf_reserve(&p->payload, WAL_HEADER_SIZE);
	if (rc < 0)
		return rc;
	p->payload.size = WAL_HEADER_SIZE;
	for (i = 0; rc == 0 && i < batch->count; i++) {
		const struct batch_op *op = &batch->ops[i];

		if (!separate(op, from)) {
			rc = put_op(kv, p, batch, op);
			continue;
		}
		vlog_batch_handle(&p->blobs, blob++, &handle);
		rc = wal_put(
			&p->payload, ENTRY_BLOB, batch_key(batch, op),
			slice_of(bytes, blob_handle_encode(&handle, bytes)));
	}
	return rc;
}

int prepare(struct kv *kv, struct kv_batch *batch)
{
	struct prepared *p = &batch->prepared;
	size_t from = separate_from(kv, batch);
	int rc;

	assert(p->payload.size == 0);
	rc = write_large(kv, batch, from, p);
	if (rc == 0)
		rc = encode(kv, batch, from, p);
	if (rc == 0)
		p->count = (uint32_t)batch->count;
	return rc;
}

void prepared_reset(struct prepared *p)
{
	size_t i;

	for (i = 0; i < p->held_count; i++) {
		blob_leave(p->held[i]);
		blob_unref(p->held[i]);
	}
	p->held_count = 0;
	p->count = 0;
	p->compressed = 0;
	vlog_batch_reset(&p->blobs);
	buf_reset(&p->payload);
}

void prepared_fini(struct prepared *p)
{
	prepared_reset(p);
	free(p->held);
	vlog_batch_fini(&p->blobs);
	buf_fini(&p->payload);
}
