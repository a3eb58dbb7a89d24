#include "engine/vlog.h"

#include <lz4.h>
#include <stdlib.h>

#include "engine/base/coding.h"
#include "engine/blob_record.h"
#include "engine/file_format.h"
#include "engine/kv.h"
#include "engine/ordinals.h"

/* Values of this size are tried on a sample before they are compressed. */
#define SAMPLE_FROM ((size_t)16 << 10) /* bytes */
#define SAMPLE_SIZE ((size_t)4 << 10)  /* bytes */

void vlog_init(struct vlog *v)
{
	*v = (struct vlog){ 0 };
	mutex_init(&v->lock, RANK_VLOG);
}

void vlog_fini(struct vlog *v)
{
	size_t i;

	blob_unref(v->active);
	for (i = 0; i < v->dirty_count; i++)
		blob_unref(v->dirty[i]);
	free(v->dirty);
	mutex_fini(&v->lock);
}

void vlog_batch_reset(struct vlog_batch *b)
{
	if (b->blob) {
		blob_leave(b->blob);
		blob_unref(b->blob);
	}
	b->blob = NULL;
	buf_reset(&b->bytes);
	buf_reset(&b->marks);
}

void vlog_batch_fini(struct vlog_batch *b)
{
	vlog_batch_reset(b);
	buf_fini(&b->bytes);
	buf_fini(&b->marks);
	*b = (struct vlog_batch){ 0 };
}

/*
 * Whether the middle of a large value compresses at all: incompressible data
 * (archives, pictures) should cost a sample, not the whole.
 */
static bool worth_compressing(struct slice value)
{
	char out[SAMPLE_SIZE];
	const char *sample = (const char *)value.data + value.size / 2;

	if (value.size < SAMPLE_FROM)
		return true;
	return LZ4_compress_default(sample, out, (int)SAMPLE_SIZE,
				    (int)(SAMPLE_SIZE - SAMPLE_SIZE / 16)) > 0;
}

/* Puts the value behind @b's bytes; returns how many it takes. */
static size_t put_value(struct vlog_batch *b, struct slice value,
			enum blob_codec *codec)
{
	/* Less than an eighth is not worth the time to undo it. */
	int room = (int)(value.size - value.size / 8), n = 0;

	if (!b->plain && value.size >= 64 && worth_compressing(value))
		n = LZ4_compress_default(value.data,
					 (char *)b->bytes.data + b->bytes.size,
					 (int)value.size, room);
	if (n > 0) {
		*codec = BLOB_LZ4;
		b->bytes.size += (size_t)n;
		return (size_t)n;
	}
	*codec = BLOB_STORED;
	buf_put(&b->bytes, value.data, value.size);
	return value.size;
}

int vlog_batch_add(struct vlog_batch *b, struct slice key, struct slice value)
{
	size_t at = b->bytes.size, stored, pad;
	uint8_t header[BLOB_RECORD_HEADER_SIZE] = { 0 };
	enum blob_codec codec;
	int rc;

	assert(key.size <= KV_KEY_MAX && value.size <= KV_VALUE_MAX);
	rc = buf_reserve(&b->bytes,
			 sizeof(header) + key.size + value.size + BLOB_ALIGN);
	if (rc == 0)
		rc = buf_reserve(&b->marks, sizeof(uint32_t));
	if (rc < 0)
		return rc;

	buf_put_le32(&b->marks, (uint32_t)at);
	buf_put(&b->bytes, header, sizeof(header));
	buf_put(&b->bytes, key.data, key.size);
	stored = put_value(b, value, &codec);

	put_le32(b->bytes.data + at, (uint32_t)stored);
	put_le32(b->bytes.data + at + 4, (uint32_t)value.size);
	put_le16(b->bytes.data + at + 12, (uint16_t)key.size);
	b->bytes.data[at + 14] = (uint8_t)codec;

	pad = -b->bytes.size & (BLOB_ALIGN - 1);
	buf_put(&b->bytes, header, pad);
	return 0;
}

size_t vlog_batch_count(const struct vlog_batch *b)
{
	return b->marks.size / sizeof(uint32_t);
}

int vlog_reserve(struct vlog *v, struct vlog_batch *b, uint64_t bytes_max,
		 uint64_t *full_id)
{
	uint64_t count = vlog_batch_count(b);
	int rc = -EAGAIN;

	assert(!b->blob);
	mutex_lock(&v->lock);
	if (v->active && v->active->size < bytes_max &&
	    v->next_ordinal + count <= ORDINALS_MAX) {
		b->blob = blob_ref(v->active);
		b->offset = v->active->size;
		b->ordinal = v->next_ordinal;
		blob_enter(b->blob);
		v->active->size += b->bytes.size;
		v->next_ordinal += count;
		rc = 0;
	} else {
		*full_id = v->active ? v->active->id : 0;
	}
	mutex_unlock(&v->lock);
	return rc;
}

static int add_dirty(struct vlog *v, struct blob *b) NEEDS(v->lock);

static int add_dirty(struct vlog *v, struct blob *b)
{
	size_t cap = size_max(4, v->dirty_cap * 2), i;
	struct blob **dirty;

	for (i = 0; i < v->dirty_count; i++)
		if (v->dirty[i] == b)
			return 0;
	if (v->dirty_count == v->dirty_cap) {
		dirty = reallocarray(v->dirty, cap, sizeof(struct blob *));
		if (!dirty)
			return -ENOMEM;
		v->dirty = dirty;
		v->dirty_cap = cap;
	}
	v->dirty[v->dirty_count++] = blob_ref(b);
	return 0;
}

