/*
 * watch: shows how far the daemon, or this process, has come with a verb that
 * does not say so itself: by what background work has read and written, by what
 * lies in the folder that is filled, or by what a process has read.
 *
 * A thread of its own looks twice a second, and only where standard error is a
 * terminal; out.h's bar is its alone until watch_end().
 */
#ifndef TOOLS_LOAMCTL_WATCH_H
#define TOOLS_LOAMCTL_WATCH_H

#include <pthread.h>
#include <semaphore.h>

#include "tools/loamctl/target.h"

struct watch {
	const char *verb;
	const char *folder;   /* NULL: none is filled */
	pid_t reader;         /* 0: not by what a process has read */
	struct target target; /* a connection, or a filesystem, to be asked */
	pthread_t thread;
	bool runs;
	sem_t ended; /* while it runs */
};

/* All is borrowed until watch_end(); @t has its filesystem open by then. */
void watch_begin(struct watch *w, const char *verb, const struct target *t,
		 const char *folder);
void watch_begin_reader(struct watch *w, const char *verb, pid_t reader);
void watch_end(struct watch *w);

#endif
