/*
 * Which blob files a set of entries refers to, and how much of each.
 *
 * Each SST carries such a list; the manifest repeats it.  What is live in a
 * blob file is the sum over the SSTs of the current version (and the
 * memtables): it is derived, never stored by itself, and so cannot drift from
 * the truth. The design is Pebble's (sstable/blob, 2025).
 */
#ifndef ENGINE_BLOB_REFS_H
#define ENGINE_BLOB_REFS_H

#include "engine/base/buf.h"

struct decoder;

struct blob_refs_item {
	uint64_t blob_id;
	uint64_t count;        /* references */
	uint64_t stored_bytes; /* of the records they name */
	uint64_t raw_bytes;    /* the same before compression */
};

/* Sorted by blob_id. */
struct blob_refs {
	struct blob_refs_item *items; /* owned */
	size_t count;
	size_t cap;
};

void blob_refs_fini(struct blob_refs *refs);

/* Adds to the item of that id, making it if need be.  0 or -ENOMEM. */
int blob_refs_add(struct blob_refs *refs,
		  const struct blob_refs_item *item) MUST_USE;

/*
 * The bytes: varint count, then for each item four varints in the order of the
 * struct, the id as the difference to the one before.
 */
int blob_refs_encode(const struct blob_refs *refs, struct buf *out) MUST_USE;

/* Fills an empty @refs.  Returns 0, -ENOMEM or -EUCLEAN. */
int blob_refs_decode(struct blob_refs *refs, struct decoder *d) MUST_USE;

#endif