int vlog_add_dirty(struct vlog *v, struct blob *b)
{
	int rc;

	mutex_lock(&v->lock);
	rc = add_dirty(v, b);
	mutex_unlock(&v->lock);
	return rc;
}

int vlog_roll(struct vlog *v, uint64_t full_id, struct blob *next)
{
	struct blob *old;
	int rc = 0;

	mutex_lock(&v->lock);
	old = v->active;
	if ((old ? old->id : 0) != full_id) {
		next->sealed = true;
		old = NULL;
	} else {
		rc = add_dirty(v, next);
		if (rc == 0) {
			v->active = blob_ref(next);
			v->next_ordinal = 0;
			if (old)
				old->sealed = true;
		} else {
			old = NULL;
		}
	}
	mutex_unlock(&v->lock);
	blob_unref(old);
	return rc;
}

void vlog_seal(struct vlog *v)
{
	struct blob *old;

	mutex_lock(&v->lock);
	old = v->active;
	v->active = NULL;
	if (old)
		old->sealed = true;
	mutex_unlock(&v->lock);
	blob_unref(old);
}

/*
 * Under the lock, although it is I/O, so that nobody is given a place that is
 * then cut off; it happens only when a write has failed.
 */
static void give_back(struct vlog *v, struct vlog_batch *b)
{
	mutex_lock(&v->lock);
	if (v->active == b->blob &&
	    b->blob->size == b->offset + b->bytes.size) {
		/* What stays allocated behind the end costs space, no more. */
		(void)!env_truncate(b->blob->file, b->offset);
		b->blob->size = b->offset;
		v->next_ordinal = b->ordinal;
	}
	mutex_unlock(&v->lock);
}

int vlog_batch_write(struct vlog *v, struct vlog_batch *b)
{
	size_t n = vlog_batch_count(b), i;
	struct slice all = buf_slice(&b->bytes);
	int rc;

	assert(b->blob);
	for (i = 0; i < n; i++) {
		uint32_t at = get_le32(b->marks.data + i * sizeof(at));
		uint8_t *r = b->bytes.data + at;

		put_le32(r + 8, (uint32_t)(b->ordinal + i));
		blob_record_seal(r, b->blob->salt, b->offset + at);
	}
	rc = env_write_at(b->blob->file, &all, 1, b->offset);
	if (rc < 0)
		give_back(v, b);
	return rc;
}

void vlog_batch_handle(const struct vlog_batch *b, size_t i,
		       struct blob_handle *out)
{
	uint32_t at = get_le32(b->marks.data + i * sizeof(at));
	const uint8_t *r = b->bytes.data + at;

	*out = (struct blob_handle){
		.blob_id = b->blob->id,
		.ordinal = b->ordinal + i,
		.offset = b->offset + at,
		.stored_size = get_le32(r),
		.raw_size = get_le32(r + 4),
		.key_size = get_le16(r + 12),
	};
}

/* The @i-th dirty file, and what a sync that begins now will cover. */
struct dirty {
	struct blob *blob;
	uint64_t covers; /* bytes: all, unless somebody is still writing */
	bool needed;     /* something may not be durable */
	bool last;       /* nothing will be written any more */
};

/*
 * To one that was dropped nothing refers that counts: if it has not been synced
 * by then, it need not be.  After a recovery its file may be gone already.
 */
static bool dirty_blob(struct vlog *v, size_t i, struct dirty *d)
{
	uint64_t entered;
	bool idle, dropped;

	mutex_lock(&v->lock);
	*d = (struct dirty){ 0 };
	if (i < v->dirty_count) {
		d->blob = blob_ref(v->dirty[i]);
		idle = blob_is_idle(d->blob, &entered);
		d->covers = idle ? d->blob->size : d->blob->synced;
		dropped = d->blob->dropped;
		d->needed = !dropped && (!idle || d->blob->synced != d->covers);
		d->last = dropped || (idle && d->blob->sealed);
	}
	mutex_unlock(&v->lock);
	return d->blob != NULL;
}

static void forget_dirty(struct vlog *v, size_t i, const struct blob *b)
{
	mutex_lock(&v->lock);
	assert(v->dirty[i] == b);
	blob_unref(v->dirty[i]);
	v->dirty[i] = v->dirty[--v->dirty_count];
	mutex_unlock(&v->lock);
}

/*
 * A file stays in the list while it is active.  One that is sealed leaves it
 * once it was synced after the last writer was done, or when it was dropped.
 */
int vlog_sync(struct vlog *v)
{
	struct dirty d;
	size_t i = 0;
	int rc = 0;

	while (rc == 0 && dirty_blob(v, i, &d)) {
		/* A flush of the device costs the same with nothing to do. */
		if (d.needed)
			rc = env_sync(d.blob->file);
		if (rc == 0)
			d.blob->synced = d.covers;
		if (rc == 0 && d.last) {
			env_seal(d.blob->file);
			forget_dirty(v, i, d.blob);
		} else {
			i++;
		}
		blob_unref(d.blob);
	}
	return rc;
}
