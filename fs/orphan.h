/*
 * Orphans: inodes without links, and chunks past the end of a file, that wait
 * to be removed.
 *
 * Making a file shorter by many chunks takes more than one batch, since the
 * bytes of each are counted.  The first one makes the change that can be seen,
 * the new size, and leaves an 'o' record; later ones remove chunks; the last
 * one removes the 'o' record.
 *
 * An inode has an 'o' record from its last unlink on, until nobody refers to
 * it any more.  Then one batch removes all it has: of many chunks, by their
 * range.  A crash in between leaves an 'o' record, and fs_open() goes on from
 * there.
 *
 * The value of 'o' ino8, 9 bytes:
 *
 *      offset  size  what
 *           0     8  first   the first chunk that must go, little-endian
 *           8     1  remove  1: all chunks and the inode must go
 *
 * An inode has an 'o' record exactly if it has no links, or INODE_PURGE.
 */
#ifndef FS_ORPHAN_H
#define FS_ORPHAN_H

#include "fs/inode.h"

#define ORPHAN_FORMAT_SIZE 9

struct orphan {
	uint64_t first;
	bool remove;
};

int orphan_decode(struct orphan *out, struct slice value) MUST_USE;

/* Adds the record to @batch, replacing what is there. */
void orphan_stage(struct kv_batch *batch, uint64_t ino, uint64_t first,
		  bool remove);

/*
 * Adds to @batch that the inode has lost its last link.  @rec, a copy of its
 * record, is changed accordingly.  orphan_trim() comes before.
 */
void orphan_stage_unlinked(struct kv_batch *batch, const struct inode *inode,
			   struct inode_record *rec);

/*
 * Adds to @batch that an inode that was made without links has got one.
 * orphan_trim() comes before.
 */
void orphan_stage_linked(struct kv_batch *batch, uint64_t ino);

/*
 * If the inode has INODE_PURGE: removes those chunks, in as many batches as it
 * takes.  Else returns 0 at once.
 */
int orphan_trim(struct fs *fs, struct inode *inode) NEEDS(inode->lock) MUST_USE;

/*
 * Adds to @batch the removal of an inode without links, with all it has.  Only
 * xattrs have to be read for that; without them it can but run out of memory,
 * which sticks to the batch.  The inode must not be changed any more.
 */
int orphan_stage_removal(struct fs *fs, struct kv_batch *batch,
			 const struct inode *inode) NEEDS(inode->lock) MUST_USE;

/* Takes it off the counters, after that was written. */
void orphan_count_removed(struct fs *fs, const struct inode *inode);

/* Does all of this for one inode, and sets `gone`. */
int orphan_remove(struct fs *fs, struct inode *inode)
	NEEDS(inode->lock) MUST_USE;

/* Finishes all of them: nobody may be using any. */
int orphan_sweep(struct fs *fs) MUST_USE;

#endif
