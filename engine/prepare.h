/*
 * prepare: what a writer does with a batch before it queues.
 *
 * It compresses large values and writes them to the value log, at a place of
 * their own; finds what is to be copied; and encodes the whole as the payload
 * of a log record, with handles in place of what lies in the value log.
 *
 * Until the batch is in a memtable nothing else refers to those handles, so the
 * blob files are held: none of them can be found dead.
 */
#ifndef ENGINE_PREPARE_H
#define ENGINE_PREPARE_H

#include "engine/base/buf.h"
#include "engine/vlog.h"

struct kv;
struct kv_batch;

/* All zero is an empty one. */
struct prepared {
	struct buf payload; /* of the log record; empty: not prepared */
	uint32_t count;     /* changes */
	size_t compressed;  /* the first changes: `blobs` has their values */
	struct vlog_batch blobs; /* what was written; holds its file */
	struct blob **held;      /* owned: files that copies refer to */
	size_t held_count;
	size_t held_cap;
};

/* Compresses what values of a large @batch are to be blobs, ahead of that. */
int prepare_early(struct kv *kv, struct kv_batch *batch) MUST_USE;

/* Fills @batch->prepared.  Returns 0, -ENOENT (nothing to copy), ... */
int prepare(struct kv *kv, struct kv_batch *batch) MUST_USE;

/*
 * Lets the blob files go: the batch is in a memtable, or given up.  Keeps the
 * memory.
 */
void prepared_reset(struct prepared *p);
void prepared_fini(struct prepared *p);

#endif
