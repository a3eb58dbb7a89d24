/*
 * device: our hands between libfuse and /dev/fuse.  Four things need them.
 *
 * What libfuse forgets to tell the kernel.  libfuse 3.14 offers
 * FUSE_CAP_PARALLEL_DIROPS and never puts it into its answer to INIT, so that
 * the kernel sends one LOOKUP or READDIR a directory at a time, each waiting
 * for the disk of the one before.  So the flag is added to the first reply,
 * which is the one to INIT.  Where libfuse has learnt it, nothing changes.
 * FUSE_HANDLE_KILLPRIV_V2 and FUSE_SETXATTR_EXT it does not know at all.
 *
 * What libfuse forgets to tell us.  The flags that come with those two are
 * kept for the thread that has read the request, and SETXATTR is given the
 * shape that libfuse knows.
 *
 * What libfuse does not know.  Whoever hooks the device may answer a request
 * before libfuse sees it; own.h does.
 *
 * How much is under way.  A session that is told to end drops what its workers
 * have read and not begun.  So requests and replies are counted, for stop.c to
 * end it when nothing is owed.
 *
 * Thread safety: all functions.  device_add_flags() is for op_init(), whose
 * thread then sends the reply.
 */
#ifndef SRC_DEVICE_H
#define SRC_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

struct fuse_in_header;
struct fuse_out_header;
struct fuse_session;
struct iovec;

/* Each may be NULL. */
struct device_hooks {
	/* Sees each request, as soon as it has come, and each answer. */
	void (*request)(const struct fuse_in_header *in);
	void (*reply)(const struct fuse_out_header *out);
	/*
	 * Answers the whole request that has been read from @fd, if it is one
	 * of its own; returns whether it was.  @userdata is the session's.
	 */
	bool (*answer)(void *userdata, int fd, const struct fuse_in_header *in);
};

/*
 * Puts us between @session, which is mounted, and its device.  Returns 0 or a
 * negative errno.
 */
int device_hook(struct fuse_session *session, const struct device_hooks *h);

/*
 * Writes a reply of our own making, counted as all others are.  Returns whether
 * the kernel took it.
 */
bool device_reply(int fd, struct iovec *iov, int count);

/* FUSE_* flags of <linux/fuse.h>; those that the kernel has not offered are
 * left out. */
void device_add_flags(uint32_t flags);

/*
 * Of the request that this thread has read last, the flags that libfuse does
 * not pass on: FUSE_WRITE_KILL_SUIDGID, FATTR_KILL_SUIDGID or
 * FUSE_SETXATTR_ACL_KILL_SGID.
 */
uint32_t device_request_flags(void);

/* Requests so far that are owed a reply. */
uint64_t device_asked(void);

/*
 * Waits until the kernel has nothing to say: what it had to write out when this
 * was called has been answered.  -EBUSY if there was no such moment in 10
 * seconds, as somebody asks and asks.
 */
int device_settle(const char *mountpoint);

#endif
