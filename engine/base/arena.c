#include "engine/base/arena.h"

#include <stdlib.h>

#include "engine/base/huge.h"

struct arena_chunk {
	struct arena_chunk *next;
	size_t mapped; /* bytes, or 0: it is from the heap */
	_Alignas(16) uint8_t bytes[];
};

void arena_spare_init(struct arena_spare *s)
{
	*s = (struct arena_spare){ 0 };
	mutex_init(&s->lock, RANK_LEAF);
}

/* Gives chunks back until no more than @count are left. */
static void spare_trim(struct arena_spare *s, size_t count) NEEDS(s->lock);

static void spare_trim(struct arena_spare *s, size_t count)
{
	while (s->count > count) {
		struct arena_chunk *c = s->chunks;

		s->chunks = c->next;
		s->count--;
		huge_unmap(c, c->mapped);
	}
}

void arena_spare_fini(struct arena_spare *s)
{
	mutex_lock(&s->lock);
	spare_trim(s, 0);
	mutex_unlock(&s->lock);
	mutex_fini(&s->lock);
}

void arena_spare_expect(struct arena_spare *s, size_t bytes)
{
	mutex_lock(&s->lock);
	s->wanted = bytes / ARENA_HUGE_SIZE;
	spare_trim(s, s->wanted);
	mutex_unlock(&s->lock);
}

static struct arena_chunk *spare_take(struct arena_spare *s)
{
	struct arena_chunk *c;

	mutex_lock(&s->lock);
	c = s->chunks;
	if (c) {
		s->chunks = c->next;
		s->count--;
	}
	if (s->wanted > 0)
		s->wanted--;
	spare_trim(s, s->wanted);
	mutex_unlock(&s->lock);
	return c;
}

/* False if nobody will want it. */
static bool spare_give(struct arena_spare *s, struct arena_chunk *c)
{
	bool keep;

	mutex_lock(&s->lock);
	keep = s->count < s->wanted;
	if (keep) {
		c->next = s->chunks;
		s->chunks = c;
		s->count++;
	}
	mutex_unlock(&s->lock);
	return keep;
}

void arena_init(struct arena *a, struct arena_spare *spare)
{
	*a = (struct arena){ .spare = spare };
}

void arena_fini(struct arena *a)
{
	struct arena_chunk *c, *next;

	for (c = a->chunks; c; c = next) {
		next = c->next;
		if (!c->mapped)
			free(c);
		else if (!a->spare || !spare_give(a->spare, c))
			huge_unmap(c, c->mapped);
	}
}

static struct arena_chunk *map_chunk(struct arena *a)
{
	struct arena_chunk *c = a->spare ? spare_take(a->spare) : NULL;

	if (!c)
		c = huge_map(ARENA_HUGE_SIZE);
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
	struct arena_chunk *c = huge ? map_chunk(a) : take(bytes);

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
