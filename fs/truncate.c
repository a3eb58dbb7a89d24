#include "fs/truncate.h"

#include <stdlib.h>

#include "fs/blocks.h"
#include "fs/orphan.h"
#include "fs/schema.h"

static void chunk_removed(struct inode_record *rec, size_t bytes)
{
	rec->stored -= u64_min(bytes, rec->stored);
}

void truncate_stage_all(struct kv_batch *batch, uint64_t ino,
			const struct inode_record *rec)
{
	uint64_t chunks = schema_chunks(rec->size), i;
	struct schema_key key, upper;

	if (chunks > TRUNCATE_CHUNKS_SINGLY ||
	    rec->flags & (INODE_PURGE | INODE_BLOCKS)) {
		schema_key_ino(&key, SCHEMA_CHUNK, ino);
		schema_key_ino(&upper, SCHEMA_CHUNK, ino + 1);
		kv_batch_delete_range(batch, schema_slice(&key),
				      schema_slice(&upper));
		return;
	}
	for (i = 0; i < chunks; i++) {
		schema_key_chunk(&key, ino, i);
		kv_batch_delete(batch, schema_slice(&key));
	}
}

int truncate_stage_range(struct fs *fs, struct kv_batch *batch, uint64_t ino,
			 struct inode_record *rec, uint64_t *first,
			 uint64_t end)
{
	struct schema_key lower, upper;
	struct schema_parsed key;
	unsigned count = 0;
	struct kv_iter *it;
	int rc;

	schema_key_chunk(&lower, ino, *first);
	schema_key_chunk(&upper, ino, end);
	rc = kv_iter_open(&it, fs->kv, schema_slice(&lower),
			  schema_slice(&upper));
	if (rc < 0)
		return rc;
	rc = kv_iter_first(it);
	while (rc > 0) {
		rc = schema_parse(kv_iter_key(it), &key);
		if (rc < 0)
			break;
		/* Blocks go with their chunk. */
		if (!key.is_block) {
			if (count++ == TRUNCATE_BATCH_CHUNKS)
				break;
			chunk_removed(rec, kv_iter_value_size(it));
		}
		kv_batch_delete(batch, kv_iter_key(it));
		rc = kv_iter_next(it);
	}
	kv_iter_close(it);
	if (rc == 0)
		*first = count > TRUNCATE_BATCH_CHUNKS ? key.number : end;
	return rc;
}

int truncate_stage_chunks(struct fs *fs, struct kv_batch *batch, uint64_t ino,
			  struct inode_record *rec, uint64_t *first, bool *done)
{
	int rc;

	/* But for a purge, nothing lies past the size. */
	if (rec->stored == 0 || (!(rec->flags & INODE_PURGE) &&
				 schema_chunks(rec->size) <= *first)) {
		*done = true;
		return 0;
	}
	if (*first == 0 && !(rec->flags & INODE_PURGE)) {
		truncate_stage_all(batch, ino, rec);
		rec->stored = 0;
		rec->flags &= ~INODE_BLOCKS;
		*done = true;
		return 0;
	}
	rc = truncate_stage_range(fs, batch, ino, rec, first, UINT64_MAX);
	if (rc == 0)
		*done = *first == UINT64_MAX;
	return rc;
}

/* Rewrites the chunk that @size cuts, if it holds more than that. */
static int stage_cut(struct fs *fs, struct kv_batch *batch,
		     const struct inode *inode, struct inode_record *rec,
		     uint64_t size) NEEDS(inode->lock)
{
	uint64_t chunk = size / SCHEMA_CHUNK_BYTES;
	size_t keep = size % SCHEMA_CHUNK_BYTES, has;
	struct schema_key key;
	uint8_t *bytes;
	unsigned bits;
	int rc;

	bytes = malloc(SCHEMA_CHUNK_BYTES);
	if (!bytes)
		return -ENOMEM;
	rc = blocks_fetch(fs, inode, chunk, bytes, &has, &bits);
	if (rc == 0 && has > keep) {
		chunk_removed(rec, has - keep);
		schema_key_chunk(&key, inode->ino, chunk);
		kv_batch_put(batch, schema_slice(&key), slice_of(bytes, keep));
		blocks_stage_removal(batch, inode->ino, chunk, bits);
	}
	free(bytes);
	return rc;
}

/* The crash argument is in truncate.h and orphan.h. */
static int stage_shorter(struct fs *fs, struct kv_batch *batch,
			 struct inode *inode, struct inode_record *rec,
			 uint64_t size) NEEDS(inode->lock)
{
	uint64_t first = schema_chunks(size);
	bool done;
	int rc;

	rc = truncate_stage_chunks(fs, batch, inode->ino, rec, &first, &done);
	if (rc == 0 && size % SCHEMA_CHUNK_BYTES != 0)
		rc = stage_cut(fs, batch, inode, rec, size);
	if (rc == 0 && !done) {
		rec->flags |= INODE_PURGE;
		orphan_stage(batch, inode->ino, first, rec->nlink == 0);
	}
	return rc;
}

int truncate_stage_size(struct fs *fs, struct kv_batch *batch,
			struct inode *inode, struct inode_record *rec,
			uint64_t size)
{
	int rc = 0;

	if (size > FS_FILE_SIZE_MAX)
		return -EFBIG;
	if (size < rec->size)
		rc = stage_shorter(fs, batch, inode, rec, size);
	if (rc == 0)
		rec->size = size;
	return rc;
}
