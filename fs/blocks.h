/*
 * Blocks: pieces of 4 KiB that were written over a chunk.
 *
 * A small write into a chunk need not replace all of it: it may leave a value
 * of its own under 'c' ino8 chunk8 block1, right behind the chunk's.  What a
 * chunk holds is then its own value with its blocks laid over.  They are folded
 * into it when the next write would leave more than BLOCKS_MAX of them, or
 * cannot be a block; so random small writes cost about what they write, and a
 * chunk with its blocks takes at most 1 + BLOCKS_MAX / 8 of its room.  (The
 * idea is that of log-structured merging, once more: deltas first, the merge
 * when it is due.)
 *
 * Invariants
 *   - A block's value is SCHEMA_BLOCK_BYTES, and its chunk's own value is
 *     whole, and so lies within the file's size.  So a block changes neither
 *     the size nor `stored`, which counts the chunks alone.
 *   - An inode whose chunks have blocks has INODE_BLOCKS, and a store that has
 *     such an inode SUPERBLOCK_BLOCKS.  The inode's flag may outlive its
 *     blocks; it goes when the file is emptied.
 *   - Whoever puts or removes a chunk removes its blocks in the same batch.
 *
 * Files without the flag are read and written as if there were no blocks.
 *
 * Thread safety: NEEDS says which locks; blocks_read() needs none, and sees the
 * store as it is at one moment.
 */
#ifndef FS_BLOCKS_H
#define FS_BLOCKS_H

#include "fs/inode.h"

#define BLOCKS_MAX 7 /* that a chunk may have */

/* Sets bit n of *@bits for each block n that @chunk has. */
int blocks_find(struct fs *fs, const struct inode *inode, uint64_t chunk,
		unsigned *bits) NEEDS(inode->lock) MUST_USE;

/*
 * Reads @size bytes, at least one, of a file that may have blocks; zeros where
 * there are none, whatever the file's size.  Returns 0, -EUCLEAN, ...
 */
int blocks_read(struct fs *fs, uint64_t ino, void *buf, size_t size,
		uint64_t offset) MUST_USE;

/*
 * Puts what @chunk holds in @buf, which has room for a chunk: *@size bytes, 0
 * for a hole.  *@bits are as blocks_find() finds them.
 */
int blocks_fetch(struct fs *fs, const struct inode *inode, uint64_t chunk,
		 uint8_t *buf, size_t *size, unsigned *bits)
	NEEDS(inode->lock) MUST_USE;

/* Adds to @batch the removal of the blocks in @bits. */
void blocks_stage_removal(struct kv_batch *batch, uint64_t ino, uint64_t chunk,
			  unsigned bits);

#endif
