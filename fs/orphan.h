/*
 * Orphans: inodes without links, and chunks past the end of a file, that wait
 * to be removed.
 *
 * Removing many chunks takes more than one batch.  The first one makes the
 * change that can be seen (the new size, or no links any more) and leaves an
 * 'o' record; later ones remove chunks; the last one removes the 'o' record,
 * and the inode's if that is to go.  A crash in between leaves an 'o' record,
 * and fs_open() goes on from there.  An inode that is unlinked while in use
 * has an 'o' record from its last unlink on.
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

/* Removes an inode without links, its data first, and sets `gone`. */
int orphan_remove(struct fs *fs, struct inode *inode)
	NEEDS(inode->lock) MUST_USE;

/* Finishes all of them: nobody may be using any. */
int orphan_sweep(struct fs *fs) MUST_USE;

#endif
