/*
 * Purging: removing inodes that no name leads to and nobody refers to.
 *
 * The kernel forgets what was unlinked one inode at a time, right after the
 * unlink, so that removing each where it is forgotten would double the batches
 * that an unlink takes.  An inode without links has an 'o' record (orphan.h),
 * which makes it safe to take some time: a thread removes up to PURGE_BATCH of
 * them in one batch, once there are so many or the first has waited for a
 * time that the options set.
 *
 * What waits keeps the last reference to its inode, so that there is still one
 * struct inode a number.  Whoever finds it meanwhile sees an inode without
 * links, and one that is `gone` as soon as its removal is being written.  If
 * that fails, the 'o' records are still there: the next fs_open() goes on.
 *
 * A filesystem without threads, or one that may not write, has no purger:
 * what goes there goes at once.
 *
 * Memory: the inodes that wait, at most PURGE_WAITING_MAX.
 *
 * Thread safety: purger_add() from any thread.
 */
#ifndef FS_PURGE_H
#define FS_PURGE_H

#include "engine/base/base.h"

#define PURGE_BATCH       64   /* inodes removed together */
#define PURGE_WAITING_MAX 4096 /* inodes */

struct fs;
struct inode;
struct purger;

/*
 * Starts the thread, in which none waits longer for others than @wait_ms.
 * Returns 0, -ENOMEM or -EAGAIN.
 */
int purger_new(struct purger **out, struct fs *fs, unsigned wait_ms) MUST_USE;

/* Removes what waits, and ends.  Accepts NULL. */
void purger_free(struct purger *p);

/* Waits until what waits now has been removed.  Accepts NULL. */
void purger_drain(struct purger *p);

/*
 * Takes over the last reference to an inode without links.  Returns false, and
 * takes nothing, if too many wait.
 */
bool purger_add(struct purger *p, struct inode *inode) MUST_USE;

#endif
