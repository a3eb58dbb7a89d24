/*
 * Mutexes with ranks, and condition variables.
 *
 * Every lock has a rank.  A thread takes locks by rising rank only, so the
 * list below, read from top to bottom, is the lock order.  Builds with
 * --enable-debug (and all sanitizer builds) check it and abort on a reversal.
 * The one exception: several inodes may be held, taken by rising number.
 *
 * The idea of ranks that the program checks is jemalloc's (its witness.h).
 */
#ifndef ENGINE_BASE_LOCK_H
#define ENGINE_BASE_LOCK_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/base/base.h"

enum lock_rank {
	RANK_RENAME = 1, /* fs: one cross-directory rename at a time */
	RANK_INODE,      /* fs: one inode; several by rising number */
	RANK_ICACHE,     /* fs: a shard of the inode table */
	RANK_JOB,        /* engine: one flush, compaction, collection */
	RANK_GC,         /* engine: one change of the blob files at a time */
	RANK_SYNC,       /* engine: whether somebody syncs; not held over it */
	RANK_COMMIT,     /* engine: the write queue */
	RANK_VLOG,       /* engine: the value log's tail */
	RANK_MANIFEST,   /* engine: the manifest's tail; held over its I/O */
	RANK_STATE,      /* engine: current version, memtables */
	RANK_CACHE,      /* engine: a shard of a cache */
	RANK_LEAF,       /* counters, tables of files: nothing below this */
};

#if defined(__clang__)
#define ANNOTATE(x) __attribute__((x))
#else
#define ANNOTATE(x)
#endif

#define CAPABILITY    ANNOTATE(capability("mutex"))
#define ACQUIRES(...) ANNOTATE(acquire_capability(__VA_ARGS__))
#define RELEASES(...) ANNOTATE(release_capability(__VA_ARGS__))
#define NEEDS(...)    ANNOTATE(requires_capability(__VA_ARGS__))
#define ASSERTS(...)  ANNOTATE(assert_capability(__VA_ARGS__))
#define UNCHECKED     ANNOTATE(no_thread_safety_analysis)

struct CAPABILITY mutex {
	pthread_mutex_t lock;
	enum lock_rank rank;
};

struct cond {
	pthread_cond_t cond; /* on the monotonic clock */
};

/*
 * Something that happens again and again.  Who waits for it holds no lock, and
 * so needs none when it is woken: many can be woken at a time without standing
 * in each other's way.  All zero is an event that has not happened.
 */
struct event {
	_Atomic uint32_t times;
};

/* How often it has happened; read it before you look whether to wait. */
uint32_t event_times(const struct event *e);

/* Waits until it has happened more often than @seen. */
void event_wait(struct event *e, uint32_t seen);

/* The same; false when @timeout_ns nanoseconds passed and it had not. */
bool event_wait_ns(struct event *e, uint32_t seen, uint64_t timeout_ns);

/*
 * It happens: who looks from now on does not wait for it.  event_wake() then
 * wakes those who do, which may be left until a lock has been given back.
 */
void event_happen(struct event *e);
void event_wake(struct event *e);

void mutex_init(struct mutex *m, enum lock_rank rank);
void mutex_fini(struct mutex *m);
void mutex_lock(struct mutex *m) ACQUIRES(m);
void mutex_unlock(struct mutex *m) RELEASES(m);

/*
 * Aborts a debug build if this thread does not hold a lock of that rank.  The
 * compiler takes it from there: for who is given what hangs on a lock, and not
 * what the lock is in.
 */
void mutex_assert_held(const struct mutex *m) ASSERTS(m);

void cond_init(struct cond *c);
void cond_fini(struct cond *c);
void cond_wait(struct cond *c, struct mutex *m) NEEDS(m);

/* Returns false when @timeout_ms passed without a signal. */
bool cond_wait_ms(struct cond *c, struct mutex *m, unsigned timeout_ms)
	NEEDS(m);
void cond_broadcast(struct cond *c);

#endif
