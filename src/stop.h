/*
 * stop: what ends a mount: SIGINT, SIGTERM and SIGHUP, or that nobody uses it.
 *
 * The kernel holds written pages that this daemon has not seen yet (writeback
 * cache), so ending is not for the daemon alone: it asks the kernel to unmount
 * while it goes on serving.  The kernel writes everything out, says goodbye,
 * and the session's loop ends by itself.
 *
 * If files are open below the mount point, that is refused.  Then the dirty
 * pages are written with syncfs(), and as that does not wait for the answers,
 * the daemon waits (for some seconds) until it owes none.  Then the session is
 * ended under its users, who get ENOTCONN, and the mount point is detached.
 *
 * With `-o idle=` a mount of which the kernel has asked nothing for so long is
 * unmounted, unless something is open or a working directory there.
 *
 * The signals are blocked in every thread and taken by one of our own with
 * sigwait(), where everything is allowed that a handler must not do.
 */
#ifndef SRC_STOP_H
#define SRC_STOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct fuse_session;

struct stop {
	struct fuse_session *session; /* borrowed */
	const char *mountpoint;       /* borrowed, absolute */
	uint64_t idle_ms;             /* 0: never ends by itself */
	pthread_t thread;
	atomic_bool ended; /* the loop is over: the thread is to end, too */
};

/* Blocks the signals, for all threads to come.  Call it before any thread. */
void stop_block_signals(void);

/* Signals count from here on; one that came before counts now. */
int stop_begin(struct stop *s, struct fuse_session *session,
	       const char *mountpoint, uint64_t idle_ms);

/* To be called after the session's loop ended and its device was closed. */
void stop_end(struct stop *s);

#endif
