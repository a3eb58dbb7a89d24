/* The cache: its budget, what it keeps, one loader, many threads at once. */
#include "tests/suite.h"

#include <malloc.h>
#include <stdatomic.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "engine/base/mem_rand.h"
#include "engine/base/thread.h"
#include "engine/cache.h"

#define BUDGET  (256 * KIB)
#define ENTRY   ((size_t)1 << 10) /* bytes */
#define THREADS 4
#define ROUNDS  20000

/* Most tests run twice: with entries of the heap, and of its own. */
static struct cache *make(int own, size_t budget)
{
	struct cache *c = own ? cache_new_own(budget) : cache_new(budget);

	if (!c)
		ck_abort_msg("out of memory");
	return c;
}

/* Bytes that say which entry they belong to. */
static void *bytes_of(struct cache *c, uint64_t file, uint64_t offset,
		      size_t size)
{
	uint8_t *bytes = cache_alloc(c, size);

	if (!bytes)
		ck_abort_msg("out of memory");
	memset(bytes, (int)(file * 31 + offset), size);
	return bytes;
}

static bool holds(const struct cache_entry *e, uint64_t file, uint64_t offset,
		  size_t size)
{
	struct slice data = cache_data(e);
	const uint8_t *p = data.data;
	size_t i;

	if (data.size != size)
		return false;
	for (i = 0; i < size; i++)
		if (p[i] != (uint8_t)(file * 31 + offset))
			return false;
	return true;
}

static struct cache_entry *put(struct cache *c, uint64_t file, uint64_t offset)
{
	struct cache_entry *e = cache_put(
		c, file, offset, bytes_of(c, file, offset, ENTRY), ENTRY);

	ck_assert_ptr_nonnull(e);
	ck_assert(holds(e, file, offset, ENTRY));
	return e;
}

static int load_nothing(const void *context, void **data, size_t *size)
{
	(void)context;
	(void)data;
	(void)size;
	return -ENOENT;
}

/* The entry, held, if it is there, or NULL. */
static struct cache_entry *find(struct cache *c, uint64_t file, uint64_t offset)
{
	struct cache_entry *e;

	if (cache_get_or_load(c, file, offset, load_nothing, NULL, &e) < 0)
		return NULL;
	return e;
}

static bool has(struct cache *c, uint64_t file, uint64_t offset)
{
	struct cache_entry *e = find(c, file, offset);

	if (e && !holds(e, file, offset, ENTRY))
		ck_abort_msg("entry %u: wrong bytes", (unsigned)offset);
	cache_release(e);
	return e != NULL;
}

START_TEST(what_was_put_is_found)
{
	struct cache *c = make(_i, BUDGET);

	cache_release(put(c, 1, 0));
	cache_release(put(c, 1, 4096));
	cache_release(put(c, 2, 0));
	ck_assert(has(c, 1, 0));
	ck_assert(has(c, 1, 4096));
	ck_assert(has(c, 2, 0));
	ck_assert(!has(c, 2, 4096));
	ck_assert(!has(c, 0, 1));
	ck_assert_uint_ge(cache_bytes(c), 3 * ENTRY);
	cache_release(NULL);
	cache_free(c);
	cache_free(NULL);
}
END_TEST

START_TEST(files_are_forgotten_but_what_is_held)
{
	const uint64_t gone[] = { 2, 4, 7 };
	struct cache *c = make(_i, BUDGET);
	struct cache_entry *held;
	uint64_t file, i;

	for (i = 0; i < 10; i++)
		for (file = 1; file <= 5; file++)
			cache_release(put(c, file, i));
	/* Some have been used and are in the other queue by now. */
	for (i = 0; i < 200; i++)
		cache_release(put(c, 9, i));
	held = find(c, 4, 0);
	for (file = 1; file <= 5; file++)
		for (i = 0; i < 10; i++)
			(void)!has(c, file, i);
	cache_forget(c, gone, ARRAY_SIZE(gone));
	for (i = 1; i < 10; i++) {
		ck_assert(!has(c, 2, i));
		ck_assert(!has(c, 4, i));
	}
	ck_assert(!held || has(c, 4, 0));
	ck_assert(has(c, 9, 199));
	cache_release(held);
	/* The queues are whole: all can be turned over. */
	for (i = 0; i < 1000; i++)
		cache_release(put(c, 6, i));
	ck_assert(has(c, 6, 999));
	ck_assert_uint_le(cache_bytes(c), BUDGET);
	cache_free(c);
}
END_TEST

