/*
 * unmount: taking a mount away, as root or as the user whose it is.
 */
#ifndef SRC_UNMOUNT_H
#define SRC_UNMOUNT_H

#include <stdbool.h>

/*
 * Unmounts what is mounted on @mountpoint, an absolute path, with flags of
 * umount2(2); MNT_DETACH: also if it is in use.  Returns 0, -EBUSY, or another
 * negative errno.  Where a helper is asked, all its failures are -EBUSY, and it
 * says on stderr which one it was, but for @quietly.
 */
int unmount(const char *mountpoint, int flags, bool quietly);

/*
 * Whether the last that was mounted on @mountpoint, an absolute path without
 * symlinks, is a loamfs, whoever serves it.
 */
bool unmount_is_ours(const char *mountpoint);

#endif
