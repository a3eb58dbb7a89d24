/*
 * unmount: taking a mount away, as root or as the user whose it is.
 */
#ifndef SRC_UNMOUNT_H
#define SRC_UNMOUNT_H

#include <stdbool.h>

/*
 * Unmounts what is mounted on @mountpoint, an absolute path; @lazily: also if
 * it is in use.  Returns 0, -EBUSY, or another negative errno.
 */
int unmount(const char *mountpoint, bool lazily);

/*
 * Whether the last that was mounted on @mountpoint, an absolute path without
 * symlinks, is a loamfs, whoever serves it.
 */
bool unmount_is_ours(const char *mountpoint);

#endif
