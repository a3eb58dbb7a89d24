#include "fs/write.h"

#include <stdlib.h>

#include "fs/data.h"
#include "fs/orphan.h"
#include "fs/schema.h"

/* From here on they are compressed without a lock. */
#define EARLY_CHUNKS_MIN 4

static bool all_zero(const uint8_t *bytes, size_t size)
{
	return size == 0 ||
	       (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

int write_prepare(struct write *w, struct fs *fs, uint64_t ino,
		  const uint8_t *buf, size_t size, uint64_t offset)
{
	uint64_t first = schema_chunks(offset);
	uint64_t end = (offset + size) / SCHEMA_CHUNK_BYTES;
	const uint8_t *bytes;
	struct schema_key key;
	uint64_t i;

	*w = (struct write){ 0 };
	if (end < first + EARLY_CHUNKS_MIN)
		return 0;
	w->batch = kv_batch_new();
	if (!w->batch)
		return -ENOMEM;
	w->early_first = first;
	w->early_end = end;
	bytes = buf + (first * SCHEMA_CHUNK_BYTES - offset);
	for (i = first; i < end; i++, bytes += SCHEMA_CHUNK_BYTES) {
		/* A hole is made, or is none, under the lock. */
		if (all_zero(bytes, SCHEMA_CHUNK_BYTES))
			continue;
		schema_key_chunk(&key, ino, i);
		kv_batch_put_borrowed(w->batch, schema_slice(&key),
				      slice_of(bytes, SCHEMA_CHUNK_BYTES));
	}
	return kv_write_prepare(fs->kv, w->batch);
}

int write_begin(struct write *w, struct fs *fs, struct inode *inode)
{
	int rc;

	rc = data_check_regular(inode);
	if (rc == 0 && fs->read_only)
		rc = -EROFS;
	if (rc == 0 && inode->rec.flags & INODE_IMMUTABLE)
		rc = -EPERM;
	if (rc == 0)
		rc = orphan_trim(fs, inode);
	if (rc < 0)
		return rc;
	w->fs = fs;
	w->inode = inode;
	w->rec = inode->rec;
	if (!w->batch)
		w->batch = kv_batch_new();
	return w->batch ? 0 : -ENOMEM;
}

void write_end(struct write *w)
{
	kv_batch_free(w->batch);
	free(w->bounce);
}

/* The size of a chunk as it is stored now; 0: not there. */
static int stored_size(struct write *w, const struct schema_key *key,
		       uint64_t chunk, size_t *size)
{
	int rc;

	*size = 0;
	if (chunk >= schema_chunks(w->inode->rec.size))
		return 0;
	rc = kv_size(w->fs->kv, schema_slice(key), size);
	return rc == -ENOENT ? 0 : rc;
}

static int write_whole(struct write *w, uint64_t chunk, const uint8_t *bytes)
{
	struct schema_key key;
	size_t old_size;
	int rc;

	schema_key_chunk(&key, w->inode->ino, chunk);
	rc = stored_size(w, &key, chunk, &old_size);
	if (rc < 0)
		return rc;
	w->rec.stored -= u64_min(old_size, w->rec.stored);
	if (!all_zero(bytes, SCHEMA_CHUNK_BYTES)) {
		w->rec.stored += SCHEMA_CHUNK_BYTES;
		if (chunk >= w->early_first && chunk < w->early_end)
			return 0;
		return kv_batch_put_borrowed(
			w->batch, schema_slice(&key),
			slice_of(bytes, SCHEMA_CHUNK_BYTES));
	}
	return old_size ? kv_batch_delete(w->batch, schema_slice(&key)) : 0;
}

/* Puts what a chunk holds now in the bounce buffer. */
static int fetch(struct write *w, const struct schema_key *key, uint64_t chunk,
		 size_t *old_size)
{
	struct kv_value value;
	int rc;

	if (!w->bounce)
		w->bounce = malloc(SCHEMA_CHUNK_BYTES);
	if (!w->bounce)
		return -ENOMEM;
	*old_size = 0;
	if (chunk >= schema_chunks(w->inode->rec.size))
		return 0;
	rc = kv_get(w->fs->kv, schema_slice(key), &value);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	*old_size = size_min(value.data.size, SCHEMA_CHUNK_BYTES);
	memcpy(w->bounce, value.data.data, *old_size);
	kv_value_release(&value);
	return 0;
}

int write_part(struct write *w, uint64_t chunk, size_t start,
	       const uint8_t *bytes, size_t size)
{
	struct schema_key key;
	size_t old_size, new_size;
	int rc;

	schema_key_chunk(&key, w->inode->ino, chunk);
	rc = fetch(w, &key, chunk, &old_size);
	if (rc < 0)
		return rc;
	/* Zeros behind what is stored are what reads there anyway. */
	if (start >= old_size && all_zero(bytes, size))
		return 0;
	if (start > old_size)
		memset(w->bounce + old_size, 0, start - old_size);
	memcpy(w->bounce + start, bytes, size);
	new_size = size_max(old_size, start + size);
	w->rec.stored -= u64_min(old_size, w->rec.stored);
	w->rec.stored += new_size;
	return kv_batch_put(w->batch, schema_slice(&key),
			    slice_of(w->bounce, new_size));
}

int write_chunk(struct write *w, uint64_t chunk, size_t start,
		const uint8_t *bytes, size_t size)
{
	if (size == SCHEMA_CHUNK_BYTES)
		return write_whole(w, chunk, bytes);
	return write_part(w, chunk, start, bytes, size);
}

/* What is stored ends where the zeros begin, if they reach its end. */
int write_zeros(struct write *w, uint64_t chunk, size_t start, size_t size)
{
	struct schema_key key;
	size_t old_size, new_size;
	int rc;

	schema_key_chunk(&key, w->inode->ino, chunk);
	rc = stored_size(w, &key, chunk, &old_size);
	if (rc < 0 || start >= old_size)
		return rc;
	new_size = start + size < old_size ? old_size : start;
	w->rec.stored -= u64_min(old_size - new_size, w->rec.stored);
	if (new_size == 0)
		return kv_batch_delete(w->batch, schema_slice(&key));
	rc = fetch(w, &key, chunk, &old_size);
	if (rc < 0)
		return rc;
	memset(w->bounce + start, 0, size_min(size, old_size - start));
	return kv_batch_put(w->batch, schema_slice(&key),
			    slice_of(w->bounce, new_size));
}

int write_shared(struct write *w, uint64_t chunk, size_t size, uint64_t ino,
		 uint64_t source, bool *done)
{
	struct schema_key key, from;
	size_t old_size, new_size;
	int rc;

	schema_key_chunk(&key, w->inode->ino, chunk);
	schema_key_chunk(&from, ino, source);
	rc = stored_size(w, &key, chunk, &old_size);
	if (rc < 0)
		return rc;
	rc = kv_size(w->fs->kv, schema_slice(&from), &new_size);
	if (rc == -ENOENT)
		new_size = 0;
	else if (rc < 0)
		return rc;
	*done = old_size <= size && new_size <= size;
	if (!*done)
		return 0;
	w->rec.stored -= u64_min(old_size, w->rec.stored);
	w->rec.stored += new_size;
	if (new_size)
		return kv_batch_copy(w->batch, schema_slice(&key),
				     schema_slice(&from));
	return old_size ? kv_batch_delete(w->batch, schema_slice(&key)) : 0;
}

void write_touch(struct write *w)
{
	w->rec.mtime_ns = superblock_now_ns(w->fs);
	w->rec.ctime_ns = w->rec.mtime_ns;
}

int write_commit(struct write *w)
{
	struct inode *inode = w->inode;
	int rc;

	mutex_assert_held(&inode->lock);
	inode_stage(w->batch, inode->ino, &w->rec);
	rc = kv_write(w->fs->kv, w->batch);
	if (rc < 0)
		return rc;
	atomic_fetch_add(&w->fs->data_bytes, w->rec.size - inode->rec.size);
	inode->rec = w->rec;
	return 0;
}
