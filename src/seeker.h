/*
 * seeker: a thread that answers SEEK_DATA and SEEK_HOLE.
 *
 * The kernel asks before it has written out what is dirty of the file, and
 * what has never been written out would be taken for a hole.  It writes when it
 * is told that its pages are old, and whoever tells it waits until they have
 * been written, by requests to us.  If workers did that, all of them might
 * wait, with none left for the writes.
 *
 * Thread safety: seeker_ask() from any thread.
 */
#ifndef SRC_SEEKER_H
#define SRC_SEEKER_H

#include <pthread.h>
#include <stdbool.h>

#include "src/fuse.h"

struct fs;
struct seek;

struct seeker {
	struct fs *fs;                /* borrowed */
	struct fuse_session *session; /* borrowed */
	pthread_t thread;

	/* Guarded by lock. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct seek *first; /* owned: what waits, in order */
	struct seek **last; /* where the next goes */
	bool ended;
};

/* Returns 0, or a negative errno after a line. */
int seeker_begin(struct seeker *s, struct fs *fs, struct fuse_session *session);

/* After the session's device is closed: nothing is waited for any more. */
void seeker_end(struct seeker *s);

/* Has @req answered. */
void seeker_ask(struct seeker *s, fuse_req_t req, fuse_ino_t ino, off_t offset,
		int whence);

#endif