START_TEST(budget_is_kept)
{
	struct cache *c = make(_i, BUDGET);
	unsigned i, kept = 0;

	for (i = 0; i < 4 * BUDGET / ENTRY; i++) {
		cache_release(put(c, 7, i * ENTRY));
		ck_assert_uint_le(cache_bytes(c), BUDGET);
	}
	for (i = 0; i < 4 * BUDGET / ENTRY; i++)
		kept += has(c, 7, i * ENTRY);
	/* And it is made use of. */
	ck_assert_uint_ge(kept, BUDGET / ENTRY / 2);
	ck_assert_uint_ge(cache_bytes(c), kept * ENTRY);
	cache_free(c);
}
END_TEST

/* A smaller budget evicts at once, a larger one is used. */
START_TEST(budget_may_change)
{
	struct cache *c = make(_i, BUDGET);
	unsigned i, kept = 0;

	for (i = 0; i < BUDGET / ENTRY; i++)
		cache_release(put(c, 1, i));
	ck_assert_uint_gt(cache_bytes(c), BUDGET / 2);
	cache_resize(c, BUDGET / 4);
	ck_assert_uint_le(cache_bytes(c), BUDGET / 4);
	cache_resize(c, 2 * BUDGET);
	for (i = 0; i < BUDGET / ENTRY; i++)
		cache_release(put(c, 2, i));
	for (i = 0; i < BUDGET / ENTRY; i++)
		kept += has(c, 2, i);
	ck_assert_uint_eq(kept, BUDGET / ENTRY);
	cache_free(c);
}
END_TEST

START_TEST(held_entries_survive)
{
	struct cache_entry *held[20];
	struct cache *c = make(_i, BUDGET);
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(held); i++)
		held[i] = put(c, 1, i);
	for (i = 0; i < 8 * BUDGET / ENTRY; i++)
		cache_release(put(c, 2, i));
	for (i = 0; i < ARRAY_SIZE(held); i++) {
		ck_assert(holds(held[i], 1, i, ENTRY));
		/* Nor has it left the table. */
		ck_assert(has(c, 1, i));
		cache_release(held[i]);
	}
	cache_free(c);
}
END_TEST

START_TEST(more_held_than_the_budget)
{
	struct cache_entry *held[2 * BUDGET / ENTRY];
	struct cache *c = make(_i, BUDGET);
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(held); i++)
		held[i] = put(c, 1, i);
	ck_assert_uint_ge(cache_bytes(c), sizeof(held) / sizeof(*held) * ENTRY);
	for (i = 0; i < ARRAY_SIZE(held); i++) {
		ck_assert(holds(held[i], 1, i, ENTRY));
		cache_release(held[i]);
	}
	/* It is back within its budget without another call. */
	ck_assert_uint_le(cache_bytes(c), BUDGET);
	ck_assert_uint_ge(cache_bytes(c), BUDGET / 2);
	cache_free(c);
}
END_TEST

START_TEST(what_no_longer_fits_goes_when_it_is_released)
{
	size_t size = BUDGET / 5 * 3;
	struct cache *c = make(_i, BUDGET);
	struct cache_entry *a, *b;

	a = cache_put(c, 1, 1, bytes_of(c, 1, 1, size), size);
	b = cache_put(c, 1, 2, bytes_of(c, 1, 2, size), size);
	ck_assert_uint_ge(cache_bytes(c), 2 * size);
	cache_release(b);
	ck_assert_uint_le(cache_bytes(c), BUDGET);
	ck_assert(holds(a, 1, 1, size));
	cache_release(a);
	ck_assert_uint_le(cache_bytes(c), BUDGET);
	cache_free(c);
}
END_TEST

START_TEST(used_entries_outlive_others)
{
	struct cache *c = make(_i, BUDGET);
	unsigned i, hits = 0;

	cache_release(put(c, 1, 1));
	for (i = 0; i < 4 * BUDGET / ENTRY; i++) {
		cache_release(put(c, 2, i));
		hits += has(c, 1, 1);
	}
	ck_assert_uint_eq(hits, 4 * BUDGET / ENTRY);
	cache_free(c);
}
END_TEST

START_TEST(second_put_gives_the_first_entry)
{
	struct cache *c = make(_i, BUDGET);
	struct cache_entry *a = put(c, 1, 1), *b;
	size_t bytes = cache_bytes(c);

	b = cache_put(c, 1, 1, bytes_of(c, 5, 5, 10), 10);
	ck_assert_ptr_eq(a, b);
	ck_assert(holds(b, 1, 1, ENTRY));
	ck_assert_uint_eq(cache_bytes(c), bytes);
	cache_release(a);
	ck_assert(holds(b, 1, 1, ENTRY));
	cache_release(b);
	cache_free(c);
}
END_TEST

