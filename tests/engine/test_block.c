/* Blocks: every move against a sorted array, and bytes that make no sense. */
#include "tests/engine/entries.h"

#include <stdio.h>

#include "engine/block.h"

#define TEXT_MAX 64 /* bytes of a key made here */

static void add(struct entries *a, const char *key, uint64_t seq,
		enum entry_kind kind)
{
	char value[32];
	int n = snprintf(value, sizeof(value), "value %u", (unsigned)seq);

	entries_add(a, slice_str(key), entry_tag(seq, kind),
		    slice_of(value, kind == ENTRY_DELETE ? 0 : (size_t)n));
}

static void add_numbered(struct entries *a, const char *prefix, unsigned count)
{
	char key[TEXT_MAX];
	unsigned i;

	for (i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "%s%05u", prefix, i * 3);
		add(a, key, i + 1, i % 5 ? ENTRY_PUT : ENTRY_DELETE);
	}
}

/* A block of the entries, in memory that ends where it ends. */
static struct slice build(const struct entries *a)
{
	struct block_builder b;
	struct slice block;
	uint8_t *bytes;
	size_t i, size;

	block_builder_init(&b);
	for (i = 0; i < a->count; i++)
		ck_ok(block_builder_add(&b, &a->at[i]));
	size = block_builder_size(&b);
	ck_ok(block_builder_finish(&b, &block));
	ck_assert_uint_eq(block.size, size);
	bytes = malloc(block.size);
	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, block.data, block.size);
	block_builder_fini(&b);
	return slice_of(bytes, size);
}

/* Sorts and ends @a. */
static void check(struct entries *a)
{
	struct block_iter it;
	struct slice block;

	entries_sort(a);
	block = build(a);
	block_iter_init(&it);
	ck_ok(block_iter_set(&it, block));
	entries_check_walks(a, &it.source);
	entries_check_seeks(a, &it.source);
	entries_check_turns(a, &it.source, 5000);
	source_close(&it.source);
	block_iter_fini(&it);
	free((void *)block.data);
	entries_fini(a);
}

START_TEST(any_number_of_entries)
{
	static const unsigned counts[] = { 1, 2, 15, 16, 17, 31, 32, 33, 200 };
	struct entries a = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		add_numbered(&a, "", counts[i]);
		check(&a);
	}
}
END_TEST

START_TEST(shared_prefixes)
{
	struct entries a = { 0 };

	add_numbered(&a, "a/long/prefix/that/all/share/", 100);
	check(&a);
	add_numbered(&a, "a/long/prefix/that/some/share/", 40);
	add_numbered(&a, "a/long/", 40);
	add_numbered(&a, "b", 40);
	check(&a);
}
END_TEST

START_TEST(keys_that_are_prefixes_of_others)
{
	struct entries a = { 0 };
	char key[TEXT_MAX] = { 0 };
	unsigned i;

	for (i = 0; i + 1 < TEXT_MAX; i++) {
		key[i] = 'a';
		add(&a, key, i + 1, ENTRY_PUT);
	}
	check(&a);
}
END_TEST

START_TEST(equal_heads_need_the_key)
{
	struct entries a = { 0 };

	/* One key without the prefix, so that it is part of the heads. */
	add_numbered(&a, "a", 1);
	add_numbered(&a, "the same eight bytes and more ", 100);
	check(&a);
	add_numbered(&a, "the same eight bytes and more ", 100);
	add_numbered(&a, "z", 1);
	check(&a);
}
END_TEST

START_TEST(versions_of_one_key)
{
	struct entries a = { 0 };
	unsigned i;

	for (i = 0; i < 50; i++)
		add(&a, "key", i + 1, i % 3 ? ENTRY_PUT : ENTRY_DELETE);
	check(&a);
	for (i = 0; i < 50; i++)
		add(&a, "key", i + 1, ENTRY_PUT);
	add_numbered(&a, "a", 20);
	add_numbered(&a, "z", 20);
	check(&a);
}
END_TEST

