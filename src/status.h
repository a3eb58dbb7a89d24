/*
 * status: the folder .loamfs at the root of a mount, and the files in it.
 *
 *      stats, stats.json, metrics     as report.h has them
 *
 * They are nowhere in the store.  No listing of the root shows the folder, so
 * that cp, tar and rm -r do not meet it, and it belongs to whoever runs the
 * daemon: with root, nobody else may look.  Nothing in it can be changed, and
 * its name can be neither made nor removed: EPERM, or EEXIST.
 *
 * If the store has an entry of that name (made by a mount with `-o nostatus`,
 * or by a version before this), that one is shown, and the log says that there
 * is no folder of ours.
 *
 * A file that is looked up after STATUS_TEXT_S is a new inode, whose text was
 * made at that moment and stays: its size is true, whoever reads it piece by
 * piece gets one state, and what the kernel has cached of it is never older.
 * Not at once, as cp looks twice and expects one inode.  Texts go when the
 * kernel forgets them; there are STATUS_TEXTS_MAX at most, or -ENFILE.
 *
 * Requests are taken here before libfuse and the handlers see them: inodes of
 * this folder have numbers that fs never gives out.  ENOSYS is no answer to any
 * of them, since the kernel would take it for the whole mount; but OPEN and
 * OPENDIR say what all others say.
 *
 * Thread safety: all functions but status_begin() and status_end().
 */
#ifndef SRC_STATUS_H
#define SRC_STATUS_H

#include <stdbool.h>

#define STATUS_NAME      ".loamfs"
#define STATUS_TEXTS_MAX 64
#define STATUS_TEXT_S    1 /* seconds */

struct fs;
struct fuse_in_header;
struct ops;

/* Before there are requests; a mount without it is a good one. */
void status_begin(struct fs *fs);
void status_end(void);

/* As own_answer(). */
bool status_answer(struct ops *ops, int fd, const struct fuse_in_header *in);

#endif
