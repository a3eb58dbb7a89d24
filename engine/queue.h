/*
 * queue: writers wait in it, and one at a time leads the others.
 *
 * A writer that finds nobody leading leads at once, without waiting and without
 * memory: two short looks at a lock are all it pays.  While it is at work
 * others line up.  When it is done it tells those whose work it has done, each
 * by itself, and hands the lead to the first of those who came meanwhile, who
 * takes with it all that fit in a group.  Nobody else is woken.
 *
 * A group is done in a few microseconds, which is less than it takes to put a
 * thread to sleep and wake it, so who waits first gives its time slice to
 * others YIELDS times, and sleeps only then.  (RocksDB's write thread waits in
 * three such steps; LevelDB's queue hands the lead on in this way.)
 *
 * Invariants
 *   - Waiters are done in the order in which they came.
 *   - While nobody leads, nobody waits.
 *
 * Thread safety: all functions but queue_init() and queue_fini() may be called
 * from several threads at once; queue_take() and queue_finish() by the one who
 * leads.
 */
#ifndef ENGINE_QUEUE_H
#define ENGINE_QUEUE_H

#include <stdatomic.h>

#include "engine/base/lock.h"

#define QUEUE_GROUP_MAX   64  /* waiters */
#define QUEUE_GROUP_BYTES MIB /* then a group takes no more */

enum waiter_state {
	WAITER_WAITS,
	WAITER_LEADS,
	WAITER_DONE,
};

/* One who waits; lives on the stack of the thread. */
struct waiter {
	struct waiter *next; /* guarded by the queue's lock */
	struct cond *asleep; /* guarded by it too; where to wake it, or NULL */
	_Atomic int state;   /* when it is DONE, *this may vanish */
	size_t bytes;        /* set by the caller: how much work it is */
};

struct queue {
	struct mutex lock; /* RANK_COMMIT */
	struct waiter *head, *tail;
	bool led;               /* somebody leads */
	_Atomic size_t waiting; /* written under the lock */
};

/* Who does its work together; the leader is the first. */
struct queue_group {
	struct waiter *waiters[QUEUE_GROUP_MAX];
	size_t count;
};

void queue_init(struct queue *q);
void queue_fini(struct queue *q);

/*
 * Waits until @w is to lead, and returns true; or until another leader has done
 * it, and returns false.
 */
bool queue_enter(struct queue *q, struct waiter *w) MUST_USE;

/* Fills @group with @leader and those behind it. */
void queue_take(struct queue *q, struct waiter *leader,
		struct queue_group *group);

/* The group's work is done; somebody else leads, or nobody. */
void queue_finish(struct queue *q, const struct queue_group *group);

#endif
