#include "engine/base/arena.h"

#include <stdlib.h>

#include "engine/base/huge.h"

struct arena_chunk {
	struct arena_chunk *next;
	size_t mapped; /* bytes, or 0: it is from the heap */
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
		if (c->mapped)
			huge_unmap(c, c->mapped);
		else
			free(c);
	}
}

static struct arena_chunk *map_chunk(void)
{
	struct arena_chunk *c = huge_map(ARENA_HUGE_SIZE);

	if (c)
		c->mapped = ARENA_HUGE_SIZE;
	return c;
}

static struct arena_chunk *take(size_t size)
{
	struct arena_chunk *c = malloc(size);

	if (c)
		c->mapped = 0;
	return c;
}

static void *grow(struct arena *a, size_t size)
{
	size_t have = atomic_load_explicit(&a->bytes, memory_order_relaxed);
	/* What is large gets a chunk of its own, the current one goes on. */
	bool own = size > ARENA_CHUNK_SIZE / 4;
	bool huge = !own && have >= ARENA_HUGE_FROM;
	size_t bytes = own    ? sizeof(struct arena_chunk) + size
		       : huge ? ARENA_HUGE_SIZE
			      : sizeof(struct arena_chunk) + ARENA_CHUNK_SIZE;
	struct arena_chunk *c = huge ? map_chunk() : take(bytes);

	if (!c)
		return NULL;
	atomic_fetch_add_explicit(&a->bytes, bytes, memory_order_relaxed);
	c->next = a->chunks;
	a->chunks = c;
	if (own)
		return c->bytes;

	a->at = c->bytes + size;
	a->end = (uint8_t *)c + bytes;
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
