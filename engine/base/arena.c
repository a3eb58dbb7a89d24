#include "engine/base/arena.h"

#include <stdlib.h>

struct arena_chunk {
	struct arena_chunk *next;
	_Alignas(16) uint8_t bytes[];
};

void arena_init(struct arena *a)
{
	*a = (struct arena){ 0 };
}

void arena_fini(struct arena *a)
{
	struct arena_chunk *c, *next;

	for (c = a->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
}

static void *grow(struct arena *a, size_t size)
{
	/* What is large gets a chunk of its own, the current one goes on. */
	bool own = size > ARENA_CHUNK_SIZE / 4;
	size_t bytes = own ? size : ARENA_CHUNK_SIZE;
	struct arena_chunk *c = malloc(sizeof(*c) + bytes);

	if (!c)
		return NULL;
	atomic_fetch_add_explicit(&a->bytes, sizeof(*c) + bytes,
				  memory_order_relaxed);
	c->next = a->chunks;
	a->chunks = c;
	if (own)
		return c->bytes;

	a->at = c->bytes + size;
	a->end = c->bytes + bytes;
	return c->bytes;
}

void *arena_alloc(struct arena *a, size_t size)
{
	void *p;

	size = (size + 7) & ~(size_t)7;
	if (unlikely((size_t)(a->end - a->at) < size))
		return grow(a, size);
	p = a->at;
	a->at += size;
	return p;
}
