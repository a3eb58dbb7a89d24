#include "engine/cache.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "engine/base/hash.h"
#include "engine/base/lock.h"

#define SHARDS 8

struct cache_entry {
	uint64_t file;
	uint64_t offset;
	void *data;            /* owned */
	size_t size;           /* bytes */
	_Atomic uint32_t refs; /* callers', and one of the table's */
	bool used; /* since the hand came by; guarded by the shard's lock */
	struct cache_entry *chain; /* next in the bucket */
	struct cache_entry *after; /* the ring that the hand goes round */
	struct cache_entry *before;
};

struct shard {
	struct mutex lock; /* RANK_CACHE */
	struct cache_entry **buckets;
	size_t bucket_count; /* a power of two */
	size_t count;
	size_t bytes;
	size_t bytes_max;
	struct cache_entry *hand; /* in the ring, NULL if it is empty */
};

struct cache {
	struct shard shards[SHARDS];
};

/* What an entry costs beside its bytes. */
#define ENTRY_OVERHEAD (sizeof(struct cache_entry) + sizeof(void *) + 32)

struct cache *cache_new(size_t bytes_max)
{
	struct cache *c = calloc(1, sizeof(*c));
	int i;

	if (!c)
		return NULL;
	for (i = 0; i < SHARDS; i++) {
		struct shard *s = &c->shards[i];

		mutex_init(&s->lock, RANK_CACHE);
		s->bytes_max = bytes_max / SHARDS;
		s->bucket_count = 64;
		s->buckets = calloc(s->bucket_count, sizeof(*s->buckets));
		if (!s->buckets) {
			cache_free(c);
			return NULL;
		}
	}
	return c;
}

void cache_free(struct cache *c)
{
	int i;

	if (!c)
		return;
	for (i = 0; i < SHARDS; i++) {
		struct shard *s = &c->shards[i];

		if (!s->buckets)
			break;
		while (s->hand) {
			struct cache_entry *e = s->hand;

			assert(e->refs == 1);
			s->hand = e->after == e ? NULL : e->after;
			e->before->after = e->after;
			e->after->before = e->before;
			cache_release(e);
		}
		free(s->buckets);
		mutex_fini(&s->lock);
	}
	free(c);
}

void cache_release(struct cache_entry *e)
{
	if (!e || atomic_fetch_sub(&e->refs, 1) > 1)
		return;
	free(e->data);
	free(e);
}

struct slice cache_data(const struct cache_entry *e)
{
	return slice_of(e->data, e->size);
}

static struct cache_entry **find(struct shard *s, uint64_t hash, uint64_t file,
				 uint64_t offset)
{
	struct cache_entry **at = &s->buckets[hash & (s->bucket_count - 1)];

	while (*at && ((*at)->file != file || (*at)->offset != offset))
		at = &(*at)->chain;
	return at;
}

struct cache_entry *cache_get(struct cache *c, uint64_t file, uint64_t offset)
{
	uint64_t hash = hash_mix(file, offset);
	struct shard *s = &c->shards[hash >> 61];
	struct cache_entry *e;

	mutex_lock(&s->lock);
	e = *find(s, hash, file, offset);
	if (e) {
		e->used = true;
		atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
	}
	mutex_unlock(&s->lock);
	return e;
}

/* Failing to grow only makes the chains longer. */
static void grow(struct shard *s)
{
	size_t count = s->bucket_count * 2, i;
	struct cache_entry **buckets = calloc(count, sizeof(*buckets));

	if (!buckets)
		return;
	for (i = 0; i < s->bucket_count; i++) {
		struct cache_entry *e = s->buckets[i], *next;

		for (; e; e = next) {
			uint64_t h = hash_mix(e->file, e->offset);

			next = e->chain;
			e->chain = buckets[h & (count - 1)];
			buckets[h & (count - 1)] = e;
		}
	}
	free(s->buckets);
	s->buckets = buckets;
	s->bucket_count = count;
}

static void unlink_entry(struct shard *s, struct cache_entry *e)
{
	uint64_t hash = hash_mix(e->file, e->offset);

	*find(s, hash, e->file, e->offset) = e->chain;
	s->hand = e->after == e ? NULL : e->after;
	e->before->after = e->after;
	e->after->before = e->before;
	s->bytes -= e->size + ENTRY_OVERHEAD;
	s->count--;
}

/*
 * Makes room for @size bytes; the victims, to be released without the lock, are
 * chained.  An entry that somebody holds, or that was used since the hand came
 * by, is passed over; two rounds end it.
 */
static struct cache_entry *evict(struct shard *s, size_t size)
{
	struct cache_entry *victims = NULL;
	size_t passed = 0;

	while (s->hand && s->bytes + size > s->bytes_max &&
	       passed <= 2 * s->count) {
		struct cache_entry *e = s->hand;

		if (e->used || e->refs > 1) {
			e->used = false;
			s->hand = e->after;
			passed++;
			continue;
		}
		unlink_entry(s, e);
		e->chain = victims;
		victims = e;
	}
	return victims;
}

static void link_entry(struct shard *s, struct cache_entry *e, uint64_t hash)
{
	struct cache_entry **bucket = &s->buckets[hash & (s->bucket_count - 1)];

	e->chain = *bucket;
	*bucket = e;
	/* Behind the hand: the last one that it will come to. */
	if (s->hand) {
		e->after = s->hand;
		e->before = s->hand->before;
		e->before->after = e;
		e->after->before = e;
	} else {
		e->after = e->before = e;
		s->hand = e;
	}
	s->bytes += e->size + ENTRY_OVERHEAD;
	s->count++;
	atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
}

struct cache_entry *cache_put(struct cache *c, uint64_t file, uint64_t offset,
			      void *data, size_t size)
{
	uint64_t hash = hash_mix(file, offset);
	struct shard *s = &c->shards[hash >> 61];
	struct cache_entry *e, *old, *victims = NULL, *next;

	e = calloc(1, sizeof(*e));
	if (!e) {
		free(data);
		return NULL;
	}
	e->file = file;
	e->offset = offset;
	e->data = data;
	e->size = size;
	e->refs = 1;

	mutex_lock(&s->lock);
	old = *find(s, hash, file, offset);
	if (old) {
		atomic_fetch_add_explicit(&old->refs, 1, memory_order_relaxed);
	} else {
		victims = evict(s, size + ENTRY_OVERHEAD);
		if (s->bytes + size + ENTRY_OVERHEAD <= s->bytes_max)
			link_entry(s, e, hash);
		if (s->count > s->bucket_count)
			grow(s);
	}
	mutex_unlock(&s->lock);

	for (; victims; victims = next) {
		next = victims->chain;
		cache_release(victims);
	}
	if (old) {
		cache_release(e);
		return old;
	}
	return e;
}

size_t cache_bytes(struct cache *c)
{
	size_t bytes = 0;
	int i;

	for (i = 0; i < SHARDS; i++) {
		mutex_lock(&c->shards[i].lock);
		bytes += c->shards[i].bytes;
		mutex_unlock(&c->shards[i].lock);
	}
	return bytes;
}