START_TEST(budget_of_nothing_keeps_nothing)
{
	struct cache *c = make(_i, 0);
	struct cache_entry *e = put(c, 1, 1);

	/* Who asks while it is held shares it. */
	ck_assert(has(c, 1, 1));
	ck_assert(holds(e, 1, 1, ENTRY));
	cache_release(e);
	ck_assert(!has(c, 1, 1));
	ck_assert_uint_le(cache_bytes(c), 4 * KIB);
	cache_free(c);
}
END_TEST

START_TEST(entry_larger_than_all_is_given_and_not_kept)
{
	struct cache *c = make(_i, BUDGET);
	struct cache_entry *e;

	cache_release(put(c, 2, 2));
	e = cache_put(c, 1, 1, bytes_of(c, 1, 1, 2 * BUDGET), 2 * BUDGET);
	ck_assert(holds(e, 1, 1, 2 * BUDGET));
	cache_release(e);
	ck_assert_ptr_null(find(c, 1, 1));
	/* Nor did it drive out what fits. */
	ck_assert(has(c, 2, 2));
	ck_assert_uint_le(cache_bytes(c), BUDGET);
	cache_free(c);
}
END_TEST

START_TEST(entry_of_most_of_the_budget_is_kept)
{
	struct cache *c = make(_i, BUDGET);
	size_t size = BUDGET / 10 * 9;
	struct cache_entry *e;

	cache_release(cache_put(c, 1, 1, bytes_of(c, 1, 1, size), size));
	e = find(c, 1, 1);
	ck_assert_ptr_nonnull(e);
	ck_assert(holds(e, 1, 1, size));
	cache_release(e);
	cache_free(c);
}
END_TEST

/* From 16 bytes to 1 MiB, small ones more often. */
static size_t mixed_size(struct mem_rand *rand)
{
	size_t top = (size_t)16 << mem_rand_below(rand, 17);

	return 1 + (size_t)mem_rand_below(rand, top);
}

START_TEST(budget_is_kept_with_mixed_sizes)
{
	size_t budget = 8 * MIB;
	struct cache *c = make(_i, budget);
	struct mem_rand rand = { .state = 5 };
	unsigned i;

	for (i = 0; i < 20000; i++) {
		size_t size = mixed_size(&rand);

		cache_release(
			cache_put(c, 1, i, bytes_of(c, 1, i, size), size));
		ck_assert_uint_le(cache_bytes(c), budget);
		if (i > 2000)
			ck_assert_uint_ge(cache_bytes(c), budget / 4 * 3);
	}
	cache_free(c);
}
END_TEST

START_TEST(small_entries_give_way_to_large_ones)
{
	struct cache *c = make(_i, 4 * MIB);
	struct cache_stats stats;
	unsigned i, kept = 0;

	for (i = 0; i < 40000; i++)
		cache_release(cache_put(c, 1, i, bytes_of(c, 1, i, 100), 100));
	cache_stats(c, &stats);
	ck_assert_uint_ge(stats.entries, 4 * MIB / 300);
	ck_assert_uint_le(stats.bytes, 4 * MIB);

	for (i = 0; i < 200; i++)
		cache_release(cache_put(c, 2, i, bytes_of(c, 2, i, 64 * KIB),
					64 * KIB));
	for (i = 0; i < 200; i++) {
		struct cache_entry *e = find(c, 2, i);

		kept += e != NULL;
		cache_release(e);
	}
	/* Their tables stay, some 80 of 200 bytes for each. */
	ck_assert_uint_ge(kept, 4 * MIB / (64 * KIB) * 4 / 10);
	ck_assert_uint_le(cache_bytes(c), 4 * MIB);
	cache_free(c);
}
END_TEST

/* What the heap has given out, or 0 where it is another's (sanitizers). */
static size_t heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

START_TEST(count_is_what_the_heap_says)
{
	size_t before = heap_bytes(), after, counted;
	struct cache *c = make(_i, 16 * MIB);
	struct mem_rand rand = { .state = 9 };
	unsigned i;

	for (i = 0; i < 50000; i++) {
		size_t size = mixed_size(&rand) % 3000;

		cache_release(
			cache_put(c, 1, i, bytes_of(c, 1, i, size), size));
	}
	after = heap_bytes();
	counted = cache_bytes(c);
	/* It keeps some of what was freed for this thread. */
	if (after > before) {
		ck_assert_uint_ge(counted, (after - before) / 100 * 97);
		ck_assert_uint_le(counted, (after - before) / 100 * 102);
	}
	cache_free(c);
}
END_TEST

