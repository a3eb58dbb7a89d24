/*
 * A slice: some bytes that somebody else owns.
 *
 * A slice is valid as long as what it was taken from; each function that
 * returns one says how long that is.
 */
#ifndef ENGINE_BASE_SLICE_H
#define ENGINE_BASE_SLICE_H

#include "engine/base/base.h"

struct slice {
	const void *data; /* borrowed, not NUL-terminated */
	size_t size;      /* bytes */
};

static inline struct slice slice_of(const void *data, size_t size)
{
	return (struct slice){ .data = data, .size = size };
}

static inline struct slice slice_str(const char *s)
{
	return slice_of(s, strlen(s));
}

/* Compares bytes as unsigned; a prefix sorts before what it begins. */
static inline int slice_cmp(struct slice a, struct slice b)
{
	size_t n = size_min(a.size, b.size);
	int rc = n ? memcmp(a.data, b.data, n) : 0;

	if (rc != 0)
		return rc;
	return a.size < b.size ? -1 : a.size > b.size;
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.size == b.size &&
	       (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool slice_has_prefix(struct slice s, struct slice prefix)
{
	return s.size >= prefix.size &&
	       (prefix.size == 0 ||
		memcmp(s.data, prefix.data, prefix.size) == 0);
}

/* The number of leading bytes that @a and @b share. */
static inline size_t slice_common(struct slice a, struct slice b)
{
	const uint8_t *p = a.data;
	const uint8_t *q = b.data;
	size_t n = size_min(a.size, b.size);
	uint64_t a8, b8;
	size_t i;

	/* 8 at a time; the lowest bit that differs is in the first byte. */
	for (i = 0; i + sizeof(a8) <= n; i += sizeof(a8)) {
		memcpy(&a8, p + i, sizeof(a8));
		memcpy(&b8, q + i, sizeof(b8));
		if (a8 != b8)
			return i + (size_t)__builtin_ctzll(a8 ^ b8) / 8;
	}
	while (i < n && p[i] == q[i])
		i++;
	return i;
}

#endif
