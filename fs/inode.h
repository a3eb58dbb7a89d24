/*
 * Inodes: found, locked, numbered, written.
 *
 * An operation gets the inodes it needs with inode_get(), without holding the
 * lock of any, then locks all of them at once, in rising order; checks, on the
 * locked inodes, what it relied on to find them; writes one batch; and only
 * then changes the records in memory.  So an error leaves memory and store
 * agreeing, and no order of operations can deadlock.
 *
 * Two inode numbers compare in a useful way: an inode has a greater number than
 * the directory it was created in, since runs are reserved in rising order and
 * a directory's runs after its own number.  So a new inode may be locked while
 * its directory is.
 *
 * Thread safety: any thread; NEEDS says which locks.
 */
#ifndef FS_INODE_H
#define FS_INODE_H

#include "fs/superblock.h"

/*
 * Finds @ino and loads it.  The caller ends with inode_put().  Must not be
 * called with an inode's lock held.  Returns 0, -ENOENT (there is no such
 * inode), -EUCLEAN, -EIO, ...
 */
int inode_get(struct fs *fs, uint64_t ino, struct inode **out) MUST_USE;

/*
 * Gives an inode back.  If it was the last reference to one without links, its
 * data and record are removed, now or soon (purge.h); an error in that leaves
 * the work to the next fs_open().  Must not be called with an inode's lock
 * held.  Accepts NULL.
 */
void inode_put(struct fs *fs, struct inode *inode);

/* As inode_get(), and locks it.  -ENOENT also if it is no longer stored. */
int inode_get_locked(struct fs *fs, uint64_t ino, struct inode **out) MUST_USE;

/* Unlocks and gives back. */
void inode_put_locked(struct fs *fs, struct inode *inode);

/* Inodes that are locked together: by rising number, each once. */
struct inode_set {
	struct inode *at[4]; /* borrowed */
	unsigned count;
};

/* NULL, and what is in the set already, is left out. */
void inode_set_add(struct inode_set *set, struct inode *inode);
void inode_set_lock(const struct inode_set *set);
void inode_set_unlock(const struct inode_set *set);

/*
 * Checks that @dir is a directory in which names may be made: -ENOTDIR, or
 * -ENOENT if it has been removed.
 */
int inode_check_dir(const struct inode *dir) NEEDS(dir->lock) MUST_USE;

/* A number for what is to be created in @dir, near those of its siblings. */
int inode_number(struct fs *fs, struct inode *dir, uint64_t *ino)
	NEEDS(dir->lock) MUST_USE;

/*
 * Clears setuid, and setgid if the group may execute: for whoever is about to
 * give a file other contents or another owner.  Directories keep both.
 */
void inode_kill_privileges(struct inode_record *rec);

/* Adds to @batch that the record of @ino shall be @rec. */
void inode_stage(struct kv_batch *batch, uint64_t ino,
		 const struct inode_record *rec);

/* Writes and frees @batch; what kv_write() returns. */
int inode_commit(struct fs *fs, struct kv_batch *batch) MUST_USE;

/* Rounds down, also before 1970, so that tv_nsec is never negative. */
struct timespec inode_timespec(int64_t ns);

/* What stat(2) says of it. */
void inode_stat(const struct inode *inode, struct stat *out) NEEDS(inode->lock);

/* Notes that @inode has lost a name in @dir, after that was written. */
void inode_note_unlinked(struct inode *inode, const struct inode *dir)
	NEEDS(inode->lock, dir->lock);

/*
 * Whether the kernel may not have dealt with the answer to an unlink: no name
 * of directory @dir has changed since its names_seq was @seq.  No inode may be
 * locked.  See fs.h.
 */
bool inode_unlink_pending(struct fs *fs, uint64_t dir, uint64_t seq);

/* Fills @out and counts a reference of the kernel's. */
void inode_entry(struct fs *fs, struct inode *inode, struct fs_entry *out)
	NEEDS(inode->lock);

#endif