START_TEST(table_grows)
{
	enum { COUNT = 50000 };
	struct cache *c = make(_i, 16 * MIB);
	struct cache_stats stats;
	unsigned i;

	for (i = 0; i < COUNT; i++)
		cache_release(
			cache_put(c, i % 7, i, bytes_of(c, i % 7, i, 50), 50));
	for (i = 0; i < COUNT; i++) {
		struct cache_entry *e = find(c, i % 7, i);

		ck_assert_ptr_nonnull(e);
		ck_assert(holds(e, i % 7, i, 50));
		cache_release(e);
	}
	cache_stats(c, &stats);
	ck_assert_uint_eq(stats.entries, COUNT);
	ck_assert_uint_eq(stats.hits, COUNT);
	ck_assert_uint_eq(stats.inserts, COUNT);
	ck_assert_uint_eq(stats.evictions, 0);
	cache_free(c);
}
END_TEST

START_TEST(counters_count)
{
	struct cache *c = make(_i, BUDGET);
	struct cache_stats stats;
	unsigned i, found = 0;

	for (i = 0; i < 1000; i++) {
		if (has(c, 1, i % 300))
			found++;
		else
			cache_release(put(c, 1, i % 300));
	}
	cache_stats(c, &stats);
	ck_assert_uint_gt(found, 0);
	ck_assert_uint_gt(stats.evictions, 0);
	ck_assert_uint_eq(stats.hits, found);
	ck_assert_uint_eq(stats.misses, 1000 - found);
	ck_assert_uint_eq(stats.inserts, stats.misses);
	ck_assert_uint_eq(stats.entries, stats.inserts - stats.evictions);
	ck_assert_uint_eq(stats.bytes, cache_bytes(c));
	cache_free(c);
}
END_TEST

START_TEST(room_is_what_nobody_goes_for)
{
	struct cache *c = make(_i, BUDGET);
	struct cache_stats stats;
	unsigned i = 0;

	ck_assert(!cache_has_room(c, 2 * BUDGET));
	while (cache_has_room(c, ENTRY))
		cache_release(put(c, 1, i++));
	cache_stats(c, &stats);
	ck_assert_uint_eq(stats.evictions, 0);
	/* The tables and a slab of slots take their part. */
	ck_assert_uint_ge(i, BUDGET / ENTRY / 2);
	for (; i < BUDGET / ENTRY + 2; i++)
		cache_release(put(c, 1, i));
	cache_stats(c, &stats);
	ck_assert_uint_gt(stats.evictions, 0);
	cache_charge(c, BUDGET);
	ck_assert(!cache_has_room(c, ENTRY));
	cache_charge(c, -(ssize_t)BUDGET);
	ck_assert(cache_has_room(c, ENTRY));
	cache_free(c);
}
END_TEST

/* Whether the hint leads to the entry, which is not what finding it does. */
static bool leads(const struct cache_hint *hint, uint64_t file, uint64_t offset)
{
	struct cache_entry *e = cache_hint_try(hint, file, offset);

	if (e && !holds(e, file, offset, ENTRY))
		ck_abort_msg("entry %u: wrong bytes", (unsigned)offset);
	cache_release(e);
	return e != NULL;
}

START_TEST(hint_leads_to_its_entry_as_long_as_that_is_there)
{
	const uint64_t gone = 1;
	struct cache *c = make(_i, BUDGET);
	struct cache_hint hint = { NULL };
	struct cache_stats stats;
	struct cache_entry *e;

	ck_assert(!leads(&hint, 1, 7));
	e = put(c, 1, 7);
	cache_hint_set(&hint, e);
	cache_release(e);
	cache_hint_prefetch(&hint);
	ck_assert(leads(&hint, 1, 7));
	ck_assert(!leads(&hint, 1, 8));
	ck_assert(!leads(&hint, 2, 7));
	cache_stats(c, &stats);
	ck_assert_uint_eq(stats.hits, 1);

	/* What it holds stays though the file is forgotten. */
	e = cache_hint_try(&hint, 1, 7);
	ck_assert_ptr_nonnull(e);
	cache_forget(c, &gone, 1);
	ck_assert(holds(e, 1, 7, ENTRY));
	cache_release(e);
	cache_forget(c, &gone, 1);
	ck_assert(!leads(&hint, 1, 7));

	/* The place is another entry's now. */
	ck_assert_ptr_eq(put(c, 2, 9), e);
	cache_release(e);
	ck_assert(!leads(&hint, 1, 7));
	cache_free(c);
}
END_TEST

