/*
 * warm: the pages of new tables, in the block cache before anybody asks.
 *
 * What was written just now is often read soon, and what a compaction replaced
 * was perhaps in use.  So what a flush or a compaction adds is read once, from
 * front to back, by the thread that compacts, as soon as no compaction is due:
 * one that is would replace the tables.
 *
 * Pages are made once the table is there, not while it is written.  By then the
 * memtable that it came from has gone, or the pages of the tables that it
 * replaces: the pages find memory that the system has in its hands already,
 * where those of a table under way would need fresh memory beside the old.  And
 * the table is there sooner, and with it the end of the log or the tables that
 * it replaces.  The price is that its bytes are read again, from the kernel's
 * cache as a rule.
 *
 * It is a hint: a table is left as soon as a memtable waits to be flushed, the
 * table is replaced itself or cannot be read, or the cache has no room but for
 * pages that others are in, and is not returned to.
 *
 * Threads: one at a time.
 */
#ifndef ENGINE_WARM_H
#define ENGINE_WARM_H

#include "engine/base/lock.h"
#include "engine/store.h"

/* What lies in tables now is left as it is; before there are threads. */
void warm_init(struct kv *kv);

/* Whether there are tables that were not looked at. */
bool warm_is_due(const struct kv *kv);

/* Goes through the oldest of them. */
void warm_step(struct kv *kv);

#endif
