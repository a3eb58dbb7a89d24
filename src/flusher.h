/*
 * flusher: a thread that answers what must not be answered before the kernel
 * has written out all it has of a file.
 *
 * SEEK_DATA and SEEK_HOLE are asked before what is dirty has been written, and
 * that would be taken for a hole.  A file that is made immutable keeps what was
 * written to it before.  The kernel writes when it is told that its pages are
 * old, and whoever tells it waits until they have been written, by requests to
 * us.  If workers did that, all of them might wait, with none left for the
 * writes.
 *
 * Thread safety: flusher_ask() from any thread.
 */
#ifndef SRC_FLUSHER_H
#define SRC_FLUSHER_H

#include <pthread.h>
#include <stdbool.h>

#include "src/fuse.h"

struct fs;

/* A request that waits. */
struct flusher_job {
	fuse_req_t req;
	fuse_ino_t ino;
	off_t offset;   /* of a seek */
	int whence;     /* of a seek */
	unsigned flags; /* to be set */
	void (*answer)(struct fs *fs, const struct flusher_job *job);
	struct flusher_job *next; /* private */
};

struct flusher {
	struct fs *fs;                /* borrowed */
	struct fuse_session *session; /* borrowed */
	pthread_t thread;

	/* Guarded by lock. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct flusher_job *first; /* owned: what waits, in order */
	struct flusher_job **last; /* where the next goes */
	bool ended;
};

/* Returns 0, or a negative errno after a line. */
int flusher_begin(struct flusher *f, struct fs *fs,
		  struct fuse_session *session);

/* After the session's device is closed: nothing is waited for any more. */
void flusher_end(struct flusher *f);

/* Has a copy of @job answered. */
void flusher_ask(struct flusher *f, const struct flusher_job *job);

#endif
