#include "engine/mt_hash.h"

#include <stdlib.h>

#define LINE_SIZE   64 /* bytes */
#define BUCKET_KEYS 7
#define FILL_MAX    5 /* keys a bucket, on average */
#define BUCKETS_MIN ((size_t)64)
#define GROWTH      4
#define PROBE_MAX   64u /* at most BUCKETS_MIN */

#define COUNT_SHIFT 56 /* of the number of keys, in the word of tags */
#define EACH_BYTE   0x0101010101010101u

struct bucket {
	_Atomic uint64_t tags;
	_Atomic(struct mt_key *) keys[BUCKET_KEYS];
};

_Static_assert(sizeof(struct bucket) == LINE_SIZE, "a bucket is a line");

struct mt_hash_table {
	struct mt_hash_table *before; /* the one that it replaced, or NULL */
	size_t count;                 /* of buckets */
	struct bucket *buckets;       /* in the same piece, at a line */
};

static struct mt_hash_table *table_new(size_t count, size_t *bytes)
{
	size_t size = sizeof(struct mt_hash_table) + LINE_SIZE +
		      count * sizeof(struct bucket);
	struct mt_hash_table *t = calloc(1, size);

	if (!t)
		return NULL;
	t->count = count;
	t->buckets = (struct bucket *)(((uintptr_t)(t + 1) + LINE_SIZE - 1) &
				       ~(uintptr_t)(LINE_SIZE - 1));
	*bytes = size;
	return t;
}

int mt_hash_init(struct mt_hash *h, size_t keys)
{
	size_t bytes;
	struct mt_hash_table *t;

	t = table_new(size_max(keys / FILL_MAX + 1, BUCKETS_MIN), &bytes);
	if (!t)
		return -ENOMEM;
	*h = (struct mt_hash){ .table = t, .bytes = bytes };
	return 0;
}

void mt_hash_fini(struct mt_hash *h)
{
	struct mt_hash_table *t, *before;

	for (t = h->table; t; t = before) {
		before = t->before;
		free(t);
	}
}

static unsigned count_of(uint64_t tags)
{
	return (unsigned)(tags >> COUNT_SHIFT);
}

static uint64_t tag_of(uint32_t hash)
{
	return hash & 0xff;
}

/*
 * The top bit of each byte of @tags that is perhaps @tag: surely if it is, and
 * now and then if it is not.  (Mycroft's test for a zero byte.)
 */
static uint64_t match(uint64_t tags, uint64_t tag)
{
	uint64_t used = ((uint64_t)1 << 8 * count_of(tags)) - 1;
	uint64_t zero = tags ^ tag * EACH_BYTE;

	return (zero - EACH_BYTE) & ~zero & 0x80 * EACH_BYTE & used;
}

static struct bucket *bucket_at(const struct mt_hash_table *t, uint32_t hash,
				unsigned probe)
{
	size_t i = (size_t)((uint64_t)hash * t->count >> 32) + probe;

	return &t->buckets[i < t->count ? i : i - t->count];
}

static uint64_t tags_of(const struct bucket *b)
{
	return atomic_load_explicit(&b->tags, memory_order_acquire);
}

static struct mt_key *key_at(const struct bucket *b, unsigned i)
{
	return atomic_load_explicit(&b->keys[i], memory_order_relaxed);
}

static size_t keys_of(const struct mt_hash *h)
{
	return atomic_load_explicit(&h->keys, memory_order_relaxed);
}

bool mt_hash_find(const struct mt_hash *h, struct slice key, uint32_t hash,
		  struct mt_key **out)
{
	const struct mt_hash_table *t;
	unsigned probe;

	/* After a flush, for a while: and the buckets are far away. */
	if (unlikely(keys_of(h) == 0)) {
		*out = NULL;
		return true;
	}
	t = atomic_load_explicit(&h->table, memory_order_acquire);
	for (probe = 0; probe < PROBE_MAX; probe++) {
		const struct bucket *b = bucket_at(t, hash, probe);
		uint64_t tags = tags_of(b);
		uint64_t m = match(tags, tag_of(hash));

		for (; m; m &= m - 1) {
			struct mt_key *k;

			k = key_at(b, (unsigned)__builtin_ctzll(m) / 8);
			if (k->hash == hash && slice_eq(mt_key_slice(k), key)) {
				*out = k;
				return true;
			}
		}
		if (count_of(tags) < BUCKET_KEYS)
			break;
	}
	if (atomic_load_explicit(&h->crowded, memory_order_relaxed))
		return false;
	*out = NULL;
	return true;
}

/* False if it finds no room. */
static bool add(struct mt_hash_table *t, struct mt_key *key)
{
	unsigned probe, n;

	for (probe = 0; probe < PROBE_MAX; probe++) {
		struct bucket *b = bucket_at(t, key->hash, probe);
		uint64_t tags = tags_of(b);

		n = count_of(tags);
		if (n == BUCKET_KEYS)
			continue;
		tags += (uint64_t)1 << COUNT_SHIFT;
		tags |= tag_of(key->hash) << 8 * n;
		atomic_store_explicit(&b->keys[n], key, memory_order_relaxed);
		atomic_store_explicit(&b->tags, tags, memory_order_release);
		return true;
	}
	return false;
}

static void note_crowded(struct mt_hash *h)
{
	atomic_store_explicit(&h->crowded, true, memory_order_relaxed);
}

int mt_hash_reserve(struct mt_hash *h)
{
	struct mt_hash_table *old, *t;
	size_t bytes, i;
	bool fits = true;
	unsigned j;

	old = atomic_load_explicit(&h->table, memory_order_relaxed);
	if (likely(keys_of(h) < old->count * FILL_MAX))
		return 0;

	t = table_new(old->count * GROWTH, &bytes);
	if (!t)
		return -ENOMEM;
	for (i = 0; i < old->count; i++) {
		const struct bucket *b = &old->buckets[i];

		for (j = 0; j < count_of(tags_of(b)); j++)
			fits &= add(t, key_at(b, j));
	}
	if (!fits)
		note_crowded(h);
	t->before = old;
	atomic_fetch_add_explicit(&h->bytes, bytes, memory_order_relaxed);
	atomic_store_explicit(&h->table, t, memory_order_release);
	return 0;
}

void mt_hash_add(struct mt_hash *h, struct mt_key *key)
{
	struct mt_hash_table *t;

	t = atomic_load_explicit(&h->table, memory_order_relaxed);
	if (!add(t, key))
		note_crowded(h);
	atomic_store_explicit(&h->keys, keys_of(h) + 1, memory_order_relaxed);
}