START_TEST(charges_make_it_smaller)
{
	struct cache *c = make(_i, BUDGET);
	struct cache_stats stats;
	unsigned i;

	for (i = 0; i < 2 * BUDGET / ENTRY; i++)
		cache_release(put(c, 1, i));
	ck_assert_uint_ge(cache_bytes(c), BUDGET / 10 * 9);

	cache_charge(c, BUDGET / 2);
	ck_assert_uint_le(cache_bytes(c), BUDGET / 2);
	ck_assert_uint_ge(cache_bytes(c), BUDGET / 10 * 4);

	/* However much is charged, something remains. */
	cache_charge(c, 10 * BUDGET);
	ck_assert_uint_le(cache_bytes(c), BUDGET / 5);
	cache_release(put(c, 2, 1));
	ck_assert(has(c, 2, 1));
	cache_stats(c, &stats);
	ck_assert_uint_eq(stats.charged, 10 * BUDGET + BUDGET / 2);

	cache_charge(c, -(ssize_t)(10 * BUDGET + BUDGET / 2));
	for (i = 0; i < 2 * BUDGET / ENTRY; i++)
		cache_release(put(c, 3, i));
	ck_assert_uint_ge(cache_bytes(c), BUDGET / 10 * 9);
	cache_free(c);
}
END_TEST

#define ZIPF_ITEMS  4096
#define ZIPF_ROUNDS 100000

/* Picks items by Zipf's law, exponent 1. */
struct zipf {
	double sums[ZIPF_ITEMS];
	struct mem_rand rand;
};

static void zipf_init(struct zipf *z)
{
	double sum = 0;
	unsigned i;

	for (i = 0; i < ZIPF_ITEMS; i++)
		z->sums[i] = sum += 1.0 / (i + 1);
	z->rand.state = 77;
}

