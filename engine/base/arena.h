/*
 * An arena: memory that is handed out piece by piece and given back at once.
 *
 * One thread allocates; others may read what was allocated, and how much.
 */
#ifndef ENGINE_BASE_ARENA_H
#define ENGINE_BASE_ARENA_H

#include <stdatomic.h>

#include "engine/base/base.h"

#define ARENA_CHUNK_SIZE ((size_t)256 << 10) /* bytes */

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /* owned, newest first */
	uint8_t *at;                /* free bytes of the newest chunk */
	uint8_t *end;
	_Atomic size_t bytes; /* taken from the heap */
};

void arena_init(struct arena *a);
void arena_fini(struct arena *a);

/* @size bytes aligned to 8, uninitialised; NULL if out of memory. */
void *arena_alloc(struct arena *a, size_t size);

#endif
