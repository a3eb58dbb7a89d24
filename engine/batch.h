/*
 * What a kv_batch holds until it is written.  Private to engine/: batch.c fills
 * it, write.c empties it.  All memory is kept for the next use, also what
 * prepare.c makes of it, so that a batch that is used again allocates nothing.
 */
#ifndef ENGINE_BATCH_H
#define ENGINE_BATCH_H

#include "engine/base/buf.h"
#include "engine/prepare.h"

enum batch_kind {
	BATCH_DELETE,
	BATCH_PUT,
	BATCH_COPY,         /* the value is the key of the source */
	BATCH_DELETE_RANGE, /* the value is the key behind the range */
};

struct batch_op {
	enum batch_kind kind;
	size_t key_at; /* where in bytes */
	size_t key_size;
	size_t value_at;       /* where in bytes, unless borrowed */
	struct slice borrowed; /* the value, or data is NULL */
	size_t value_size;
};

struct kv_batch {
	struct batch_op *ops; /* owned */
	size_t count;
	size_t cap;
	struct buf bytes; /* keys, and the values that are not borrowed */
	size_t size;      /* bytes of all keys and values */
	size_t put_max;   /* bytes of the largest value put */
	bool use_reserve; /* kv_batch_use_reserve() */
	int error;        /* the first that adding met, or 0 */
	struct prepared prepared; /* empty but while it is written */
};

struct slice batch_key(const struct kv_batch *b, const struct batch_op *op);
struct slice batch_value(const struct kv_batch *b, const struct batch_op *op);

#endif
