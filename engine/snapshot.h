/*
 * Snapshots: the store as it was after some change, for as long as one is held.
 *
 * A snapshot is a sequence number in a list.  Flush and compaction look at the
 * list before they begin and keep what its members see; one that is taken
 * later is newer than everything they read.
 */
#ifndef ENGINE_SNAPSHOT_H
#define ENGINE_SNAPSHOT_H

#include "engine/base/base.h"

struct kv;

struct kv_snapshot {
	struct kv *kv;
	uint64_t seq; /* newest change to be seen */
	/* Guarded by kv->state; the list is in order, oldest first. */
	struct kv_snapshot *before, *after;
};

/*
 * The numbers of all snapshots, rising, each once.  The caller frees *seqs.
 * Returns 0 or -ENOMEM.
 */
int snapshot_seqs(struct kv *kv, uint64_t **seqs, size_t *count) MUST_USE;

#endif
