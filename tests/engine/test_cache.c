/* The cache: its budget, what is held, and many threads at once. */
#include "tests/suite.h"

#include <stdatomic.h>

#include "engine/base/mem_rand.h"
#include "engine/base/thread.h"
#include "engine/cache.h"

#define BUDGET  (256 * KIB)
#define ENTRY   ((size_t)1 << 10) /* bytes */
#define THREADS 4
#define ROUNDS  20000

/* Bytes that say which entry they belong to. */
static void *bytes_of(uint64_t file, uint64_t offset, size_t size)
{
	uint8_t *bytes = malloc(size + !size);

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
	struct cache_entry *e = cache_put(c, file, offset,
					  bytes_of(file, offset, ENTRY), ENTRY);

	ck_assert_ptr_nonnull(e);
	ck_assert(holds(e, file, offset, ENTRY));
	return e;
}

static bool has(struct cache *c, uint64_t file, uint64_t offset)
{
	struct cache_entry *e = cache_get(c, file, offset);

	if (e && !holds(e, file, offset, ENTRY))
		ck_abort_msg("entry %u: wrong bytes", (unsigned)offset);
	cache_release(e);
	return e != NULL;
}

START_TEST(what_was_put_is_found)
{
	struct cache *c = cache_new(BUDGET);

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

START_TEST(budget_is_kept)
{
	struct cache *c = cache_new(BUDGET);
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

START_TEST(held_entries_survive)
{
	struct cache_entry *held[20];
	struct cache *c = cache_new(BUDGET);
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
	struct cache *c = cache_new(BUDGET);
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(held); i++)
		held[i] = put(c, 1, i);
	ck_assert_uint_le(cache_bytes(c), BUDGET);
	for (i = 0; i < ARRAY_SIZE(held); i++) {
		ck_assert(holds(held[i], 1, i, ENTRY));
		cache_release(held[i]);
	}
	cache_free(c);
}
END_TEST

START_TEST(used_entries_outlive_others)
{
	struct cache *c = cache_new(BUDGET);
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
	struct cache *c = cache_new(BUDGET);
	struct cache_entry *a = put(c, 1, 1), *b;
	size_t bytes = cache_bytes(c);

	b = cache_put(c, 1, 1, bytes_of(5, 5, 10), 10);
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
	struct cache *c = cache_new(0);
	struct cache_entry *e = put(c, 1, 1);

	ck_assert(!has(c, 1, 1));
	ck_assert_uint_eq(cache_bytes(c), 0);
	ck_assert(holds(e, 1, 1, ENTRY));
	cache_release(e);
	cache_free(c);
}
END_TEST

START_TEST(entry_larger_than_all_is_given_and_not_kept)
{
	struct cache *c = cache_new(BUDGET);
	struct cache_entry *e = cache_put(c, 1, 1, bytes_of(1, 1, 2 * BUDGET),
					  2 * BUDGET);

	ck_assert(holds(e, 1, 1, 2 * BUDGET));
	ck_assert_uint_le(cache_bytes(c), BUDGET);
	cache_release(e);
	ck_assert(!has(c, 1, 1));
	cache_free(c);
}
END_TEST

struct worker {
	struct thread thread;
	struct cache *cache;
	uint64_t seed;
	unsigned wrong; /* entries with the bytes of another */
	unsigned hits;
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
		struct cache_entry *e = cache_get(w->cache, file, offset);

		if (e)
			w->hits++;
		else
			e = cache_put(w->cache, file, offset,
				      bytes_of(file, offset, size), size);
		if (!holds(e, file, offset, size))
			w->wrong++;
		cache_release(e);
	}
}

START_TEST(threads_see_whole_entries)
{
	struct worker workers[THREADS] = { 0 };
	struct cache *c = cache_new(BUDGET / 2);
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

int main(void)
{
	Suite *s = suite_create("cache");
	TCase *tc = suite_case(s, "entries");

	tcase_add_test(tc, what_was_put_is_found);
	tcase_add_test(tc, second_put_gives_the_first_entry);
	tcase_add_test(tc, threads_see_whole_entries);

	tc = suite_case(s, "budget");
	tcase_add_test(tc, budget_is_kept);
	tcase_add_test(tc, held_entries_survive);
	tcase_add_test(tc, more_held_than_the_budget);
	tcase_add_test(tc, used_entries_outlive_others);
	tcase_add_test(tc, budget_of_nothing_keeps_nothing);
	tcase_add_test(tc, entry_larger_than_all_is_given_and_not_kept);
	return suite_run(s);
}
