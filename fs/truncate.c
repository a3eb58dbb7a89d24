#include "fs/truncate.h"

#include "engine/base/error.h"
#include "fs/orphan.h"
#include "fs/schema.h"

static void chunk_removed(struct inode_record *rec, size_t bytes)
{
	rec->stored -= u64_min(bytes, rec->stored);
}

void truncate_stage_all(struct kv_batch *batch, uint64_t ino, uint64_t chunks)
{
	struct schema_key key, upper;
	uint64_t i;

	if (chunks > TRUNCATE_CHUNKS_SINGLY) {
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

int truncate_stage_chunks(struct fs *fs, struct kv_batch *batch, uint64_t ino,
			  struct inode_record *rec, uint64_t *first, bool *done)
{
	struct schema_key lower, upper;
	struct schema_parsed key;
	unsigned count = 0;
	struct kv_iter *it;
	int rc;

	/* But for a purge, nothing lies past the size. */
	if (rec->stored == 0 || (!(rec->flags & INODE_PURGE) &&
				 schema_chunks(rec->size) <= *first)) {
		*done = true;
		return 0;
	}
	if (*first == 0 && !(rec->flags & INODE_PURGE)) {
		truncate_stage_all(batch, ino, schema_chunks(rec->size));
		rec->stored = 0;
		*done = true;
		return 0;
	}
	schema_key_chunk(&lower, ino, *first);
	schema_key_ino(&upper, SCHEMA_CHUNK, ino + 1);
	rc = kv_iter_open(&it, fs->kv, schema_slice(&lower),
			  schema_slice(&upper));
	if (rc < 0)
		return rc;
	rc = kv_iter_first(it);
	while (rc > 0 && count < TRUNCATE_BATCH_CHUNKS) {
		kv_batch_delete(batch, kv_iter_key(it));
		chunk_removed(rec, kv_iter_value_size(it));
		count++;
		rc = kv_iter_next(it);
	}
	if (rc > 0)
		rc = schema_parse(kv_iter_key(it), &key) < 0 ? -EUCLEAN : 1;
	if (rc > 0)
		*first = key.number;
	if (rc >= 0)
		*done = rc == 0;
	kv_iter_close(it);
	return rc < 0 ? rc : 0;
}

/* Rewrites the chunk that @size cuts, if it holds more than that. */
static int stage_cut(struct fs *fs, struct kv_batch *batch, uint64_t ino,
		     struct inode_record *rec, uint64_t size)
{
	size_t keep = size % SCHEMA_CHUNK_BYTES;
	struct schema_key key;
	struct kv_value value;
	int rc;

	schema_key_chunk(&key, ino, size / SCHEMA_CHUNK_BYTES);
	rc = kv_get(fs->kv, schema_slice(&key), &value);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	if (value.data.size > keep) {
		chunk_removed(rec, value.data.size - keep);
		kv_batch_put(batch, schema_slice(&key),
			     slice_of(value.data.data, keep));
	}
	kv_value_release(&value);
	return 0;
}

/* The crash argument is in truncate.h and orphan.h. */
static int stage_shorter(struct fs *fs, struct kv_batch *batch,
			 struct inode *inode, struct inode_record *rec,
			 uint64_t size)
{
	uint64_t first = schema_chunks(size);
	bool done;
	int rc;

	rc = truncate_stage_chunks(fs, batch, inode->ino, rec, &first, &done);
	if (rc == 0 && size % SCHEMA_CHUNK_BYTES != 0)
		rc = stage_cut(fs, batch, inode->ino, rec, size);
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
