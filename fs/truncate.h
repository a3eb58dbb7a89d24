/*
 * Truncation: making files shorter or longer, and removing chunks.
 *
 * A chunk that the new size cuts is rewritten shorter in the same batch that
 * writes the size, so that old bytes never come back when the file grows
 * again.  Chunks past the new size go in the same batch if they are few, or if
 * all go.  If
 * they are many, the batch leaves an 'o' record and INODE_PURGE behind, and
 * more batches remove them: orphan.h.
 *
 * Thread safety: under the inode's lock.
 */
#ifndef FS_TRUNCATE_H
#define FS_TRUNCATE_H

#include "fs/inode.h"

#define TRUNCATE_BATCH_CHUNKS  4096 /* removed in one batch */
#define TRUNCATE_CHUNKS_SINGLY 16   /* else by their range */

/*
 * Adds to @batch the removal of all chunks of @ino, whose record is @rec.
 * Nothing is read: a hole among few of them costs a tombstone, and many cost
 * one for their range, as do those that may have blocks, or lie past the end.
 */
void truncate_stage_all(struct kv_batch *batch, uint64_t ino,
			const struct inode_record *rec);

/*
 * Adds to @batch the removal of the chunks of @ino from *@first to before @end,
 * up to TRUNCATE_BATCH_CHUNKS of them, and takes their bytes off @rec->stored.
 * *@first becomes where to go on: @end, if these were all.
 */
int truncate_stage_range(struct fs *fs, struct kv_batch *batch, uint64_t ino,
			 struct inode_record *rec, uint64_t *first,
			 uint64_t end) MUST_USE;

/*
 * Adds to @batch the removal of the chunks of @ino from *@first on, some at a
 * time, and takes their bytes off @rec->stored.  *@done tells whether these
 * were all; if not, *@first is where to go on.
 */
int truncate_stage_chunks(struct fs *fs, struct kv_batch *batch, uint64_t ino,
			  struct inode_record *rec, uint64_t *first,
			  bool *done) MUST_USE;

/*
 * Adds to @batch what makes the regular file @inode @size bytes long, except
 * for its record, and changes @rec, a copy of that, accordingly.  orphan_trim()
 * comes before; and again after the write, if the record has INODE_PURGE then.
 * -EFBIG, -EIO, ...
 */
int truncate_stage_size(struct fs *fs, struct kv_batch *batch,
			struct inode *inode, struct inode_record *rec,
			uint64_t size) NEEDS(inode->lock) MUST_USE;

#endif
