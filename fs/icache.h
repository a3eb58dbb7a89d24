/*
 * The inode cache: one struct inode for each number in use, and how many use
 * it.
 *
 * Two counts keep an inode in the table: `lookups`, the references that the
 * kernel holds and gives back with fs_forget(), and `refs`, those of running
 * operations.  When both are 0 it leaves.  There is never a second struct inode
 * of the same number, so its lock is the inode's lock, and its record is the
 * newest.
 *
 * The table makes inodes empty; inode.h loads them, under the inode's own lock,
 * so that no lock of the table is held over a read.
 *
 * Thread safety: shards with a lock each; all functions may be called from
 * several threads at once, whatever inode locks the caller holds.
 */
#ifndef FS_ICACHE_H
#define FS_ICACHE_H

#include <stdatomic.h>

#include "engine/base/lock.h"
#include "fs/inode_format.h"

#define ICACHE_SHARDS 64 /* a power of 2 */

struct inode {
	/* Set when it is made, then constant. */
	uint64_t ino;

	struct mutex lock; /* RANK_INODE */

	/* Set under lock, once; then rec is as the store has it. */
	atomic_bool loaded;

	/* Of a directory: changes with its names, under lock. */
	_Atomic uint64_t names_seq;

	/* Guarded by lock. */
	struct inode_record rec;
	bool gone;     /* it is no longer in the store */
	bool linkable; /* it has had no name yet, and may get one */
	uint64_t
		unlinked_in; /* the directory it last lost a name in; 0: none */
	uint64_t unlinked_seq;   /* its names_seq right after that */
	uint64_t run_next;       /* of a directory: the numbers from here ... */
	uint64_t run_end;        /* ... to here are for what is created in it */
	uint32_t run_length;     /* the last run's; 0: none yet */
	struct dir_marks *marks; /* of a directory: owned, or NULL */

	/* Guarded by the purger's lock. */
	struct inode *purge_next;

	/* Guarded by the shard's lock. */
	uint64_t lookups;
	uint64_t refs;
	struct inode *next; /* in its bucket */
};

struct icache_shard {
	struct mutex lock;      /* RANK_ICACHE */
	struct inode **buckets; /* owned */
	size_t bucket_count;    /* a power of 2, or 0 */
	size_t count;
};

struct icache {
	struct icache_shard shards[ICACHE_SHARDS];
};

void icache_init(struct icache *cache);

/* Frees all inodes, whoever refers to them. */
void icache_fini(struct icache *cache);

/*
 * The inode with number @ino, found or made, perhaps not loaded; takes a
 * reference, which ends with icache_unref().  NULL if out of memory.
 */
struct inode *icache_ref(struct icache *cache, uint64_t ino);

/* As icache_ref(), but NULL if it is not in the table. */
struct inode *icache_find(struct icache *cache, uint64_t ino);

/* Counts references of the kernel's to an inode that the caller refers to. */
void icache_remember(struct icache *cache, struct inode *inode, uint64_t count);

/* Gives them back; at most those there are. */
void icache_forget(struct icache *cache, struct inode *inode, uint64_t count);

/*
 * Gives a reference back and returns true; @inode may be gone then.  Returns
 * false, and keeps the reference, if it is the last of all and the inode has
 * no links but is still in the store: the caller removes it from there, sets
 * `gone`, and tries again.  With @force it never does that.
 */
bool icache_unref(struct icache *cache, struct inode *inode, bool force);

/* How many inodes there are: for tests. */
size_t icache_count(struct icache *cache);

#endif
