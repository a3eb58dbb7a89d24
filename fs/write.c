#include "fs/write.h"

#include <stdlib.h>

#include "fs/blocks.h"
#include "fs/data.h"
#include "fs/orphan.h"
#include "fs/schema.h"

/* From here on they are compressed without a lock. */
#define EARLY_CHUNKS_MIN 4

/* More blocks in one write replace their chunk. */
#define BLOCKS_AT_ONCE_MAX 4

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
	NEEDS(w->inode->lock)
{
	struct schema_key key;
	size_t old_size;
	unsigned bits;
	int rc;

	schema_key_chunk(&key, w->inode->ino, chunk);
	rc = stored_size(w, &key, chunk, &old_size);
	if (rc == 0)
		rc = blocks_find(w->fs, w->inode, chunk, &bits);
	if (rc < 0)
		return rc;
	blocks_stage_removal(w->batch, w->inode->ino, chunk, bits);
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
static int fetch(struct write *w, uint64_t chunk, size_t *old_size,
		 unsigned *bits) NEEDS(w->inode->lock)
{
	if (!w->bounce)
		w->bounce = malloc(SCHEMA_CHUNK_BYTES);
	if (!w->bounce)
		return -ENOMEM;
	*old_size = 0;
	*bits = 0;
	if (chunk >= schema_chunks(w->inode->rec.size))
		return 0;
	return blocks_fetch(w->fs, w->inode, chunk, w->bounce, old_size, bits);
}

/* A chunk becomes the bounce buffer's first @new_size bytes, and those alone.
 */
static int fold(struct write *w, uint64_t chunk, size_t new_size, unsigned bits)
{
	struct schema_key key;

	blocks_stage_removal(w->batch, w->inode->ino, chunk, bits);
	schema_key_chunk(&key, w->inode->ino, chunk);
	return kv_batch_put(w->batch, schema_slice(&key),
			    slice_of(w->bounce, new_size));
}

/* The blocks that @size bytes at @start are, or 0: they are not just blocks. */
static unsigned whole_blocks(size_t start, size_t size)
{
	if (start % SCHEMA_BLOCK_BYTES != 0 || size % SCHEMA_BLOCK_BYTES != 0)
		return 0;
	return ((1u << size / SCHEMA_BLOCK_BYTES) - 1)
	       << start / SCHEMA_BLOCK_BYTES;
}

/* Whether @bits may be blocks over a chunk, beside those it has. */
static int may_have_blocks(struct write *w, uint64_t chunk, unsigned bits,
			   bool *may) NEEDS(w->inode->lock)
{
	struct schema_key key;
	unsigned old_bits;
	size_t size;
	int rc;

	*may = false;
	if (bits == 0 || __builtin_popcount(bits) > BLOCKS_AT_ONCE_MAX)
		return 0;
	rc = blocks_find(w->fs, w->inode, chunk, &old_bits);
	if (rc < 0)
		return rc;
	if (old_bits) {
		*may = __builtin_popcount(old_bits | bits) <= BLOCKS_MAX;
		return 0;
	}
	schema_key_chunk(&key, w->inode->ino, chunk);
	rc = stored_size(w, &key, chunk, &size);
	*may = rc == 0 && size == SCHEMA_CHUNK_BYTES;
	return rc;
}

static int write_blocks(struct write *w, uint64_t chunk, unsigned bits,
			const uint8_t *bytes) NEEDS(w->inode->lock)
{
	struct schema_key key;
	unsigned i;
	int rc = 0;

	if (!(w->rec.flags & INODE_BLOCKS))
		rc = superblock_need(w->fs, SUPERBLOCK_BLOCKS);
	w->rec.flags |= INODE_BLOCKS;
	for (i = 0; rc == 0 && i < SCHEMA_BLOCKS; i++) {
		if (!(bits >> i & 1))
			continue;
		schema_key_block(&key, w->inode->ino, chunk, i);
		rc = kv_batch_put(w->batch, schema_slice(&key),
				  slice_of(bytes, SCHEMA_BLOCK_BYTES));
		bytes += SCHEMA_BLOCK_BYTES;
	}
	return rc;
}

int write_part(struct write *w, uint64_t chunk, size_t start,
	       const uint8_t *bytes, size_t size)
{
	unsigned bits = whole_blocks(start, size);
	size_t old_size, new_size;
	bool may;
	int rc;

	mutex_assert_held(&w->inode->lock);
	rc = may_have_blocks(w, chunk, bits, &may);
	if (rc == 0 && may)
		return write_blocks(w, chunk, bits, bytes);
	if (rc == 0)
		rc = fetch(w, chunk, &old_size, &bits);
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
	return fold(w, chunk, new_size, bits);
}

int write_chunk(struct write *w, uint64_t chunk, size_t start,
		const uint8_t *bytes, size_t size)
{
	mutex_assert_held(&w->inode->lock);
	if (size == SCHEMA_CHUNK_BYTES)
		return write_whole(w, chunk, bytes);
	return write_part(w, chunk, start, bytes, size);
}

/* What is stored ends where the zeros begin, if they reach its end. */
int write_zeros(struct write *w, uint64_t chunk, size_t start, size_t size)
{
	struct schema_key key;
	size_t old_size, new_size;
	unsigned bits;
	int rc;

	mutex_assert_held(&w->inode->lock);
	schema_key_chunk(&key, w->inode->ino, chunk);
	rc = stored_size(w, &key, chunk, &old_size);
	if (rc < 0 || start >= old_size)
		return rc;
	new_size = start + size < old_size ? old_size : start;
	w->rec.stored -= u64_min(old_size - new_size, w->rec.stored);
	if (new_size == 0) {
		rc = blocks_find(w->fs, w->inode, chunk, &bits);
		if (rc < 0)
			return rc;
		blocks_stage_removal(w->batch, w->inode->ino, chunk, bits);
		return kv_batch_delete(w->batch, schema_slice(&key));
	}
	rc = fetch(w, chunk, &old_size, &bits);
	if (rc < 0)
		return rc;
	memset(w->bounce + start, 0, size_min(size, old_size - start));
	return fold(w, chunk, new_size, bits);
}

/* The blocks of @source, and no others, by reference. */
static int share_blocks(struct write *w, uint64_t chunk,
			const struct inode *source, uint64_t number)
	NEEDS(w->inode->lock, source->lock)
{
	unsigned bits, old_bits, i;
	struct schema_key key, from;
	int rc;

	rc = blocks_find(w->fs, source, number, &bits);
	if (rc == 0)
		rc = blocks_find(w->fs, w->inode, chunk, &old_bits);
	if (rc < 0)
		return rc;
	blocks_stage_removal(w->batch, w->inode->ino, chunk, old_bits & ~bits);
	if (bits)
		w->rec.flags |= INODE_BLOCKS;
	for (i = 0; rc == 0 && i < SCHEMA_BLOCKS; i++) {
		if (!(bits >> i & 1))
			continue;
		schema_key_block(&key, w->inode->ino, chunk, i);
		schema_key_block(&from, source->ino, number, i);
		rc = kv_batch_copy(w->batch, schema_slice(&key),
				   schema_slice(&from));
	}
	return rc;
}

int write_shared(struct write *w, uint64_t chunk, size_t size,
		 const struct inode *source, uint64_t number, bool *done)
{
	struct schema_key key, from;
	size_t old_size, new_size;
	int rc;

	mutex_assert_held(&w->inode->lock);
	mutex_assert_held(&source->lock);
	schema_key_chunk(&key, w->inode->ino, chunk);
	schema_key_chunk(&from, source->ino, number);
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
	rc = share_blocks(w, chunk, source, number);
	if (rc < 0)
		return rc;
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
