#include "engine/cache_memory.h"

#include <malloc.h>
#include <stdlib.h>

#include "engine/base/huge.h"
#include "engine/cache.h"

#define SLABS_MIN  32 /* of a budget */
#define HOLES_FROM 2  /* slabs: so much is gathered in one */

/* The largest that leaves the budget some, or 0: then the heap has to do. */
static size_t slab_size(size_t bytes_max)
{
	size_t size = HUGE_SIZE;

	while (size > bytes_max / SLABS_MIN)
		size /= 2;
	return size < POOL_SLAB_MIN ? 0 : size;
}

void cache_memory_init(struct cache *c, bool own)
{
	c->own = own;
	pool_init(&c->pool, own ? slab_size(c->bytes_max) : 0);
	c->holes_max = HOLES_FROM * c->pool.slab_size;
}

void cache_memory_fini(struct cache *c)
{
	pool_fini(&c->pool);
}

void cache_try_again(struct cache *c)
{
	c->holes_max = HOLES_FROM * c->pool.slab_size;
}

size_t cache_cost(const struct cache *c, const void *data)
{
	return c->own ? pool_cost(data)
		      : malloc_usable_size((void *)data) + sizeof(size_t);
}

void cache_keep(struct cache *c, struct cache_entry *e)
{
	if (c->own)
		pool_set_owner(e->data, e);
	else
		c->bytes += cache_cost(c, e->data);
}

void cache_dispose(struct cache *c, void *data, struct cache_trash *trash)
{
	if (c->own) {
		pool_free(&c->pool, data);
		return;
	}
	if (trash->count == ARRAY_SIZE(trash->data))
		cache_trash_empty(trash);
	trash->data[trash->count++] = data;
}

enum moved { MOVED, HELD, NO_ROOM };

/* Gives an entry another place, which is not in a closed slab. */
static enum moved move_entry(struct cache *c, struct cache_entry *e)
	NEEDS(c->lock);

static enum moved move_entry(struct cache *c, struct cache_entry *e)
{
	uint64_t word = e->word;
	void *from = e->data, *to;

	if (word & WORD_REFS)
		return HELD;
	to = pool_alloc(&c->pool, e->size, false);
	if (!to)
		return NO_ROOM;
	do
		if (word & WORD_REFS) {
			pool_free(&c->pool, to);
			return HELD;
		}
	while (!atomic_compare_exchange_weak(&e->word, &word,
					     word & ~WORD_VISIBLE));
	memcpy(to, from, e->size);
	pool_set_owner(to, e);
	e->data = to;
	atomic_fetch_or(&e->word, WORD_VISIBLE);
	pool_free(&c->pool, from);
	return MOVED;
}

/* Whether something in @slab has to stay, as far as a look can tell. */
static bool is_held(const struct cache *c, struct pool_slab *slab)
{
	const struct cache_entry *e;
	void *data = NULL;

	while ((data = pool_next(&c->pool, slab, data))) {
		e = pool_owner(data);
		if (!e || (e->word & WORD_REFS))
			return true;
	}
	return false;
}

/* Moves what is in @slab, which is closed; false if something remains. */
static bool empty_slab(struct cache *c, struct pool_slab *slab) NEEDS(c->lock);

static bool empty_slab(struct cache *c, struct pool_slab *slab)
{
	void *data = pool_next(&c->pool, slab, NULL), *next;
	struct cache_entry *e;
	enum moved moved;

	for (; data; data = next) {
		next = pool_next(&c->pool, slab, data);
		e = pool_owner(data);
		moved = e ? move_entry(c, e) : HELD;
		if (moved == HELD)
			slab->mark = c->pass;
		if (moved == NO_ROOM)
			c->holes_max = c->pool.free + c->pool.slab_size / 2;
		if (moved != MOVED)
			return false;
	}
	c->holes_max = HOLES_FROM * c->pool.slab_size;
	return true;
}

/* A slab that nothing is in, closed; NULL: to empty one does not pay yet. */
static struct pool_slab *vacate(struct cache *c) NEEDS(c->lock);

static struct pool_slab *vacate(struct cache *c)
{
	struct pool *p = &c->pool;
	struct pool_slab *slab;

	/* Looking at each slab is a line of memory that is far, and a page. */
	if (p->empty == 0 && p->free < c->holes_max)
		return NULL;
	c->pass++;
	while ((slab = pool_sparsest(p, c->pass))) {
		if (slab->used > 0 && p->free < c->holes_max)
			return NULL;
		if (is_held(c, slab)) {
			slab->mark = c->pass;
			continue;
		}
		pool_close(p, slab);
		if (empty_slab(c, slab))
			return slab;
		pool_reopen(p, slab);
	}
	/* Each has to stay: that is not looked at again with every miss. */
	c->holes_max = size_max(c->holes_max, p->free + p->slab_size / 2);
	return NULL;
}

bool cache_give_back(struct cache *c)
{
	struct pool_slab *slab = vacate(c);

	if (slab)
		pool_give_back(&c->pool, slab);
	return slab != NULL;
}

/* Room for @size bytes, within the budget if that can be. */
static void *find_room(struct cache *c, size_t size, struct cache_trash *trash)
	NEEDS(c->lock);

static void *find_room(struct cache *c, size_t size, struct cache_trash *trash)
{
	struct cache_turns turns = cache_turns_begin(c);
	struct pool *p = &c->pool;
	struct pool_slab *slab;
	bool grow;
	void *data;

	for (;;) {
		grow = !pool_cuts(p, size) ||
		       cache_taken(c) + p->slab_size <= turns.most;
		data = pool_alloc(p, size, grow);
		if (data || grow)
			return data;
		slab = vacate(c);
		if (slab)
			pool_reopen(p, slab);
		else if (!cache_turn(c, &turns, trash))
			return pool_alloc(p, size, true);
	}
}

static bool has_room(const struct cache *c, size_t size) NEEDS(c->lock);

static bool has_room(const struct cache *c, size_t size)
{
	size_t grown = pool_cuts(&c->pool, size) ? c->pool.slab_size : size;

	return pool_has_room(&c->pool, size) ||
	       cache_taken(c) + grown <= cache_turns_begin(c).most;
}

bool cache_has_room(struct cache *c, size_t size)
{
	bool has;

	mutex_lock(&c->lock);
	has = has_room(c, size);
	mutex_unlock(&c->lock);
	return has;
}

void *cache_alloc(struct cache *c, size_t size)
{
	struct cache_trash trash = { .count = 0 };
	void *data;

	if (!c || !c->own)
		return malloc(size_max(size, 1));
	mutex_lock(&c->lock);
	data = find_room(c, size, &trash);
	mutex_unlock(&c->lock);
	cache_trash_empty(&trash);
	return data;
}

void cache_discard(struct cache *c, void *data)
{
	if (!c || !c->own || !data) {
		free(data);
		return;
	}
	mutex_lock(&c->lock);
	pool_free(&c->pool, data);
	mutex_unlock(&c->lock);
}