static uint64_t zipf_pick(struct zipf *z)
{
	double at = (double)mem_rand_below(&z->rand, 1 << 30) / (1 << 30) *
		    z->sums[ZIPF_ITEMS - 1];
	unsigned lo = 0, hi = ZIPF_ITEMS - 1;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (z->sums[mid] < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/*
 * The share of hits among reads by Zipf's law, with @scan reads of what is
 * never read again between two of them.
 */
static double zipf_hit_rate(struct zipf *z, int own, unsigned scan)
{
	struct cache *c = make(own, ZIPF_ITEMS / 5 * (ENTRY + 100));
	unsigned i, j, hits = 0;
	uint64_t at = 0;

	zipf_init(z);
	for (i = 0; i < ZIPF_ROUNDS; i++) {
		uint64_t item = zipf_pick(z);

		if (has(c, 1, item))
			hits += i >= ZIPF_ROUNDS / 5;
		else
			cache_release(put(c, 1, item));
		for (j = 0; j < scan; j++)
			cache_release(put(c, 2, at++));
	}
	cache_free(c);
	return (double)hits / (ZIPF_ROUNDS - ZIPF_ROUNDS / 5);
}

START_TEST(scan_does_not_wipe_out)
{
	static struct zipf z;
	double best, alone, scanned;

	zipf_init(&z);
	/* What a cache that knew the law would reach. */
	best = z.sums[ZIPF_ITEMS / 5] / z.sums[ZIPF_ITEMS - 1];
	alone = zipf_hit_rate(&z, _i, 0);
	scanned = zipf_hit_rate(&z, _i, 4);
	if (getenv("CACHE_TEST_VERBOSE"))
		printf("hit rates: best %.3f, alone %.3f, beside a scan %.3f\n",
		       best, alone, scanned);
	ck_assert_double_ge(alone, 0.93 * best);
	ck_assert_double_ge(scanned, 0.88 * best);
}
END_TEST

struct worker {
	struct thread thread;
	struct cache *cache;
	struct cache_hint *hints; /* of all workers, by offset */
	uint64_t seed;
	unsigned wrong; /* entries with the bytes of another */
	unsigned hits;
	unsigned hinted; /* of these, without a search */
};

static void work(void *arg)
{
	struct worker *w = arg;
	struct mem_rand rand = { .state = w->seed };
	unsigned i;

	for (i = 0; i < ROUNDS; i++) {
		uint64_t file = mem_rand_below(&rand, 3);
		uint64_t offset = mem_rand_below(&rand, 100);
		size_t size = offset * 20;
		struct cache_entry *e = find(w->cache, file, offset);

		if (e)
			w->hits++;
		else
			e = cache_put(w->cache, file, offset,
				      bytes_of(w->cache, file, offset, size),
				      size);
		if (!holds(e, file, offset, size))
			w->wrong++;
		if (i % 64 == 0)
			cache_charge(w->cache, BUDGET / 16);
		cache_release(e);
		if (i % 64 == 0)
			cache_charge(w->cache, -(ssize_t)(BUDGET / 16));
	}
}

START_TEST(threads_see_whole_entries)
{
	struct worker workers[THREADS] = { 0 };
	struct cache *c = make(_i, BUDGET / 2);
	unsigned i;

	for (i = 0; i < THREADS; i++) {
		workers[i].cache = c;
		workers[i].seed = i + 1;
		ck_ok(thread_start(&workers[i].thread, "worker", 0, work,
				   &workers[i]));
	}
	for (i = 0; i < THREADS; i++)
		thread_join(&workers[i].thread);
	for (i = 0; i < THREADS; i++) {
		ck_assert_uint_eq(workers[i].wrong, 0);
		/* Some were found, some had been evicted. */
		ck_assert_uint_gt(workers[i].hits, 0);
		ck_assert_uint_lt(workers[i].hits, ROUNDS - 300);
	}
	ck_assert_uint_le(cache_bytes(c), BUDGET / 2);
	cache_free(c);
}
END_TEST

/* What the load function of a test is told, and tells. */
struct loader {
	struct cache *cache;
	_Atomic unsigned loads;
	_Atomic unsigned asking; /* threads on their way in */
	unsigned askers;
	bool put_first; /* somebody else is faster */
	int rc;
};

static int load_slowly(const void *context, void **data, size_t *size)
{
	struct loader *l = *(struct loader *const *)context;

	l->loads++;
	/* Until all ask, and a little longer, so that they wait by then. */
	while (l->asking < l->askers)
		usleep(1000);
	usleep(50000);
	if (l->put_first)
		cache_release(put(l->cache, 3, 3));
	if (l->rc < 0)
		return error_set(l->rc, "the disk is on fire");
	*data = bytes_of(l->cache, 3, 3, ENTRY);
	*size = ENTRY;
	return 0;
}

struct asker {
	struct thread thread;
	struct loader *loader;
	int rc;
	bool right; /* the bytes, or the words of the error */
};

static void ask(void *arg)
{
	struct asker *a = arg;
	struct cache_entry *e;

	a->loader->asking++;
	a->rc = cache_get_or_load(a->loader->cache, 3, 3, load_slowly,
				  &a->loader, &e);
	if (a->rc < 0) {
		a->right = strcmp(error_text(a->rc), "the disk is on fire") ==
			   0;
		return;
	}
	a->right = holds(e, 3, 3, ENTRY);
	cache_release(e);
}

static void ask_at_once(struct loader *l)
{
	struct asker askers[8] = { 0 };
	unsigned i;

	l->loads = 0;
	l->asking = 0;
	l->askers = ARRAY_SIZE(askers);
	for (i = 0; i < ARRAY_SIZE(askers); i++) {
		askers[i].loader = l;
		ck_ok(thread_start(&askers[i].thread, "asker", 0, ask,
				   &askers[i]));
	}
	for (i = 0; i < ARRAY_SIZE(askers); i++)
		thread_join(&askers[i].thread);
	ck_assert_uint_eq(l->loads, 1);
	for (i = 0; i < ARRAY_SIZE(askers); i++) {
		ck_assert_int_eq(askers[i].rc, l->rc);
		ck_assert(askers[i].right);
	}
}

START_TEST(one_loads_for_all)
{
	struct loader l = { .cache = make(_i, BUDGET) };
	struct cache_stats stats;

	ask_at_once(&l);
	ck_assert(has(l.cache, 3, 3));
	cache_stats(l.cache, &stats);
	ck_assert_uint_eq(stats.inserts, 1);
	ck_assert_uint_eq(stats.misses, 8);
	cache_free(l.cache);
}
END_TEST

START_TEST(one_loads_for_all_though_nothing_is_kept)
{
	struct loader l = { .cache = make(_i, 0) };

	ask_at_once(&l);
	ck_assert(!has(l.cache, 3, 3));
	cache_free(l.cache);
}
END_TEST

START_TEST(failed_load_fails_for_all_and_is_forgotten)
{
	struct loader l = { .cache = make(_i, BUDGET), .rc = -EIO };

	ask_at_once(&l);
	ck_assert(!has(l.cache, 3, 3));
	l.rc = 0;
	ask_at_once(&l);
	ck_assert(has(l.cache, 3, 3));
	cache_free(l.cache);
}
END_TEST

START_TEST(load_that_comes_second_gives_the_first_entry)
{
	struct loader l = { .cache = make(_i, BUDGET), .put_first = true };
	struct cache_stats stats;

	ask_at_once(&l);
	cache_stats(l.cache, &stats);
	ck_assert_uint_eq(stats.inserts, 1);
	cache_free(l.cache);
}
END_TEST

#define OWN     (8 * MIB) /* a budget of some slabs */
#define OWN_MAX 20000     /* bytes: most entries are of slabs */

/* An entry of any size up to OWN_MAX, the same each time. */
static size_t own_size(uint64_t offset)
{
	return 1 + offset * 7919 % OWN_MAX;
}

static void own_put(struct cache *c, uint64_t offset)
{
	size_t size = own_size(offset);
	void *bytes = bytes_of(c, 1, offset, size);
	struct cache_entry *e;

	/* Others went before there was room for it. */
	ck_assert_uint_le(cache_bytes(c), OWN);
	e = cache_put(c, 1, offset, bytes, size);
	ck_assert(holds(e, 1, offset, size));
	cache_release(e);
}

/* How many of @count entries are there, all of them whole. */
static unsigned own_count(struct cache *c, unsigned count)
{
	unsigned i, found = 0;

	for (i = 0; i < count; i++) {
		struct cache_entry *e = find(c, 1, i);

		ck_assert(!e || holds(e, 1, i, own_size(i)));
		found += e != NULL;
		cache_release(e);
	}
	return found;
}

START_TEST(own_memory_is_used_well)
{
	struct cache *c = cache_new_own(OWN);
	struct cache_stats stats;
	size_t bytes = 0;
	unsigned i;

	for (i = 0; i < 20000; i++) {
		own_put(c, i);
		ck_assert_uint_le(cache_bytes(c), OWN);
	}
	cache_stats(c, &stats);
	for (i = 0; i < 20000; i++) {
		struct cache_entry *e = find(c, 1, i);

		bytes += e ? own_size(i) : 0;
		cache_release(e);
	}
	/* The rest is in holes, headers and tables. */
	ck_assert_uint_ge(bytes, OWN / 100 * 85);
	ck_assert_uint_ge(stats.bytes, OWN / 100 * 95);
	cache_free(c);
}
END_TEST

START_TEST(own_memory_is_given_back_and_entries_stay)
{
	enum { COUNT = 600 };
	struct cache *c = cache_new_own(OWN);
	unsigned i, before, after;

	for (i = 0; i < COUNT; i++)
		own_put(c, i);
	/* Each other one is used, so that the slabs get holes. */
	for (i = 0; i < COUNT; i += 2) {
		cache_release(find(c, 1, i));
		cache_release(find(c, 1, i));
	}
	before = own_count(c, COUNT);
	ck_assert_uint_eq(before, COUNT);
	cache_charge(c, OWN / 2);
	ck_assert_uint_le(cache_bytes(c), OWN / 2);
	ck_assert_uint_ge(cache_bytes(c), OWN / 10 * 4);
	after = own_count(c, COUNT);
	/* Entries are 10,000 bytes on average. */
	ck_assert_uint_ge(after, OWN / 2 / 10000 * 8 / 10);
	cache_charge(c, -(ssize_t)(OWN / 2));
	cache_free(c);
}
END_TEST

START_TEST(held_entries_are_not_moved)
{
	enum { COUNT = 600, NTH = 15 };
	struct cache_entry *held[COUNT / NTH];
	const void *at[COUNT / NTH];
	struct cache *c = cache_new_own(OWN);
	unsigned i;

	for (i = 0; i < COUNT; i++)
		own_put(c, i);
	for (i = 0; i < ARRAY_SIZE(held); i++) {
		held[i] = find(c, 1, i * NTH);
		ck_assert_ptr_nonnull(held[i]);
		at[i] = cache_data(held[i]).data;
	}
	/* Every slab has one of them. */
	cache_charge(c, OWN);
	for (i = 0; i < ARRAY_SIZE(held); i++) {
		ck_assert_ptr_eq(cache_data(held[i]).data, at[i]);
		ck_assert(holds(held[i], 1, i * NTH, own_size(i * NTH)));
		cache_release(held[i]);
	}
	cache_charge(c, 0);
	ck_assert_uint_le(cache_bytes(c), OWN / 4);
	cache_charge(c, -(ssize_t)OWN);
	cache_free(c);
}
END_TEST

#define OFFSETS 900

/* Reads, and is read, while entries are moved. */
static void work_own(void *arg)
{
	struct worker *w = arg;
	struct mem_rand rand = { .state = w->seed };
	unsigned i;

	for (i = 0; i < ROUNDS / 4; i++) {
		uint64_t offset = mem_rand_below(&rand, OFFSETS);
		size_t size = own_size(offset);
		struct cache_entry *e = cache_hint_try(&w->hints[offset], 1,
						       offset);

		if (e)
			w->hinted++;
		else
			e = find(w->cache, 1, offset);
		if (e)
			w->hits++;
		else
			e = cache_put(w->cache, 1, offset,
				      bytes_of(w->cache, 1, offset, size),
				      size);
		/* The others go on to be searched for. */
		if (offset % 2)
			cache_hint_set(&w->hints[offset], e);
		if (i % 256 == 0)
			cache_charge(w->cache, OWN / 6);
		if (!holds(e, 1, offset, size))
			w->wrong++;
		cache_release(e);
		if (i % 256 == 64)
			cache_charge(w->cache, -(ssize_t)(OWN / 6));
		if (i % 16 == 0)
			cache_discard(w->cache, cache_alloc(w->cache, size));
	}
}

START_TEST(threads_see_whole_entries_that_are_moved)
{
	struct worker workers[THREADS] = { 0 };
	struct cache_hint hints[OFFSETS] = { { NULL } };
	struct cache *c = cache_new_own(OWN);
	unsigned i;

	for (i = 0; i < THREADS; i++) {
		workers[i].cache = c;
		workers[i].hints = hints;
		workers[i].seed = i + 1;
		ck_ok(thread_start(&workers[i].thread, "worker", 0, work_own,
				   &workers[i]));
	}
	for (i = 0; i < THREADS; i++)
		thread_join(&workers[i].thread);
	for (i = 0; i < THREADS; i++) {
		ck_assert_uint_eq(workers[i].wrong, 0);
		ck_assert_uint_gt(workers[i].hits, workers[i].hinted);
		ck_assert_uint_gt(workers[i].hinted, 0);
	}
	ck_assert_uint_le(cache_bytes(c), OWN);
	cache_free(c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cache");
	TCase *tc = suite_case(s, "entries");

	tcase_add_loop_test(tc, what_was_put_is_found, 0, 2);
	tcase_add_loop_test(tc, second_put_gives_the_first_entry, 0, 2);
	tcase_add_loop_test(tc, table_grows, 0, 2);
	tcase_add_loop_test(tc, counters_count, 0, 2);
	tcase_add_loop_test(
		tc, hint_leads_to_its_entry_as_long_as_that_is_there, 0, 2);
	tcase_add_loop_test(tc, threads_see_whole_entries, 0, 2);

	tc = suite_case(s, "budget");
	tcase_add_loop_test(tc, files_are_forgotten_but_what_is_held, 0, 2);
	tcase_add_loop_test(tc, budget_is_kept, 0, 2);
	tcase_add_loop_test(tc, budget_may_change, 0, 2);
	tcase_add_loop_test(tc, held_entries_survive, 0, 2);
	tcase_add_loop_test(tc, more_held_than_the_budget, 0, 2);
	tcase_add_loop_test(tc, what_no_longer_fits_goes_when_it_is_released, 0,
			    2);
	tcase_add_loop_test(tc, room_is_what_nobody_goes_for, 0, 2);
	tcase_add_loop_test(tc, used_entries_outlive_others, 0, 2);
	tcase_add_loop_test(tc, budget_of_nothing_keeps_nothing, 0, 2);
	tcase_add_loop_test(tc, entry_larger_than_all_is_given_and_not_kept, 0,
			    2);
	tcase_add_loop_test(tc, entry_of_most_of_the_budget_is_kept, 0, 2);
	tcase_add_loop_test(tc, budget_is_kept_with_mixed_sizes, 0, 2);
	tcase_add_loop_test(tc, small_entries_give_way_to_large_ones, 0, 2);
	tcase_add_test(tc, count_is_what_the_heap_says);
	tcase_add_loop_test(tc, charges_make_it_smaller, 0, 2);
	tcase_add_loop_test(tc, scan_does_not_wipe_out, 0, 2);

	tc = suite_case(s, "own memory");
	tcase_add_test(tc, own_memory_is_used_well);
	tcase_add_test(tc, own_memory_is_given_back_and_entries_stay);
	tcase_add_test(tc, held_entries_are_not_moved);
	tcase_add_test(tc, threads_see_whole_entries_that_are_moved);

	tc = suite_case(s, "loads");
	tcase_add_loop_test(tc, one_loads_for_all, 0, 2);
	tcase_add_loop_test(tc, one_loads_for_all_though_nothing_is_kept, 0, 2);
	tcase_add_loop_test(tc, failed_load_fails_for_all_and_is_forgotten, 0,
			    2);
	tcase_add_loop_test(tc, load_that_comes_second_gives_the_first_entry, 0,
			    2);
	return suite_run(s);
}
