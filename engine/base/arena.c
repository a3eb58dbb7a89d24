#include "engine/base/arena.h"

#include <stdlib.h>
#include <sys/mman.h>

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
			munmap(c, c->mapped);
		else
			free(c);
	}
}

/* A huge page's worth, aligned like one: the ends of a larger piece go. */
static struct arena_chunk *map_huge(void)
{
	const size_t size = ARENA_HUGE_SIZE;
	uint8_t *p = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;
	struct arena_chunk *c;

	if (p == MAP_FAILED)
		return NULL;
	before = (size - (uintptr_t)p % size) % size;
	if (before > 0)
		munmap(p, before);
	munmap(p + before + size, size - before);
	c = (struct arena_chunk *)(p + before);
	/* Without them it is only slower. */
	(void)madvise(c, size, MADV_HUGEPAGE);
	c->mapped = size;
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
	struct arena_chunk *c = huge ? map_huge() : take(bytes);

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
