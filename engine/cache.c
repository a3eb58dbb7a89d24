#include "engine/cache.h"

#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/cache_memory.h"
#include "engine/cache_table.h"

#define STEPS_MAX  16 /* of a lookup that may be astray */
#define LINES_NEAR 8  /* of an entry's bytes: a page's heads, as a rule */

/* Somebody reads what others wait for. */
struct load {
	struct load *next;
	uint64_t file;
	uint64_t offset;
	unsigned users; /* who reads, and who waits */
	bool done;
	int rc;
	struct cache_entry *entry; /* if rc is 0: a reference for each user */
	struct error_words words;  /* if it is not */
};

static struct cache *new (size_t bytes_max, bool own)
{
	struct cache *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	if (cache_table_init(c) < 0) {
		free(c);
		return NULL;
	}
	mutex_init(&c->lock, RANK_CACHE);
	cond_init(&c->loaded);
	c->bytes_max = bytes_max;
	c->fresh.tail = &c->fresh.head;
	c->main.tail = &c->main.head;
	cache_memory_init(c, own);
	return c;
}

struct cache *cache_new(size_t bytes_max)
{
	return new (bytes_max, false);
}

struct cache *cache_new_own(size_t bytes_max)
{
	return new (bytes_max, true);
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	assert(!c->loads);
	cache_table_fini(c);
	cache_memory_fini(c);
	cond_fini(&c->loaded);
	mutex_fini(&c->lock);
	free(c);
}

/* An entry that was LOOSE has been given back by the last who held it. */
static void settle(struct cache_entry *e)
{
	const uint64_t state = WORD_VISIBLE | WORD_LOOSE;
	struct cache_trash trash = { .count = 0 };
	struct cache *c = e->cache;

	mutex_lock(&c->lock);
	if ((e->word & (state | WORD_REFS)) != state) {
		/* Held again, or somebody was faster. */
	} else if (cache_fits(c, cache_cost(c, e->data))) {
		atomic_fetch_and(&e->word, ~WORD_LOOSE);
		cache_enqueue(c, e);
		cache_shrink(c, 0, &trash);
	} else {
		(void)!cache_remove(c, e, &trash);
	}
	mutex_unlock(&c->lock);
	cache_trash_empty(&trash);
}

void cache_release(struct cache_entry *e)
{
	uint64_t word;

	if (!e)
		return;
	word = atomic_fetch_sub_explicit(&e->word, WORD_REF,
					 memory_order_release);
	assert(word & WORD_REFS);
	if (unlikely(word & WORD_LOOSE) && (word & WORD_REFS) == WORD_REF)
		settle(e);
}

struct slice cache_data(const struct cache_entry *e)
{
	return slice_of(atomic_load_explicit(&e->data, memory_order_relaxed),
			e->size);
}

/*
 * Asks for where the bytes of @e begin, in lines side by side, before the count
 * of references is touched: nothing behind that begins before it is done.  If
 * the slot is another entry's by now, it was in vain.
 */
static void fetch_bytes(const struct cache_entry *e)
{
	/* A number: of a slot that is nobody's there is nothing to point to. */
	uintptr_t p = (uintptr_t)atomic_load_explicit(&e->data,
						      memory_order_relaxed);
	unsigned i;

	for (i = 0; i < LINES_NEAR; i++)
		__builtin_prefetch((const void *)(p + 64 * i));
}

/* Any slot, which may be another entry's any time: NULL if it is. */
static struct cache_entry *try_hold(struct cache_entry *e, uint64_t file,
				    uint64_t offset)
{
	uint64_t word;

	fetch_bytes(e);
	word = atomic_fetch_add_explicit(&e->word, WORD_HIT + WORD_REF,
					 memory_order_acquire);
	if (likely(word & WORD_VISIBLE) && likely(entry_is(e, file, offset)))
		return e;
	cache_release(e);
	return NULL;
}

/* Without the lock: what it finds is there, what it does not find may be. */
static struct cache_entry *try_find(struct cache *c, uint64_t file,
				    uint64_t offset)
{
	struct cache_bucket *b = bucket_of(c, hash_mix(file, offset));
	struct cache_entry *e = atomic_load_explicit(&b->chain,
						     memory_order_acquire);
	int steps;

	for (steps = 0; e && !entry_is(e, file, offset); steps++) {
		if (steps == STEPS_MAX)
			return NULL;
		e = atomic_load_explicit(&e->chain, memory_order_acquire);
	}
	return e ? try_hold(e, file, offset) : NULL;
}

struct cache_entry *cache_hint_try(const struct cache_hint *hint, uint64_t file,
				   uint64_t offset)
{
	struct cache_entry *e = atomic_load_explicit(&hint->entry,
						     memory_order_acquire);

	return e && entry_is(e, file, offset) ? try_hold(e, file, offset)
					      : NULL;
}

struct cache_entry *cache_put(struct cache *c, uint64_t file, uint64_t offset,
			      void *data, size_t size)
{
	struct cache_trash trash = { .count = 0 };
	struct cache_entry *e;

	assert(size <= UINT32_MAX);
	mutex_lock(&c->lock);
	e = cache_add(c, file, offset, slice_of(data, size), 1, &trash);
	mutex_unlock(&c->lock);
	cache_trash_empty(&trash);
	return e;
}

