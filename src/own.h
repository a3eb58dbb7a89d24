/*
 * own: requests that libfuse 3.14 does not know, answered without it.
 *
 *      TMPFILE   open(2) with O_TMPFILE
 *      STATX     statx(2), when it is asked for the time of birth
 *
 * libfuse would answer ENOSYS, and the kernel not ask again.  What concerns
 * the folder of status.h is answered by that.
 *
 * Thread safety: all functions.  No lock of fs is held over a reply.
 */
#ifndef SRC_OWN_H
#define SRC_OWN_H

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <time.h>

/* For device_hook(): struct device_hooks; @ops is a struct ops. */
bool own_answer(void *ops, int fd, const struct fuse_in_header *in);

/*
 * Answers @in: @rc is 0 or a negative errno; @size bytes of @out go with a 0.
 * Returns whether the kernel took it.
 */
bool own_reply(int fd, const struct fuse_in_header *in, int rc, void *out,
	       size_t size);

void own_reply_statx(int fd, const struct fuse_in_header *in,
		     const struct stat *st, struct timespec birth);

/* As the kernel reads attributes. */
struct fuse_attr own_attr(const struct stat *st);

#endif
