#include "engine/cache_evict.h"

#include <stdlib.h>

#include "engine/cache_memory.h"

#define FREQ_MAX 3

void cache_trash_empty(struct cache_trash *trash)
{
	while (trash->count > 0)
		free(trash->data[--trash->count]);
}

/* What the entries and their tables may take. */
static size_t limit(const struct cache *c) NEEDS(c->lock);

static size_t limit(const struct cache *c)
{
	size_t floor = size_min(c->bytes_max, c->fixed + c->bytes_max / 16);

	return size_max(floor,
			c->bytes_max - size_min(c->charged, c->bytes_max));
}

bool cache_fits(const struct cache *c, size_t cost)
{
	return c->fixed + cost <= limit(c);
}

void cache_enqueue(struct cache *c, struct cache_entry *e)
{
	struct cache_queue *q = e->in_main ? &c->main : &c->fresh;

	e->next = NULL;
	*q->tail = e;
	q->tail = &e->next;
	q->bytes += cache_cost(c, e->data);
}

static struct cache_entry *dequeue(const struct cache *c, struct cache_queue *q)
{
	struct cache_entry *e = q->head;

	q->head = e->next;
	if (!q->head)
		q->tail = &q->head;
	q->bytes -= cache_cost(c, e->data);
	return e;
}

bool cache_take_ghost(struct cache *c, const struct cache_entry *e)
{
	uint64_t hash = entry_hash(e);
	struct cache_bucket *b = bucket_of(c, hash);

	if (b->ghost != hash)
		return false;
	b->ghost = 0;
	return true;
}

bool cache_remove(struct cache *c, struct cache_entry *e,
		  struct cache_trash *trash)
{
	struct cache_bucket *b = bucket_of(c, entry_hash(e));
	_Atomic(struct cache_entry *) *at = &b->chain;
	uint64_t word = e->word;

	do
		if (word & WORD_REFS)
			return false;
	while (!atomic_compare_exchange_weak(&e->word, &word, 0));

	c->hits += word / WORD_HIT;
	c->evictions++;
	c->count--;
	if (!c->own)
		c->bytes -= cache_cost(c, e->data);
	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;

	cache_dispose(c, e->data, trash);
	e->data = NULL;
	e->next = c->free_slots;
	c->free_slots = e;
	return true;
}

static bool is_among(const uint64_t *files, size_t count, uint64_t file)
{
	size_t lo = 0, hi = count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (files[mid] < file)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < count && files[lo] == file;
}

void cache_drop_files(struct cache *c, struct cache_queue *q,
		      const uint64_t *files, size_t count,
		      struct cache_trash *trash)
{
	struct cache_entry **at = &q->head, *e, *next;
	size_t cost;

	while ((e = *at)) {
		next = e->next;
		cost = cache_cost(c, e->data);
		if (is_among(files, count, e->file) &&
		    cache_remove(c, e, trash)) {
			q->bytes -= cost;
			*at = next;
		} else {
			at = &e->next;
		}
	}
	q->tail = at;
}

/* Takes the hits out of the word. */
static void count_hits(struct cache *c, struct cache_entry *e) NEEDS(c->lock);

static void count_hits(struct cache *c, struct cache_entry *e)
{
	uint64_t hits = atomic_fetch_and(&e->word, WORD_HIT - 1) / WORD_HIT;

	c->hits += hits;
	e->freq = (uint8_t)u64_min(e->freq + hits, FREQ_MAX);
}

/* Leaves an entry that is held to the one who gives it back last. */
static bool let_loose(struct cache_entry *e)
{
	uint64_t word = e->word;

	while (word & WORD_REFS)
		if (atomic_compare_exchange_weak(&e->word, &word,
						 word | WORD_LOOSE))
			return true;
	return false;
}

static void turn_fresh(struct cache *c, struct cache_trash *trash)
	NEEDS(c->lock);

static void turn_fresh(struct cache *c, struct cache_trash *trash)
{
	struct cache_entry *e = dequeue(c, &c->fresh);
	uint64_t hash = entry_hash(e);

	count_hits(c, e);
	if (let_loose(e))
		return;
	if (e->freq > 1) {
		e->in_main = true;
		e->freq = 0;
		cache_enqueue(c, e);
	} else if (cache_remove(c, e, trash)) {
		bucket_of(c, hash)->ghost = hash;
	} else {
		/* Taken this very moment. */
		cache_enqueue(c, e);
	}
}

static void turn_main(struct cache *c, bool stay, struct cache_trash *trash)
	NEEDS(c->lock);

static void turn_main(struct cache *c, bool stay, struct cache_trash *trash)
{
	struct cache_entry *e = dequeue(c, &c->main);

	count_hits(c, e);
	if (let_loose(e))
		return;
	if (e->freq > 0 && stay) {
		e->freq--;
		cache_enqueue(c, e);
	} else if (!cache_remove(c, e, trash)) {
		cache_enqueue(c, e);
	}
}

struct cache_turns cache_turns_begin(const struct cache *c)
{
	/* Enough to forget all hits; then those that go on do not count. */
	return (struct cache_turns){ .most = limit(c),
				     .rounds = (FREQ_MAX + 1) * c->count };
}

bool cache_turn(struct cache *c, struct cache_turns *turns,
		struct cache_trash *trash)
{
	if (!c->fresh.head && !c->main.head)
		return false;
	if (c->fresh.head &&
	    (c->fresh.bytes > turns->most / 10 || !c->main.head)) {
		turn_fresh(c, trash);
	} else {
		turn_main(c, turns->rounds > 0, trash);
		turns->rounds -= turns->rounds > 0;
	}
	return true;
}

void cache_shrink(struct cache *c, size_t room, struct cache_trash *trash)
{
	struct cache_turns turns = cache_turns_begin(c);

	while (cache_taken(c) + room > turns.most)
		if (!cache_give_back(c) && !cache_turn(c, &turns, trash))
			return;
}
