/*
 * An arena: memory that is handed out piece by piece and given back at once.
 *
 * A small arena takes its memory from the heap, in chunks of ARENA_CHUNK_SIZE.
 * One that has grown to ARENA_HUGE_FROM goes on in chunks of ARENA_HUGE_SIZE
 * that it has mapped: so that the machine may use huge pages, which make the
 * random access to a large table a quarter faster, and so that all of it goes
 * back to the system when it is freed, whatever the heap keeps.
 *
 * One thread allocates; others may read what was allocated, and how much.
 */
#ifndef ENGINE_BASE_ARENA_H
#define ENGINE_BASE_ARENA_H

#include <stdatomic.h>

#include "engine/base/huge.h"

#define ARENA_CHUNK_SIZE ((size_t)256 << 10) /* bytes */
#define ARENA_HUGE_SIZE  HUGE_SIZE           /* bytes, and its alignment */
#define ARENA_HUGE_FROM  ((size_t)1 << 20)   /* bytes */

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /* owned, newest first */
	uint8_t *at;                /* free bytes of the newest chunk */
	uint8_t *end;
	_Atomic size_t bytes; /* taken from the heap or mapped */
};

void arena_init(struct arena *a);
void arena_fini(struct arena *a);

/* @size bytes aligned to 8, uninitialised; NULL if out of memory. */
void *arena_alloc(struct arena *a, size_t size);

#endif
