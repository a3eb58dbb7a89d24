/* Histograms against sorted arrays, and under threads. */
#include "tests/suite.h"

#include "engine/base/histogram.h"
#include "engine/base/mem_rand.h"
#include "engine/base/thread.h"

#define VALUES  5000
#define THREADS 4
#define ROUNDS  20000

static struct histogram h;
static uint64_t values[VALUES];

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void begin(void)
{
	memset(&h, 0, sizeof(h));
}

/* The exact answer: the smallest value that so many are not above. */
static uint64_t sorted_permille(size_t count, unsigned permille)
{
	size_t rank = (count * permille + 999) / 1000;

	return values[rank ? rank - 1 : 0];
}

static void check_all_permilles(size_t count)
{
	unsigned p;

	qsort(values, count, sizeof(values[0]), by_size);
	for (p = 0; p <= 1000; p++) {
		uint64_t exact = sorted_permille(count, p);
		uint64_t told = histogram_permille(&h, p);

		ck_assert_uint_ge(told, exact);
		ck_assert_uint_le(told - exact, exact / 16);
	}
	ck_assert_uint_eq(histogram_permille(&h, 1000), values[count - 1]);
	ck_assert_uint_eq(histogram_count(&h), count);
}

START_TEST(empty)
{
	ck_assert_uint_eq(histogram_count(&h), 0);
	ck_assert_uint_eq(histogram_permille(&h, 0), 0);
	ck_assert_uint_eq(histogram_permille(&h, 500), 0);
	ck_assert_uint_eq(histogram_permille(&h, 1000), 0);
}
END_TEST

START_TEST(one_value_is_told_exactly)
{
	uint64_t value = (uint64_t)1 << _i;

	histogram_add(&h, value + 1);
	ck_assert_uint_eq(histogram_count(&h), 1);
	ck_assert_uint_eq(histogram_permille(&h, 0), value + 1);
	ck_assert_uint_eq(histogram_permille(&h, 1000), value + 1);
	ck_assert_uint_eq(h.sum, value + 1);
	ck_assert_uint_eq(h.max, value + 1);
}
END_TEST

/* Every bucket begins right behind the one before, also at powers of two. */
START_TEST(neighbours_do_not_mix)
{
	uint64_t at = (uint64_t)1 << _i;

	histogram_add(&h, at - 1);
	histogram_add(&h, at - 1);
	histogram_add(&h, at);
	ck_assert_uint_eq(histogram_permille(&h, 500), at - 1);
	ck_assert_uint_eq(histogram_permille(&h, 1000), at);
}
END_TEST

/* Numbers of every size: the number of bits is drawn first. */
START_TEST(percentiles_are_those_of_sorting)
{
	struct mem_rand rand = { .state = (uint64_t)_i };
	size_t count = 1 + (size_t)mem_rand_below(&rand, VALUES), i;
	uint64_t sum = 0;

	for (i = 0; i < count; i++) {
		values[i] = mem_rand_u64(&rand) >>
			    (64 - 41 + mem_rand_below(&rand, 41));
		histogram_add(&h, values[i]);
		sum += values[i];
	}
	check_all_permilles(count);
	ck_assert_uint_eq(h.sum, sum);
}
END_TEST

/* What is beyond the last bucket is not lost: the maximum speaks for it. */
START_TEST(huge_values)
{
	histogram_add(&h, 5);
	histogram_add(&h, UINT64_MAX / 2);
	histogram_add(&h, (uint64_t)1 << HISTOGRAM_VALUE_BITS);
	ck_assert_uint_eq(histogram_count(&h), 3);
	ck_assert_uint_eq(histogram_permille(&h, 333), 5);
	ck_assert_uint_eq(histogram_permille(&h, 1000), UINT64_MAX / 2);
	ck_assert_uint_eq(h.max, UINT64_MAX / 2);
}
END_TEST

START_TEST(a_merge_is_as_if_all_went_to_one)
{
	struct mem_rand rand = { .state = 7 };
	static struct histogram half;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < VALUES; i++) {
		/* The largest comes first, and by the merge. */
		values[i] = i ? mem_rand_u64(&rand) >> 30 : 1ull << 40;
		histogram_add(i % 3 ? &h : &half, values[i]);
		sum += values[i];
	}
	histogram_merge(&h, &half);
	check_all_permilles(VALUES);
	ck_assert_uint_eq(h.sum, sum);
	ck_assert_uint_eq(h.max, 1ull << 40);
}
END_TEST

static void add_many(void *arg)
{
	uint64_t from = *(const uint64_t *)arg, i;

	for (i = 0; i < ROUNDS; i++)
		histogram_add(&h, from + i);
}

START_TEST(threads_lose_nothing)
{
	struct thread threads[THREADS];
	uint64_t from[THREADS], sum = 0, i;

	for (i = 0; i < THREADS; i++) {
		from[i] = i * ROUNDS;
		ck_ok(thread_start(&threads[i], "adder", 0, add_many,
				   &from[i]));
	}
	/* Beside them: what it says is of no interest, that it may is. */
	for (i = 0; i < 100; i++)
		ck_assert_uint_le(histogram_count(&h), THREADS * ROUNDS);
	for (i = 0; i < THREADS; i++)
		thread_join(&threads[i]);

	for (i = 0; i < THREADS * ROUNDS; i++)
		sum += i;
	ck_assert_uint_eq(histogram_count(&h), THREADS * ROUNDS);
	ck_assert_uint_eq(h.sum, sum);
	ck_assert_uint_eq(h.max, THREADS * ROUNDS - 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("histogram");
	TCase *tc = suite_case(s, "histogram");

	tcase_add_checked_fixture(tc, begin, NULL);
	tcase_add_test(tc, empty);
	tcase_add_loop_test(tc, one_value_is_told_exactly, 0, 42);
	tcase_add_loop_test(tc, neighbours_do_not_mix, 1, 42);
	tcase_add_loop_test(tc, percentiles_are_those_of_sorting, 0, 20);
	tcase_add_test(tc, huge_values);
	tcase_add_test(tc, a_merge_is_as_if_all_went_to_one);
	tcase_add_test(tc, threads_lose_nothing);
	return suite_run(s);
}
