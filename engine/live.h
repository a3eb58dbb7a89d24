/*
 * live: what the tables of a version refer to in a blob file.
 *
 * The sums that a version carries count a value once for each entry that names
 * it.  Where two entries name the same value (a copy, or an older version of a
 * key that is not merged yet) the union of the tables' ordinals says how many
 * values there are.  That number is kept in the version until an edit changes
 * what is referred to.
 *
 * How many bytes they take is exact if nothing is shared, and if collection has
 * looked at exactly these values; else it is taken that shared values are as
 * large as the others.
 */
#ifndef ENGINE_LIVE_H
#define ENGINE_LIVE_H

#include "engine/ordinals.h"

struct version;
struct version_blob;

struct live {
	uint64_t count;        /* values */
	uint64_t stored_bytes; /* of their records */
	uint64_t raw_bytes;    /* of the values before compression */
};

/* Returns 0, -ENOMEM or -EUCLEAN (a table's ordinals are nonsense). */
int live_count(const struct version *v, const struct version_blob *b,
	       struct live *out) MUST_USE;

/*
 * Adds the ordinals of blob @id that tables of @v refer to.  @known becomes
 * false if some table does not say.  Returns 0, -ENOMEM or -EUCLEAN.
 */
int live_ordinals(const struct version *v, uint64_t id, struct ordinals *set,
		  bool *known) MUST_USE;

#endif
