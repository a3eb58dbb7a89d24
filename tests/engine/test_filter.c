/* The filter: never wrong about what is there, seldom about what is not. */
#include "tests/suite.h"

#include "engine/filter.h"

#define PROBES 100000

static uint64_t hash_of(uint64_t number)
{
	return filter_hash(slice_of(&number, sizeof(number)));
}

/* The filter of the numbers below @count. */
static void build(struct buf *out, size_t count)
{
	uint64_t *hashes = malloc((count + 1) * sizeof(*hashes));
	size_t i;

	ck_assert_ptr_nonnull(hashes);
	for (i = 0; i < count; i++)
		hashes[i] = hash_of(i);
	ck_ok(filter_build(out, hashes, count));
	free(hashes);
}

static const size_t counts[] = { 1, 2, 51, 52, 1000, 50000 };

START_TEST(size_follows_the_keys)
{
	struct buf filter = BUF_INIT;

	build(&filter, counts[_i]);
	ck_assert_uint_gt(filter.size, 0);
	ck_assert_uint_eq(filter.size % FILTER_LINE_SIZE, 0);
	ck_assert_uint_ge(filter.size * 8, counts[_i] * FILTER_BITS_PER_KEY);
	ck_assert_uint_le(filter.size * 8,
			  counts[_i] * FILTER_BITS_PER_KEY +
				  (size_t)2 * FILTER_LINE_SIZE * 8);
	buf_fini(&filter);
}
END_TEST

START_TEST(nothing_that_is_there_is_denied)
{
	struct buf filter = BUF_INIT;
	size_t i, denied = 0;

	build(&filter, counts[_i]);
	for (i = 0; i < counts[_i]; i++)
		denied += !filter_may_contain(buf_slice(&filter), hash_of(i));
	ck_assert_uint_eq(denied, 0);
	buf_fini(&filter);
}
END_TEST

START_TEST(few_absent_keys_pass)
{
	struct buf filter = BUF_INIT;
	size_t i, passed = 0;

	build(&filter, counts[_i]);
	for (i = 0; i < PROBES; i++)
		passed += filter_may_contain(buf_slice(&filter),
					     hash_of((uint64_t)1 << 40 | i));
	ck_assert_msg(passed < PROBES / 50, "%zu of %d pass", passed, PROBES);
	buf_fini(&filter);
}
END_TEST

START_TEST(filter_of_nothing_denies_all)
{
	struct buf filter = BUF_INIT;
	size_t i;

	ck_ok(filter_build(&filter, NULL, 0));
	ck_assert_uint_eq(filter.size, FILTER_LINE_SIZE);
	for (i = 0; i < 100; i++)
		ck_assert(!filter_may_contain(buf_slice(&filter), hash_of(i)));
	buf_fini(&filter);
}
END_TEST

/* Which bits a hash sets is part of the format: see filter.h. */
START_TEST(bits_are_those_of_the_format)
{
	const uint64_t h = 0x0123456789abcdefu;
	struct buf filter = BUF_INIT;
	uint8_t want[FILTER_LINE_SIZE] = { 0 };
	uint64_t a = h, d = h >> 9 | 1;
	unsigned i;

	for (i = 0; i < FILTER_PROBES; i++, a += d)
		want[a % 512 / 8] |= (uint8_t)(1 << a % 8);
	ck_ok(filter_build(&filter, &h, 1));
	ck_assert_uint_eq(filter.size, sizeof(want));
	ck_assert_mem_eq(filter.data, want, sizeof(want));
	ck_assert_uint_eq(filter_hash(slice_str("")), 0x2d06800538d394c2u);
	buf_fini(&filter);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("filter");
	TCase *tc = suite_case(s, "bits");

	tcase_add_loop_test(tc, size_follows_the_keys, 0, ARRAY_SIZE(counts));
	tcase_add_loop_test(tc, nothing_that_is_there_is_denied, 0,
			    ARRAY_SIZE(counts));
	tcase_add_loop_test(tc, few_absent_keys_pass, 0, ARRAY_SIZE(counts));
	tcase_add_test(tc, filter_of_nothing_denies_all);
	tcase_add_test(tc, bits_are_those_of_the_format);
	return suite_run(s);
}
