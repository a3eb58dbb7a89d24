/*
 * control: the daemon's side of the control socket; wire.h has the protocol.
 *
 * These verbs are answered here, all others by fs_admin():
 *
 *      about        lines of a name and a value: version, pid, store,
 *                   mountpoint
 *      requests     how many came, by kind and by process: see tally.h
 *      remount      the argument is ro: the kernel lets nobody write any more;
 *                   returns when all that was written before is on the disk,
 *                   and reading leaves no trace from then on.  Or rw: writing
 *                   is to begin again.  loamctl has the kernel do its part
 *      tune         as fs_admin() does it, and log_level beside
 *
 * CONTROL_THREADS threads take connections, each a request at a time; who comes
 * when all are at work waits in the socket's queue.  So no request of the
 * kernel waits for one of these but where the store itself makes it.  Who
 * connects and says nothing, or does not read the answer, is cut off after
 * CONTROL_PATIENCE_S.
 *
 * Thread safety: control_begin() and control_end() by one thread.
 */
#ifndef SRC_CONTROL_H
#define SRC_CONTROL_H

#include <pthread.h>
#include <stdbool.h>

#define CONTROL_THREADS    4
#define CONTROL_PATIENCE_S 5 /* seconds */

struct control;
struct ops;

struct control_worker {
	struct control *control;
	pthread_t thread;
	int fd; /* of the connection, or -1; guarded by the control's lock */
};

struct control {
	/* Set by control_begin(), then constant. */
	struct ops *ops;        /* borrowed */
	const char *mountpoint; /* borrowed */
	int fd;                 /* listens; -1: there is no socket */

	pthread_mutex_t lock;
	bool ended; /* guarded by lock */

	struct control_worker workers[CONTROL_THREADS];
	unsigned count; /* of workers that run */
};

/*
 * Listens in the store's folder, or, as a mount that is read-only leaves
 * nothing there, under an abstract name; see wire.h.  A mount without a control
 * socket is still a good one: where there cannot be one, a line says so.
 */
void control_begin(struct control *c, struct ops *ops, const char *mountpoint);

/*
 * Cuts off who is connected, and waits for what is under way: a compaction is
 * not broken off.
 */
void control_end(struct control *c);

#endif
