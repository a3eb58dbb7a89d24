/*
 * transport: what is agreed on with the kernel for the connection, apart from
 * what the requests are about.
 *
 * The README beside this file has each setting and what it is worth.
 *
 * How far the kernel reads ahead can be set only once INIT is answered, and by
 * root.  A thread of its own waits for that by a request, as those that answer
 * requests must not wait for one.  Without the right to do so the kernel's own
 * value stays.
 *
 * Thread safety: transport_agree() is for the handler of INIT, whose thread
 * then sends the reply; the others are called by the thread that mounts.
 */
#ifndef SRC_TRANSPORT_H
#define SRC_TRANSPORT_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

struct fuse_conn_info;

/*
 * The kernel may cache without end, as nobody else changes the tree; about 30
 * years, in seconds.
 */
#define TRANSPORT_CACHE_SECONDS 1e9

/* Fills @conn; @max_background requests, or 0 for the default. */
void transport_agree(struct fuse_conn_info *conn, unsigned max_background);

/* Has the kernel read farther ahead on one mount. */
struct transport_tuner {
	const char *mountpoint; /* borrowed */
	dev_t before;           /* what was there before the mount, or 0 */
	pthread_t thread;
	bool running;
};

/* Before the mount. */
void transport_tuner_init(struct transport_tuner *t, const char *mountpoint);

/* After it; what cannot be set is left. */
void transport_tuner_begin(struct transport_tuner *t);

/* Once the device is closed, which ends the request if it still waits. */
void transport_tuner_end(struct transport_tuner *t);

#endif
