#include "engine/cache_table.h"

#include <malloc.h>
#include <stdlib.h>

#include "engine/cache.h"
#include "engine/cache_memory.h"

#define BUCKETS_MIN 64

static size_t table_bytes(size_t buckets)
{
	return sizeof(struct cache_table) +
	       buckets * sizeof(struct cache_bucket);
}

/* @piece of the heap is the cache's for as long as it lives. */
static void count_fixed(struct cache *c, const void *piece)
{
	size_t cost = malloc_usable_size((void *)piece) + sizeof(size_t);

	c->fixed += cost;
	c->bytes += cost;
}

int cache_table_init(struct cache *c)
{
	struct cache_table *t = calloc(1, table_bytes(BUCKETS_MIN));

	if (!t)
		return -ENOMEM;
	t->mask = BUCKETS_MIN - 1;
	c->table = t;
	count_fixed(c, t);
	return 0;
}

static void free_slab(struct cache *c, struct cache_slab *slab)
{
	size_t i;

	for (i = 0; i < CACHE_SLAB_SLOTS; i++) {
		assert(!(slab->slots[i].word & WORD_REFS));
		cache_discard(c, slab->slots[i].data);
	}
	free(slab);
}

void cache_table_fini(struct cache *c)
{
	struct cache_table *t, *old;
	struct cache_slab *slab;

	while (c->slabs) {
		slab = c->slabs;
		c->slabs = slab->next;
		free_slab(c, slab);
	}
	for (t = c->table; t; t = old) {
		old = t->old;
		free(t);
	}
}

struct cache_entry *cache_find(struct cache *c, uint64_t file, uint64_t offset,
			       uint64_t add)
{
	struct cache_entry *e = bucket_of(c, hash_mix(file, offset))->chain;

	while (e && !entry_is(e, file, offset))
		e = e->chain;
	if (e)
		atomic_fetch_add(&e->word, add);
	return e;
}

static struct cache_entry *take_slot(struct cache *c) NEEDS(c->lock);

static struct cache_entry *take_slot(struct cache *c)
{
	struct cache_entry *e = c->free_slots;
	struct cache_slab *slab;
	size_t i;

	if (!e) {
		slab = aligned_alloc(64, sizeof(*slab));
		if (!slab)
			return NULL;
		memset(slab, 0, sizeof(*slab));
		for (i = 0; i < CACHE_SLAB_SLOTS; i++) {
			slab->slots[i].cache = c;
			slab->slots[i].next = e;
			e = &slab->slots[i];
		}
		slab->next = c->slabs;
		c->slabs = slab;
		count_fixed(c, slab);
	}
	c->free_slots = e->next;
	return e;
}

static void link_entry(struct cache_table *t, struct cache_entry *e)
{
	struct cache_bucket *b = &t->buckets[entry_hash(e) & t->mask];

	atomic_store_explicit(&e->chain, b->chain, memory_order_release);
	atomic_store_explicit(&b->chain, e, memory_order_release);
}

/* Failing to grow only makes the chains longer. */
static void grow(struct cache *c) NEEDS(c->lock);

static void grow(struct cache *c)
{
	struct cache_table *old = c->table, *t;
	size_t count = 2 * (old->mask + 1), i;

	t = calloc(1, table_bytes(count));
	if (!t)
		return;
	t->mask = count - 1;
	t->old = old;
	for (i = 0; i <= old->mask; i++) {
		uint64_t ghost = old->buckets[i].ghost;
		struct cache_entry *e = old->buckets[i].chain, *next;

		t->buckets[ghost & t->mask].ghost = ghost;
		for (; e; e = next) {
			next = e->chain;
			link_entry(t, e);
		}
	}
	atomic_store_explicit(&c->table, t, memory_order_release);
	count_fixed(c, t);
}

static void publish(struct cache *c, struct cache_entry *e, uint64_t refs,
		    struct cache_trash *trash) NEEDS(c->lock);

static void publish(struct cache *c, struct cache_entry *e, uint64_t refs,
		    struct cache_trash *trash)
{
	size_t cost = cache_cost(c, e->data);
	bool fits = cache_fits(c, cost);

	/* What is the cache's own counts already. */
	if (fits)
		cache_shrink(c, c->own ? 0 : cost, trash);
	cache_keep(c, e);
	c->count++;
	c->inserts++;
	link_entry(c->table, e);
	/* Added, since a reader who is astray may have counted himself. */
	atomic_fetch_add_explicit(&e->word,
				  refs * WORD_REF + WORD_VISIBLE +
					  (fits ? 0 : WORD_LOOSE),
				  memory_order_release);
	if (fits)
		cache_enqueue(c, e);
	if (c->count > c->table->mask)
		grow(c);
	/* What is held may have kept it from making room. */
	if (fits)
		cache_shrink(c, 0, trash);
}

struct cache_entry *cache_add(struct cache *c, uint64_t file, uint64_t offset,
			      struct slice data, uint64_t refs,
			      struct cache_trash *trash)
{
	struct cache_entry *there = cache_find(c, file, offset,
					       refs * WORD_REF);
	struct cache_entry *e = there ? NULL : take_slot(c);

	if (!e) {
		cache_dispose(c, (void *)data.data, trash);
		return there;
	}
	atomic_store_explicit(&e->file, file, memory_order_relaxed);
	atomic_store_explicit(&e->offset, offset, memory_order_relaxed);
	e->data = (void *)data.data;
	e->size = (uint32_t)data.size;
	e->freq = 0;
	e->in_main = cache_take_ghost(c, e);
	publish(c, e, refs, trash);
	return e;
}
