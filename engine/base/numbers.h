/*
 * A set of 64-bit numbers, of which many are neighbours: a hash table of
 * bitmaps.
 *
 * A page stands for NUMBERS_PAGE numbers from a multiple of that on and takes
 * NUMBERS_PAGE / 8 + 32 bytes, so that numbers without gaps take little more
 * than a bit each, and one that lies alone 544 bytes.
 *
 * Not thread-safe.
 */
#ifndef ENGINE_BASE_NUMBERS_H
#define ENGINE_BASE_NUMBERS_H

#include "engine/base/base.h"

#define NUMBERS_PAGE 4096

struct numbers_page {
	uint64_t number; /* of the page */
	uint64_t *words; /* owned; NULL: this place of the table is free */
};

/* All zero is the empty set. */
struct numbers {
	struct numbers_page *pages; /* owned: a table, a power of 2 long */
	size_t cap;
	size_t count; /* pages in it */
};

void numbers_fini(struct numbers *set);

/* Returns 1 if @n is new, 0 if it was there, or -ENOMEM. */
int numbers_add(struct numbers *set, uint64_t n) MUST_USE;

bool numbers_has(const struct numbers *set, uint64_t n);

#endif
