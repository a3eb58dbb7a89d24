#include "engine/base/thread.h"

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static void *thread_main(void *arg)
{
	struct thread *t = arg;

	/* On Linux a nice value belongs to the thread.  Failing is harmless. */
	if (t->nice) {
		id_t tid = (id_t)gettid();
		int nice = getpriority(PRIO_PROCESS, tid) + t->nice;

		(void)setpriority(PRIO_PROCESS, tid, nice);
	}
	(void)pthread_setname_np(pthread_self(), t->name);
	t->run(t->arg);
	return NULL;
}

int thread_start(struct thread *t, const char *name, int nice,
		 void (*run)(void *arg), void *arg)
{
	sigset_t all, old;
	int rc;

	t->run = run;
	t->arg = arg;
	t->name = name;
	t->nice = nice;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&t->id, NULL, thread_main, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -rc;
}

void thread_yield(void)
{
	(void)sched_yield();
}

void thread_join(struct thread *t)
{
	pthread_join(t->id, NULL);
}