static struct load *find_load(struct cache *c, uint64_t file, uint64_t offset)
	NEEDS(c->lock);

static struct load *find_load(struct cache *c, uint64_t file, uint64_t offset)
{
	struct load *l = c->loads;

	while (l && (l->file != file || l->offset != offset))
		l = l->next;
	return l;
}

static struct load *begin_load(struct cache *c, uint64_t file, uint64_t offset)
	NEEDS(c->lock);

static struct load *begin_load(struct cache *c, uint64_t file, uint64_t offset)
{
	struct load *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->file = file;
	l->offset = offset;
	l->users = 1;
	l->next = c->loads;
	c->loads = l;
	return l;
}

/* Nobody who comes now will wait for @l; those who do each get a reference. */
static void end_load(struct cache *c, struct load *l, int rc, struct slice data)
{
	struct cache_trash trash = { .count = 0 };
	struct load **at = &c->loads;

	assert(data.size <= UINT32_MAX);
	mutex_lock(&c->lock);
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	if (rc == 0) {
		l->entry = cache_add(c, l->file, l->offset, data, l->users,
				     &trash);
		if (!l->entry)
			rc = -ENOMEM;
	} else {
		error_take(&l->words);
	}
	l->rc = rc;
	l->done = true;
	if (l->users > 1)
		cond_broadcast(&c->loaded);
	mutex_unlock(&c->lock);
	cache_trash_empty(&trash);
}

/* One user takes the result; the last frees it. */
static int leave_load(struct cache *c, struct load *l, struct cache_entry **out)
{
	int rc;

	mutex_lock(&c->lock);
	while (!l->done)
		cond_wait(&c->loaded, &c->lock);
	rc = l->rc;
	if (rc == 0)
		*out = l->entry;
	else if (l->words.rc == rc)
		error_put_back(&l->words);
	if (--l->users == 0)
		free(l);
	mutex_unlock(&c->lock);
	return rc;
}

int cache_get_or_load(struct cache *c, uint64_t file, uint64_t offset,
		      cache_load_fn load, const void *context,
		      struct cache_entry **out)
{
	struct cache_entry *e = try_find(c, file, offset);
	struct load *l = NULL;
	bool ours = false;
	void *data = NULL;
	size_t size = 0;
	int rc;

	if (likely(e != NULL)) {
		*out = e;
		return 0;
	}
	mutex_lock(&c->lock);
	e = cache_find(c, file, offset, WORD_HIT + WORD_REF);
	if (!e) {
		c->misses++;
		l = find_load(c, file, offset);
		ours = !l;
		if (l)
			l->users++;
		else
			l = begin_load(c, file, offset);
	}
	mutex_unlock(&c->lock);
	if (e) {
		*out = e;
		return 0;
	}
	if (!l)
		return -ENOMEM;
	if (ours) {
		rc = load(context, &data, &size);
		end_load(c, l, rc, slice_of(data, size));
	}
	return leave_load(c, l, out);
}

void cache_forget(struct cache *c, const uint64_t *files, size_t count)
{
	struct cache_trash trash = { .count = 0 };

	mutex_lock(&c->lock);
	cache_drop_files(c, &c->fresh, files, count, &trash);
	cache_drop_files(c, &c->main, files, count, &trash);
	mutex_unlock(&c->lock);
	cache_trash_empty(&trash);
}

void cache_charge(struct cache *c, ssize_t delta)
{
	struct cache_trash trash = { .count = 0 };

	mutex_lock(&c->lock);
	assert(delta >= 0 || c->charged >= (size_t)-delta);
	c->charged += (size_t)delta;
	cache_try_again(c);
	cache_shrink(c, 0, &trash);
	mutex_unlock(&c->lock);
	cache_trash_empty(&trash);
}

void cache_resize(struct cache *c, size_t bytes_max)
{
	struct cache_trash trash = { .count = 0 };

	mutex_lock(&c->lock);
	c->bytes_max = bytes_max;
	cache_try_again(c);
	cache_shrink(c, 0, &trash);
	mutex_unlock(&c->lock);
	cache_trash_empty(&trash);
}

size_t cache_bytes(struct cache *c)
{
	size_t bytes;

	mutex_lock(&c->lock);
	bytes = cache_taken(c);
	mutex_unlock(&c->lock);
	return bytes;
}

void cache_stats(struct cache *c, struct cache_stats *stats)
{
	struct cache_stats s;
	size_t i;

	mutex_lock(&c->lock);
	s = (struct cache_stats){
		.hits = c->hits,
		.misses = c->misses,
		.inserts = c->inserts,
		.evictions = c->evictions,
		.entries = c->count,
		.bytes = cache_taken(c),
		.charged = c->charged,
	};
	for (i = 0; i <= c->table->mask; i++) {
		struct cache_entry *e = c->table->buckets[i].chain;

		for (; e; e = e->chain)
			s.hits += e->word / WORD_HIT;
	}
	mutex_unlock(&c->lock);
	*stats = s;
}
