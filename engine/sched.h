/*
 * sched: who does the work that no caller waits for.
 *
 * Three threads: one flushes frozen memtables; one (at a lower priority)
 * compacts, and reads what is new into the cache (warm.h) when it has; one
 * makes everything durable every sync_interval_ms.  Each sleeps on a condition
 * until there is something to do; an idle store wakes nobody.
 *
 * Without options.background there are no threads: a writer that fills the
 * memtable flushes and compacts by itself, so that tests are deterministic.
 */
#ifndef ENGINE_SCHED_H
#define ENGINE_SCHED_H

#include "engine/base/base.h"

struct kv;

/* Starts the threads.  Returns 0 or -EAGAIN. */
int sched_start(struct kv *kv) MUST_USE;

/* Waits until each has finished what it was doing. */
void sched_stop(struct kv *kv);

/*
 * A memtable has been frozen.  Without threads: flushes it and compacts what
 * is due.
 */
int sched_frozen(struct kv *kv) MUST_USE;

#endif