START_TEST(zeros_and_random_bytes)
{
	struct mem_rand rand = { .state = 3 };
	struct entries a = { 0 };
	uint8_t key[300], value[300] = { 0 };
	unsigned round, i;
	size_t n;

	for (i = 1; i <= 40; i++) {
		memset(key, 0, sizeof(key));
		entries_add(&a, slice_of(key, i), entry_tag(i, ENTRY_PUT),
			    slice_of(value, i));
	}
	check(&a);
	for (round = 0; round < 20; round++) {
		for (i = 1; i <= 100; i++) {
			n = 1 + mem_rand_below(&rand, round % 2 ? 300 : 12);
			mem_rand_fill(&rand, key, n);
			/* Few letters, so that much is shared. */
			for (size_t k = 0; round % 4 < 2 && k < n; k++)
				key[k] &= 1;
			entries_add(&a, slice_of(key, n), entry_tag(i, i % 3),
				    slice_of(value, i % 3 ? n : 0));
		}
		check(&a);
	}
}
END_TEST

START_TEST(builder_is_reused)
{
	struct entries a = { 0 };
	struct block_builder b;
	struct block_iter it;
	struct slice block;
	size_t i, half;

	add_numbered(&a, "key", 60);
	entries_sort(&a);
	half = a.count / 2;
	block_builder_init(&b);
	for (i = 0; i < half; i++)
		ck_ok(block_builder_add(&b, &a.at[i]));
	ck_ok(block_builder_finish(&b, &block));
	block_builder_reset(&b);
	for (i = half; i < a.count; i++)
		ck_ok(block_builder_add(&b, &a.at[i]));
	ck_ok(block_builder_finish(&b, &block));

	block_iter_init(&it);
	ck_ok(block_iter_set(&it, block));
	ck_assert_int_eq(source_first(&it.source), 1);
	entries_expect(&a, half, &it.source, 1);
	ck_assert_int_eq(source_last(&it.source), 1);
	entries_expect(&a, a.count - 1, &it.source, 1);
	block_iter_fini(&it);
	block_builder_fini(&b);
	entries_fini(&a);
}
END_TEST

/* Whatever a move says, it is one of three answers, with bytes to read. */
static void check_answer(const struct source *s, int rc, size_t *sum)
{
	const uint8_t *p = s->entry.key.data;
	size_t i;

	if (rc != 0 && rc != 1 && rc != -EUCLEAN)
		ck_abort_msg("a move returned %d", rc);
	if (rc != 1)
		return;
	for (i = 0; i < s->entry.key.size; i++)
		*sum += p[i];
	p = s->entry.value.data;
	for (i = 0; i < s->entry.value.size; i++)
		*sum += p[i];
}

/* Steps on until an end; there cannot be more entries than bytes. */
static void exhaust(struct source *s, int rc, size_t limit,
		    int (*move)(struct source *s), size_t *sum)
{
	size_t steps;

	for (steps = 0; rc == 1; steps++) {
		check_answer(s, rc, sum);
		if (steps > limit)
			ck_abort_msg("more than %zu steps", limit);
		rc = move(s);
	}
	check_answer(s, rc, sum);
}

/* Every move over @block, from some keys of @a. */
static void exercise(struct slice block, const struct entries *a, size_t *sum)
{
	size_t n = block.size, i;
	struct block_iter it;
	struct source *s = &it.source;
	int rc;

	block_iter_init(&it);
	rc = block_iter_set(&it, block);
	if (rc == 0) {
		exhaust(s, source_first(s), n, source_next, sum);
		exhaust(s, source_last(s), n, source_prev, sum);
		for (i = 0; i < a->count; i += 7) {
			struct slice key = a->at[i].key;

			check_answer(s, source_seek(s, key), sum);
			exhaust(s, source_seek_before(s, key), n, source_prev,
				sum);
		}
		exhaust(s, source_seek(s, slice_str("zzz")), n, source_next,
			sum);
	} else {
		ck_assert_int_eq(rc, -EUCLEAN);
	}
	block_iter_fini(&it);
}

