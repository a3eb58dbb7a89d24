/*
 * Threads with a name, that take no signals.
 *
 * Signals belong to the main thread: every thread started here blocks all of
 * them, so that SIGTERM always ends up where it is waited for.
 */
#ifndef ENGINE_BASE_THREAD_H
#define ENGINE_BASE_THREAD_H

#include <pthread.h>

#include "engine/base/base.h"

struct thread {
	pthread_t id;
	void (*run)(void *arg);
	void *arg;
	const char *name; /* at most 15 bytes, constant */
	int nice;         /* added to the process's, 0 to 19 */
};

/*
 * Starts @run(@arg).  @t must live until thread_join().  Returns 0 or
 * -EAGAIN.
 */
int thread_start(struct thread *t, const char *name, int nice,
		 void (*run)(void *arg), void *arg) MUST_USE;

/* Lets another thread run, if one is ready to. */
void thread_yield(void);

/* Waits until @run has returned. */
void thread_join(struct thread *t);

#endif
