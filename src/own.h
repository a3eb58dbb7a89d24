/*
 * own: requests that libfuse 3.14 does not know, answered without it.
 *
 *      TMPFILE   open(2) with O_TMPFILE
 *      STATX     statx(2), when it is asked for the time of birth
 *
 * libfuse would answer ENOSYS, and the kernel not ask again.
 *
 * Thread safety: all functions.  No lock of fs is held over a reply.
 */
#ifndef SRC_OWN_H
#define SRC_OWN_H

#include <stdbool.h>

struct fuse_in_header;

/* For device_hook(): struct device_hooks; @ops is a struct ops. */
bool own_answer(void *ops, int fd, const struct fuse_in_header *in);

#endif