START_TEST(each_flipped_bit_is_survived)
{
	struct entries a = { 0 };
	struct slice block;
	size_t i, bit, sum = 0;
	uint8_t *bytes;

	add_numbered(&a, "key", 40);
	entries_sort(&a);
	block = build(&a);
	bytes = (uint8_t *)block.data;
	for (i = 0; i < block.size; i++) {
		for (bit = 0; bit < 8; bit++) {
			bytes[i] ^= (uint8_t)(1 << bit);
			exercise(block, &a, &sum);
			bytes[i] ^= (uint8_t)(1 << bit);
		}
	}
	ck_assert_uint_gt(sum, 0);
	free(bytes);
	entries_fini(&a);
}
END_TEST

START_TEST(each_length_is_survived)
{
	struct entries a = { 0 };
	size_t size, sum = 0;
	struct slice block;

	add_numbered(&a, "key", 40);
	entries_sort(&a);
	block = build(&a);
	for (size = 0; size < block.size; size++) {
		void *copy = malloc(size + !size);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, block.data, size);
		exercise(slice_of(copy, size), &a, &sum);
		/* The end, with its tail, is the harder case. */
		memcpy(copy, (const uint8_t *)block.data + block.size - size,
		       size);
		exercise(slice_of(copy, size), &a, &sum);
		free(copy);
	}
	free((void *)block.data);
	entries_fini(&a);
}
END_TEST

START_TEST(garbage_is_survived)
{
	struct mem_rand rand = { .state = 5 };
	struct entries a = { 0 };
	size_t round, i, at, size, sum = 0;
	struct slice block;
	uint8_t *bytes;

	add_numbered(&a, "key", 40);
	entries_sort(&a);
	block = build(&a);
	bytes = malloc(block.size);
	ck_assert_ptr_nonnull(bytes);
	for (round = 0; round < 5000; round++) {
		memcpy(bytes, block.data, block.size);
		/* All of it now and then, else some bytes here and there. */
		size = block.size - (round % 2 ? 0 : 8);
		if (round % 10 == 0)
			mem_rand_fill(&rand, bytes, size);
		for (i = 0; i < 8; i++) {
			at = mem_rand_below(&rand, size);
			bytes[at] = (uint8_t)mem_rand_u64(&rand);
		}
		exercise(slice_of(bytes, block.size), &a, &sum);
	}
	ck_assert_uint_gt(sum, 0);
	free(bytes);
	free((void *)block.data);
	entries_fini(&a);
}
END_TEST

/* Restart points that all lead to one entry: no way back ends anywhere. */
START_TEST(restarts_that_lead_in_a_circle)
{
	struct entries a = { 0 };
	size_t i, n, offset, sum = 0;
	struct slice block;
	uint8_t *restarts;

	add_numbered(&a, "key", 64);
	entries_sort(&a);
	block = build(&a);
	n = 64 / BLOCK_RESTART_INTERVAL;
	restarts = (uint8_t *)block.data + block.size - 8 - n * 4;
	for (offset = 0; offset < block.size; offset++) {
		for (i = 0; i < n; i++)
			memcpy(restarts + i * 4, &(uint32_t){ offset }, 4);
		exercise(block, &a, &sum);
	}
	ck_assert_uint_gt(sum, 0);
	free((void *)block.data);
	entries_fini(&a);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("block");
	TCase *tc = suite_case(s, "moves");

	tcase_add_test(tc, any_number_of_entries);
	tcase_add_test(tc, shared_prefixes);
	tcase_add_test(tc, keys_that_are_prefixes_of_others);
	tcase_add_test(tc, equal_heads_need_the_key);
	tcase_add_test(tc, versions_of_one_key);
	tcase_add_test(tc, zeros_and_random_bytes);
	tcase_add_test(tc, builder_is_reused);

	tc = suite_case(s, "nonsense");
	tcase_add_test(tc, each_flipped_bit_is_survived);
	tcase_add_test(tc, each_length_is_survived);
	tcase_add_test(tc, garbage_is_survived);
	tcase_add_test(tc, restarts_that_lead_in_a_circle);
	return suite_run(s);
}
