/*
 * An arena: memory that is handed out piece by piece and given back at once.
 *
 * A small arena takes its memory from the heap, in chunks of ARENA_CHUNK_SIZE.
 * One that has grown to ARENA_HUGE_FROM goes on in chunks of ARENA_HUGE_SIZE
 * that it has mapped: so that the machine may use huge pages, which make the
 * random access to a large table a quarter faster, and so that all of it goes
 * back to the system when it is freed, whatever the heap keeps.
 *
 * A mapped chunk that is touched for the first time is filled with zeros by the
 * kernel, which can take longer than all that is written to it.  Where one
 * arena follows the other, the next may have the chunks of the last: they go
 * through a struct arena_spare, which keeps no more of them than the arena that
 * grows now will still ask for.
 *
 * One thread allocates; others may read what was allocated, and how much.  An
 * arena_spare may be used by any thread.
 */
#ifndef ENGINE_BASE_ARENA_H
#define ENGINE_BASE_ARENA_H

#include <stdatomic.h>

#include "engine/base/huge.h"
#include "engine/base/lock.h"

#define ARENA_CHUNK_SIZE ((size_t)256 << 10) /* bytes */
#define ARENA_HUGE_SIZE  HUGE_SIZE           /* bytes, and its alignment */
#define ARENA_HUGE_FROM  ((size_t)1 << 20)   /* bytes */

struct arena_chunk;

/* Mapped chunks that wait for an arena. */
struct arena_spare {
	struct mutex lock;
	struct arena_chunk *chunks; /* owned */
	size_t count;
	size_t wanted; /* as many may still be asked for; count is at most it */
};

struct arena {
	struct arena_spare *spare;  /* borrowed; may be NULL */
	struct arena_chunk *chunks; /* owned, newest first */
	uint8_t *at;                /* free bytes of the newest chunk */
	uint8_t *end;
	_Atomic size_t bytes; /* taken from the heap or mapped */
};

/* @spare, if any, must outlive the arena. */
void arena_init(struct arena *a, struct arena_spare *spare);
void arena_fini(struct arena *a);

/* @size bytes aligned to 8, uninitialised; NULL if out of memory. */
void *arena_alloc(struct arena *a, size_t size);

void arena_spare_init(struct arena_spare *s);
void arena_spare_fini(struct arena_spare *s);

/* An arena of some @bytes is about to grow; those before it no longer do. */
void arena_spare_expect(struct arena_spare *s, size_t bytes);

#endif
