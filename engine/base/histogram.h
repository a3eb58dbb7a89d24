/*
 * A histogram: how often values of which size were seen.
 *
 * The buckets are log-linear, as those of Gil Tene's HdrHistogram: values below
 * 16 have one each, and every power of two above is split into 16 equal parts.
 * So a bucket is never wider than a sixteenth of the smallest value in it, and
 * a percentile is told with that error from a table of fixed size, however many
 * values were added and whatever they were.
 *
 * Values are whatever the owner counts: nanoseconds, bytes, pieces.  Those from
 * 2^42 on (73 minutes in nanoseconds) share the last bucket; the sum and the
 * maximum are exact for all.
 *
 * Memory: HISTOGRAM_BUCKETS counters of 8 bytes, 5 KiB in all, nothing on the
 * heap.  All zero is an empty histogram.
 *
 * Thread safety: any number of threads may add while others look.  Nothing is
 * ordered: who looks meanwhile may see a value in the sum and not yet in its
 * bucket.  Who wants numbers that fit together takes a copy (histogram_merge()
 * into an empty one) and asks that.
 */
#ifndef ENGINE_BASE_HISTOGRAM_H
#define ENGINE_BASE_HISTOGRAM_H

#include <stdatomic.h>

#include "engine/base/base.h"

#define HISTOGRAM_SPLIT_BITS 4 /* a power of two has 2^4 buckets */
#define HISTOGRAM_VALUE_BITS 42
#define HISTOGRAM_BUCKETS                                  \
	((HISTOGRAM_VALUE_BITS - HISTOGRAM_SPLIT_BITS + 1) \
	 << HISTOGRAM_SPLIT_BITS)

struct histogram {
	_Atomic uint64_t counts[HISTOGRAM_BUCKETS];
	_Atomic uint64_t sum; /* of all values, modulo 2^64 */
	_Atomic uint64_t max;
};

void histogram_add(struct histogram *h, uint64_t value);

/* Adds all that @from has seen to @into. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* How many values were added. */
uint64_t histogram_count(const struct histogram *h);

/*
 * A value that @permille thousandths of all are not above: 500 asks for the
 * median, 1000 for the maximum.  It is never below the exact answer, and above
 * it by less than a sixteenth of it.  0 for an empty histogram.
 */
uint64_t histogram_permille(const struct histogram *h, unsigned permille);

#endif
