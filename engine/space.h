/*
 * space: whether there is room for a batch, and what to do when there is none.
 *
 * The medium is asked only once in a while: what it had free above the reserve,
 * up to SPACE_ASK_BYTES, is used up by the batches that follow, and then it is
 * asked again.
 *
 * A batch that finds no room, in a store in which something may have been freed
 * since it was last cleaned up, waits while the compaction thread does so: the
 * active blob file is sealed, the memtable flushed, everything merged, and what
 * is dead then is removed.  The wait is bounded.
 */
#ifndef ENGINE_SPACE_H
#define ENGINE_SPACE_H

#include "engine/base/base.h"

#define SPACE_ASK_BYTES (16 * MIB)

struct env_space;
struct kv;

/* How much of @medium is kept for batches that use the reserve, in bytes. */
uint64_t space_reserve(const struct kv *kv, const struct env_space *medium);

/* Takes room for @bytes.  Returns 0, -ENOSPC, or -EIO. */
int space_take(struct kv *kv, size_t bytes) MUST_USE;

/* A batch that used the reserve, and so perhaps frees space, is visible. */
void space_note_freeing(struct kv *kv);

/* Cleans up if a batch found no room and something may have been freed. */
int space_clean(struct kv *kv) MUST_USE;

#endif
