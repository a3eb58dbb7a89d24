/*
 * A change of a file's data that is being put together: chunks written, zeroed
 * or shared, then the record, all in one batch.
 *
 * Each chunk may be changed once in a batch, since it is read as the store has
 * it.  Nothing is visible, and the inode in memory is as it was, until
 * write_commit() has returned 0.
 *
 * Thread safety: under the inode's lock, from write_begin() to write_end().
 */
#ifndef FS_WRITE_H
#define FS_WRITE_H

#include "fs/inode.h"

struct write {
	struct fs *fs;
	struct inode *inode;     /* locked */
	struct inode_record rec; /* as it will be */
	struct kv_batch *batch;
	uint8_t *bounce; /* owned: a chunk that is being changed, or NULL */
	uint64_t early_first; /* the chunks from here ... */
	uint64_t early_end;   /* ... to here are in the batch */
};

/*
 * Puts the whole chunks among @size bytes at @offset in a batch and has them
 * compressed, which takes milliseconds where there are many: before the inode
 * is locked, so that several threads do it for one file.  write_begin() goes on
 * from there, and write_chunk() must then be called for each with the same
 * bytes.  Few chunks are left to that.  Returns 0 or -ENOMEM; write_end() is
 * for a change that was prepared.
 */
int write_prepare(struct write *w, struct fs *fs, uint64_t ino,
		  const uint8_t *buf, size_t size, uint64_t offset) MUST_USE;

/*
 * Begins a change of @inode; @w is all zero, or prepared.  Returns 0, -EISDIR,
 * -EINVAL (not a regular file), -EPERM (it is immutable), -ENOMEM, ...;
 * write_end() is for a change that has begun.
 */
int write_begin(struct write *w, struct fs *fs, struct inode *inode)
	NEEDS(inode->lock) MUST_USE;
void write_end(struct write *w);

/* The chunk's @size bytes at @start become @bytes, borrowed for whole chunks.
 */
int write_chunk(struct write *w, uint64_t chunk, size_t start,
		const uint8_t *bytes, size_t size) MUST_USE;

/* The same, and @bytes are copied in any case. */
int write_part(struct write *w, uint64_t chunk, size_t start,
	       const uint8_t *bytes, size_t size) MUST_USE;

/* ... become zeros. */
int write_zeros(struct write *w, uint64_t chunk, size_t start,
		size_t size) MUST_USE;

/*
 * The first @size bytes of a chunk become those of chunk @number of @source,
 * which is locked, by reference.  *@done is false, and nothing has changed,
 * where that cannot be: the chunk has more than @size bytes, or the source has.
 */
int write_shared(struct write *w, uint64_t chunk, size_t size,
		 const struct inode *source, uint64_t number,
		 bool *done) MUST_USE;

/* Sets mtime and ctime. */
void write_touch(struct write *w);

/* Writes it all, the record last. */
int write_commit(struct write *w) MUST_USE;

#endif
