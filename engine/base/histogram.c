#include "engine/base/histogram.h"

#define SPLIT     ((uint64_t)1 << HISTOGRAM_SPLIT_BITS)
#define VALUE_MAX (((uint64_t)1 << HISTOGRAM_VALUE_BITS) - 1)

/*
 * Counts from 0 through the powers of two: what is left of a value when all but
 * its top bits are shifted out is SPLIT to 2 * SPLIT - 1, so each shift adds
 * SPLIT to the number of the bucket.
 */
static size_t bucket_of(uint64_t value)
{
	unsigned shift;

	value = u64_min(value, VALUE_MAX);
	if (value < SPLIT)
		return (size_t)value;
	shift = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_SPLIT_BITS;
	return (size_t)(shift * SPLIT + (value >> shift));
}

/* The largest value that goes to the bucket. */
static uint64_t bucket_max(size_t bucket)
{
	unsigned shift;

	if (bucket < SPLIT)
		return bucket;
	shift = (unsigned)(bucket / SPLIT) - 1;
	return (((bucket % SPLIT + SPLIT + 1)) << shift) - 1;
}

static uint64_t load(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static void raise_max(struct histogram *h, uint64_t value)
{
	uint64_t max = load(&h->max);

	while (max < value &&
	       !atomic_compare_exchange_weak_explicit(&h->max, &max, value,
						      memory_order_relaxed,
						      memory_order_relaxed))
		;
}

void histogram_add(struct histogram *h, uint64_t value)
{
	add(&h->counts[bucket_of(value)], 1);
	add(&h->sum, value);
	raise_max(h, value);
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	size_t i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t n = load(&from->counts[i]);

		if (n > 0)
			add(&into->counts[i], n);
	}
	add(&into->sum, load(&from->sum));
	raise_max(into, load(&from->max));
}

uint64_t histogram_count(const struct histogram *h)
{
	uint64_t count = 0;
	size_t i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += load(&h->counts[i]);
	return count;
}

/* The last bucket has no end of its own: the maximum is. */
uint64_t histogram_permille(const struct histogram *h, unsigned permille)
{
	uint64_t count = histogram_count(h), max = load(&h->max);
	uint64_t rank, below = 0;
	size_t i;

	assert(permille <= 1000);
	/* The rank-th smallest, counted from 1; in two steps: no overflow. */
	rank = count / 1000 * permille + (count % 1000 * permille + 999) / 1000;
	rank = u64_max(rank, 1);
	for (i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
		below += load(&h->counts[i]);
		if (below >= rank)
			return u64_min(bucket_max(i), max);
	}
	return max;
}
