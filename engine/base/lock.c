#include "config.h"

#include "engine/base/lock.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef ENABLE_DEBUG

/* How many locks of each rank this thread holds. */
static _Thread_local unsigned held[RANK_LEAF + 1];

static void rank_acquire(const struct mutex *m)
{
	int rank;

	for (rank = m->rank + (m->rank == RANK_INODE); rank <= RANK_LEAF;
	     rank++) {
		if (held[rank] == 0)
			continue;
		fprintf(stderr, "lock order: rank %d taken under rank %d\n",
			m->rank, rank);
		abort();
	}
	held[m->rank]++;
}

static void rank_release(const struct mutex *m)
{
	assert(held[m->rank] > 0);
	held[m->rank]--;
}

void mutex_assert_held(const struct mutex *m)
{
	if (held[m->rank] == 0) {
		fprintf(stderr, "lock of rank %d is not held\n", m->rank);
		abort();
	}
}

#else

static void rank_acquire(const struct mutex *m UNUSED)
{
}

static void rank_release(const struct mutex *m UNUSED)
{
}

void mutex_assert_held(const struct mutex *m UNUSED)
{
}

#endif

/* Pthread calls fail only when misused, which is our own mistake. */
static void must(int rc)
{
	if (unlikely(rc != 0)) {
		fprintf(stderr, "pthread: %s\n", strerror(rc));
		abort();
	}
}

void mutex_init(struct mutex *m, enum lock_rank rank)
{
	must(pthread_mutex_init(&m->lock, NULL));
	m->rank = rank;
}

void mutex_fini(struct mutex *m)
{
	must(pthread_mutex_destroy(&m->lock));
}

void mutex_lock(struct mutex *m) UNCHECKED
{
	rank_acquire(m);
	must(pthread_mutex_lock(&m->lock));
}

void mutex_unlock(struct mutex *m) UNCHECKED
{
	/* Whoever waits for it may free it. */
	rank_release(m);
	must(pthread_mutex_unlock(&m->lock));
}

void cond_init(struct cond *c)
{
	pthread_condattr_t attr;

	must(pthread_condattr_init(&attr));
	must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
	must(pthread_cond_init(&c->cond, &attr));
	must(pthread_condattr_destroy(&attr));
}

void cond_fini(struct cond *c)
{
	must(pthread_cond_destroy(&c->cond));
}

void cond_wait(struct cond *c, struct mutex *m)
{
	must(pthread_cond_wait(&c->cond, &m->lock));
}

bool cond_wait_ms(struct cond *c, struct mutex *m, unsigned timeout_ms)
{
	struct timespec until;
	uint64_t ns;
	int rc;

	clock_gettime(CLOCK_MONOTONIC, &until);
	ns = (uint64_t)until.tv_nsec + timeout_ms * NS_PER_MS;
	until.tv_sec += (time_t)(ns / NS_PER_S);
	until.tv_nsec = (long)(ns % NS_PER_S);

	rc = pthread_cond_timedwait(&c->cond, &m->lock, &until);
	if (rc == ETIMEDOUT)
		return false;
	must(rc);
	return true;
}

void cond_broadcast(struct cond *c)
{
	must(pthread_cond_broadcast(&c->cond));
}

uint32_t event_times(const struct event *e)
{
	return e->times;
}

/* The kernel looks at the number again: nothing is missed in between. */
void event_wait(struct event *e, uint32_t seen)
{
	while (e->times == seen)
		syscall(SYS_futex, &e->times, FUTEX_WAIT_PRIVATE, seen, NULL,
			NULL, 0);
}

bool event_wait_ns(struct event *e, uint32_t seen, uint64_t timeout_ns)
{
	struct timespec timeout = {
		.tv_sec = (time_t)(timeout_ns / NS_PER_S),
		.tv_nsec = (long)(timeout_ns % NS_PER_S),
	};

	while (e->times == seen) {
		if (syscall(SYS_futex, &e->times, FUTEX_WAIT_PRIVATE, seen,
			    &timeout, NULL, 0) < 0 &&
		    errno == ETIMEDOUT)
			return e->times != seen;
	}
	return true;
}

void event_happen(struct event *e)
{
	atomic_fetch_add(&e->times, 1);
}

void event_wake(struct event *e)
{
	syscall(SYS_futex, &e->times, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL,
		0);
}
