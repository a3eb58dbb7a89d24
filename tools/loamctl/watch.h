/*
 * watch: shows how far the daemon, or this process, has come with a verb that
 * does not say so itself, by what it has read and written since.
 *
 * A thread of its own looks twice a second, and only where standard error is a
 * terminal; out.h's bar is its alone until watch_end().
 */
#ifndef TOOLS_LOAMCTL_WATCH_H
#define TOOLS_LOAMCTL_WATCH_H

#include <pthread.h>
#include <stdatomic.h>

#include "tools/loamctl/target.h"

struct watch {
	const char *verb;
	struct target target; /* a connection, or a filesystem, to be asked */
	pthread_t thread;
	bool runs;
	_Atomic bool ended;
};

/* @t is borrowed until watch_end(), and has its filesystem open by then. */
void watch_begin(struct watch *w, const char *verb, const struct target *t);
void watch_end(struct watch *w);

#endif
