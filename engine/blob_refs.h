/*
 * Which blob files a set of entries refers to, and how much of each.
 *
 * Each SST carries such a list; the manifest repeats it.  What is live in a
 * blob file is the sum over the SSTs of the current version (and the
 * memtables): it is derived, never stored by itself, and so cannot drift from
 * the truth.  The design is Pebble's (sstable/blob, 2025).
 *
 * Sums count a value twice that two keys share.  So each item also says which
 * records it refers to, by their ordinals: the union over all tables is exactly
 * what is live.  A set is kept in the form it has on disk (ordinals.h), since
 * there is one for each pair of a table and a blob file; only while a table is
 * written is it a bitmap.
 */
#ifndef ENGINE_BLOB_REFS_H
#define ENGINE_BLOB_REFS_H

#include "engine/ordinals.h"

struct blob_handle;
struct decoder;

struct blob_refs_item {
	uint64_t blob_id;
	uint64_t count;        /* references */
	uint64_t stored_bytes; /* of the records they name */
	uint64_t raw_bytes;    /* the same before compression */
	struct buf ordinals;   /* owned: encoded; empty while not known */
	struct ordinals noted; /* owned: those noted since */
};

/* Sorted by blob_id. */
struct blob_refs {
	struct blob_refs_item *items; /* owned */
	size_t count;
	size_t cap;
};

void blob_refs_fini(struct blob_refs *refs);

/*
 * Adds the numbers of @item, which has no ordinals, to the item of that id,
 * making it if need be.  Returns 0 or -ENOMEM.
 */
int blob_refs_add(struct blob_refs *refs,
		  const struct blob_refs_item *item) MUST_USE;

/* Counts one reference, and notes its ordinal.  Returns 0 or -ENOMEM. */
int blob_refs_count(struct blob_refs *refs,
		    const struct blob_handle *h) MUST_USE;

/* All are counted: what was noted gets its final form.  0 or -ENOMEM. */
int blob_refs_finish(struct blob_refs *refs) MUST_USE;

/* The item of that id, or NULL. */
const struct blob_refs_item *blob_refs_find(const struct blob_refs *refs,
					    uint64_t blob_id);

/*
 * The numbers, as bytes: varint count, then for each item four varints in the
 * order of the struct, the id as the difference to the one before.
 */
int blob_refs_encode(const struct blob_refs *refs, struct buf *out) MUST_USE;

/* Fills an empty @refs.  Returns 0, -ENOMEM or -EUCLEAN. */
int blob_refs_decode(struct blob_refs *refs, struct decoder *d) MUST_USE;

/*
 * The ordinals, as bytes: for each item a varint size, and the set.  Decoding
 * fills a @refs whose numbers are there.  Returns 0, -ENOMEM or -EUCLEAN; each
 * set is looked at only when it is used.
 */
int blob_refs_encode_ordinals(const struct blob_refs *refs,
			      struct buf *out) MUST_USE;
int blob_refs_decode_ordinals(struct blob_refs *refs,
			      struct decoder *d) MUST_USE;

#endif
