/*
 * device: our hands between libfuse and /dev/fuse.  Two things need them.
 *
 * What libfuse forgets to tell the kernel.  libfuse 3.14 offers
 * FUSE_CAP_PARALLEL_DIROPS and never puts it into its answer to INIT, so that
 * the kernel sends one LOOKUP or READDIR a directory at a time, each waiting
 * for the disk of the one before.  So the flag is added to the first reply,
 * which is the one to INIT.  Where libfuse has learnt it, nothing changes.
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

struct fuse_session;

/*
 * Puts us between @session, which is mounted, and its device.  Returns 0 or a
 * negative errno.
 */
int device_hook(struct fuse_session *session);

/* FUSE_* flags of <linux/fuse.h> that the kernel has offered. */
void device_add_flags(uint32_t flags);

/* Requests so far that are owed a reply. */
uint64_t device_asked(void);

/* Each of them has been answered. */
bool device_is_idle(void);

#endif
