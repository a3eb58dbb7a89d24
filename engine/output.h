/*
 * output: the tables that a flush or a compaction writes, one behind the other.
 *
 * It is given entries in their order, and at the beginning all range tombstones
 * that there are, as fragments (range_del.h).  Each table gets the tombstones
 * over the keys that it speaks of: where a table ends in the middle of a
 * fragment, the next one begins with the rest of it.  So the tables do not
 * overlap, whatever lies between them.
 *
 * A table ends where it is full of entries or of range tombstones, but never
 * between two versions of a key, nor between two tombstones of one range: no
 * one reads more of them at a time than fit into a block, however many there
 * are.
 *
 * One thread.
 */
#ifndef ENGINE_OUTPUT_H
#define ENGINE_OUTPUT_H

#include "engine/base/buf.h"
#include "engine/entry.h"
#include "engine/range_del.h"

struct edit;
struct kv;
struct sst_writer;

/* Whether nobody needs a tombstone of @seq over [min, max] any more. */
typedef bool (*output_useless_fn)(const void *context, struct slice min,
				  struct slice max, uint64_t seq);

struct output {
	/* Set before the first entry, then constant; borrowed. */
	struct kv *kv;
	struct edit *edit;               /* to which the tables are added */
	unsigned level;                  /* on which level */
	uint64_t bytes_max;              /* of a table, about */
	const struct range_dels *ranges; /* fragments */
	output_useless_fn useless;       /* asked of range tombstones */
	const void *context;

	/* Private; all zero at the beginning. */
	struct sst_writer *writer; /* owned; of the current table, or NULL */
	uint64_t number;           /* of its file */
	size_t range_at;           /* the first fragment not written yet */
	struct buf from;           /* where the rest of that one begins */
};

/* Ends it; a table that was not finished is removed. */
void output_fini(struct output *o);

/* Adds an entry.  Returns 0, -ENOSPC, -EIO, -ENOMEM or -EUCLEAN. */
int output_add(struct output *o, const struct entry *e) MUST_USE;

/*
 * Completes what was begun, with all range tombstones that are left.  There may
 * be no table at all.  The bytes are durable, the names are not.  Returns the
 * same.
 */
int output_finish(struct output *o) MUST_USE;

#endif
