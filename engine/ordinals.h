/*
 * A set of ordinals: which records of one blob file something refers to.
 *
 * In memory it is a bitmap, so that adding one and forming a union cost what
 * they must; on disk, and for as long as a table lives, it is a string of bytes
 * in whichever of two codings is shorter:
 *
 *      byte 0    then
 *           0    runs: for each a varint, twice the ordinals left out before it
 *                plus 1 if it is longer than one; then, if it is, a varint, its
 *                length less 2
 *           1    a bitmap: bit b % 8 of byte b / 8 is ordinal b; the last byte
 *                is not 0
 *
 * So a table that refers to all of a file costs a few bytes, one that refers to
 * every second value a bit for each, and one that refers to few of them about
 * two bytes for each.
 *
 * Not thread-safe.
 */
#ifndef ENGINE_ORDINALS_H
#define ENGINE_ORDINALS_H

#include "engine/base/buf.h"

/* A blob file has no more records than this, so a set is at most 8 MiB. */
#define ORDINALS_MAX ((uint32_t)1 << 26)

/* All zero is the empty set. */
struct ordinals {
	uint64_t *words; /* owned */
	size_t count;    /* of words */
};

void ordinals_fini(struct ordinals *set);

/* Returns 0, or -ENOMEM with @set as it was. */
int ordinals_add(struct ordinals *set, uint32_t ordinal) MUST_USE;

bool ordinals_has(const struct ordinals *set, uint32_t ordinal);
uint64_t ordinals_count(const struct ordinals *set);

/* Every ordinal of @set is in @all. */
bool ordinals_within(const struct ordinals *set, const struct ordinals *all);

/* Appends the bytes.  Returns 0 or -ENOMEM. */
int ordinals_encode(const struct ordinals *set, struct buf *out) MUST_USE;

/*
 * Adds all that @in stands for: the union.  Returns 0; or -EUCLEAN or -ENOMEM,
 * after which @set holds a part of it.
 */
int ordinals_decode(struct ordinals *set, struct slice in) MUST_USE;

#endif
