/*
 * Blocks and the pages made of them: every search against a sorted array, and
 * bytes that make no sense.
 */
#include "tests/engine/entries.h"

#include <stdio.h>

#include "engine/base/coding.h"
#include "engine/block.h"
#include "engine/page.h"

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
	size_t i, size, page;
	struct slice block;
	struct page *p;
	uint8_t *bytes;
	int rc;

	block_builder_init(&b);
	for (i = 0; i < a->count; i++) {
		rc = block_builder_add(&b, &a->at[i]);
		ck_assert_int_eq(rc, i == 0 || !slice_eq(a->at[i].key,
							 a->at[i - 1].key));
	}
	size = block_builder_size(&b);
	page = block_builder_page_size(&b);
	block_builder_finish(&b, &block);
	ck_assert_uint_eq(block.size, size);
	ck_ok(block_expand(block, NULL, &p));
	ck_assert_uint_eq(p->size, page);
	free(p);
	bytes = malloc(block.size);
	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, block.data, block.size);
	block_builder_fini(&b);
	return slice_of(bytes, size);
}

/* A page as a source, so that it can be compared as sources are. */
struct page_source {
	struct source source;
	const struct page *page;
	uint32_t at;
};

static int to(struct source *s, uint32_t at)
{
	struct page_source *p = container_of(s, struct page_source, source);

	p->at = at;
	if (at >= p->page->count)
		return 0;
	page_get(p->page, at, &s->entry);
	return 1;
}

static const struct page *page_of(struct source *s)
{
	return container_of(s, struct page_source, source)->page;
}

static uint32_t place_of(struct source *s)
{
	return container_of(s, struct page_source, source)->at;
}

static int page_first(struct source *s)
{
	return to(s, 0);
}

static int page_last(struct source *s)
{
	return to(s, page_of(s)->count - 1);
}

static int page_to(struct source *s, struct slice key)
{
	return to(s, page_seek(page_of(s), key));
}

static int page_to_before(struct source *s, struct slice key)
{
	return to(s, page_seek(page_of(s), key) - 1);
}

static int page_next(struct source *s)
{
	return to(s, place_of(s) + 1);
}

static int page_prev(struct source *s)
{
	return to(s, place_of(s) - 1);
}

static const struct source_ops page_ops = {
	.first = page_first,
	.last = page_last,
	.seek = page_to,
	.seek_before = page_to_before,
	.next = page_next,
	.prev = page_prev,
};

static void check_find(const struct entries *a, const struct page *page,
		       struct slice key)
{
	size_t i = entries_seek(a, key);
	bool there = i < a->count && slice_eq(a->at[i].key, key);
	struct entry e;

	ck_assert_int_eq(page_find(page, key, ENTRY_SEQ_MAX, &e), there);
	ck_assert(!there || (entry_cmp(&e, &a->at[i]) == 0 &&
			     slice_eq(e.value, a->at[i].value)));
}

/* What is there, and what is a byte longer, or shorter, or quite short. */
static void check_finds(const struct entries *a, const struct page *page)
{
	uint8_t near[1024];
	size_t i, n;

	for (i = 0; i < a->count; i++) {
		n = a->at[i].key.size;
		memcpy(near, a->at[i].key.data, n);
		near[n] = 0;
		check_find(a, page, slice_of(near, n));
		check_find(a, page, slice_of(near, n + 1));
		check_find(a, page, slice_of(near, n - 1));
		check_find(a, page, slice_of(near, n / 2));
		near[0] ^= 1;
		check_find(a, page, slice_of(near, n));
	}
}

/* The same page with hints: none of them leads anywhere yet. */
static struct page *with_hints(struct slice block, const struct page *plain)
{
	struct page *page;
	uint32_t i;

	ck_ok(block_expand_index(block, NULL, &page));
	page_check(page);
	ck_assert_uint_eq(page->count, plain->count);
	ck_assert_uint_eq(page->size,
			  plain->size + page_hints_size(plain->count));
	for (i = 0; i < page->count; i++) {
		ck_assert_ptr_null(cache_hint_try(page_hint(page, i), 1, 2));
		/* It is the caller's memory, and of no use to a search. */
		memset(page_hint(page, i), 0xff, sizeof(struct cache_hint));
	}
	page_check(page);
	return page;
}

/* Sorts and ends @a. */
static void check(struct entries *a)
{
	struct page_source s = { .source.ops = &page_ops };
	struct slice block;
	struct page *page;

	entries_sort(a);
	block = build(a);
	ck_ok(block_expand(block, NULL, &page));
	page_check(page);
	s.page = page;
	entries_check_walks(a, &s.source);
	entries_check_seeks(a, &s.source);
	entries_check_turns(a, &s.source, 5000);
	check_finds(a, page);
	s.page = with_hints(block, page);
	entries_check_walks(a, &s.source);
	entries_check_seeks(a, &s.source);
	check_finds(a, s.page);
	free((void *)s.page);
	free(page);
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

START_TEST(any_sequence_number)
{
	static const uint64_t seqs[] = { 0,    ENTRY_SEQ_MAX,
					 1,    ENTRY_SEQ_MAX - 1,
					 1000, 0,
					 0,    (uint64_t)1 << 55 };
	struct entries a = { 0 };
	char key[TEXT_MAX];
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(seqs); i++) {
		snprintf(key, sizeof(key), "key%u", i);
		add(&a, key, seqs[i], i % 3);
	}
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
	struct slice block;
	struct page *page;
	struct entry e;
	size_t i, half;

	add_numbered(&a, "key", 60);
	entries_sort(&a);
	half = a.count / 2;
	block_builder_init(&b);
	for (i = 0; i < half; i++)
		ck_assert_int_eq(block_builder_add(&b, &a.at[i]), 1);
	block_builder_finish(&b, &block);
	block_builder_reset(&b);
	for (i = half; i < a.count; i++)
		ck_assert_int_eq(block_builder_add(&b, &a.at[i]), 1);
	block_builder_finish(&b, &block);

	ck_ok(block_expand(block, NULL, &page));
	ck_assert_uint_eq(page->count, a.count - half);
	for (i = half; i < a.count; i++) {
		page_get(page, (uint32_t)(i - half), &e);
		ck_assert_int_eq(entry_cmp(&e, &a.at[i]), 0);
		ck_assert(slice_eq(e.value, a.at[i].value));
	}
	free(page);
	block_builder_fini(&b);
	entries_fini(&a);
}
END_TEST

/*
 * Expands a copy of @block in memory that ends where it ends: either it makes
 * no sense, or what comes out is a page that can be searched.
 */
static bool survives(struct slice block, const struct entries *a)
{
	void *copy = malloc(block.size + !block.size);
	struct page *page;
	size_t i;
	int rc;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, block.data, block.size);
	rc = block_expand(slice_of(copy, block.size), NULL, &page);
	free(copy);
	if (rc < 0) {
		ck_assert_int_eq(rc, -EUCLEAN);
		return false;
	}
	page_check(page);
	for (i = 0; i < a->count; i++)
		ck_assert_uint_le(page_seek(page, a->at[i].key), page->count);
	free(page);
	return true;
}

/* Short and long keys, some that share nothing, versions, and no values. */
static void add_various(struct entries *a)
{
	char key[200];

	memset(key, 'l', sizeof(key));
	add_numbered(a, "key", 20);
	add_numbered(a, "", 5);
	entries_add(a, slice_of(key, sizeof(key)), entry_tag(3, ENTRY_PUT),
		    slice_of(key, 150));
	entries_add(a, slice_of(key, sizeof(key) - 1), entry_tag(3, ENTRY_PUT),
		    slice_of(key, 0));
	add(a, "key00003", 900, ENTRY_PUT);
	add(a, "key00003", 901, ENTRY_DELETE);
	entries_sort(a);
}

START_TEST(each_byte_may_have_any_value)
{
	size_t i, passed = 0, refused = 0;
	struct entries a = { 0 };
	struct slice block;
	uint8_t *bytes;
	unsigned flip;

	add_various(&a);
	block = build(&a);
	bytes = (uint8_t *)block.data;
	for (i = 0; i < block.size; i++) {
		for (flip = 1; flip < 256; flip++) {
			bytes[i] ^= (uint8_t)flip;
			if (survives(block, &a))
				passed++;
			else
				refused++;
			bytes[i] ^= (uint8_t)flip;
		}
	}
	/* Values and tags may be anything; lengths and order may not. */
	ck_assert_uint_gt(passed, 0);
	ck_assert_uint_gt(refused, 0);
	free(bytes);
	entries_fini(&a);
}
END_TEST

START_TEST(each_other_length_is_refused)
{
	struct entries a = { 0 };
	struct slice block;
	uint8_t *longer;
	size_t size;

	add_various(&a);
	block = build(&a);
	longer = calloc(1, block.size + 20);
	ck_assert_ptr_nonnull(longer);
	memcpy(longer, block.data, block.size);
	for (size = 0; size < block.size + 20; size++)
		ck_assert(survives(slice_of(longer, size), &a) ==
			  (size == block.size));
	free(longer);
	free((void *)block.data);
	entries_fini(&a);
}
END_TEST

START_TEST(nothing_is_no_block)
{
	static const uint8_t zeros[16];
	struct page *page;

	ck_assert_int_eq(block_expand(slice_of(zeros, 8), NULL, &page),
			 -EUCLEAN);
	ck_assert_int_eq(block_expand(slice_of(zeros, 16), NULL, &page),
			 -EUCLEAN);
}
END_TEST

START_TEST(garbage_is_survived)
{
	struct mem_rand rand = { .state = 5 };
	size_t round, i, at, passed = 0;
	struct entries a = { 0 };
	struct slice block;
	uint8_t *bytes;

	add_various(&a);
	block = build(&a);
	bytes = malloc(block.size);
	ck_assert_ptr_nonnull(bytes);
	for (round = 0; round < 20000; round++) {
		memcpy(bytes, block.data, block.size);
		/* All of it now and then, else some bytes here and there. */
		if (round % 10 == 0)
			mem_rand_fill(&rand, bytes + 8 * (round % 20 == 0),
				      block.size - 8);
		for (i = 0; i < 1 + round % 4; i++) {
			at = mem_rand_below(&rand, block.size);
			bytes[at] = (uint8_t)mem_rand_u64(&rand);
		}
		passed += survives(slice_of(bytes, block.size), &a);
	}
	ck_assert_uint_gt(passed, 0);
	free(bytes);
	free((void *)block.data);
	entries_fini(&a);
}
END_TEST

/*
 * One entry behind the entry "bb" of sequence number 2, a put.  @tag is as it
 * is in a block: the difference of the sequence numbers, and the kind.
 */
static int expand_behind(uint64_t shared, const char *suffix, uint64_t tag,
			 uint32_t bytes)
{
	struct buf b = BUF_INIT;
	struct page *page;
	int rc;

	ck_ok(buf_reserve(&b, 200));
	buf_put_le32(&b, 2);
	buf_put_le32(&b, bytes);
	buf_put(&b,
		"\0\2\0\x21"
		"bb",
		6);
	buf_put_varint(&b, shared);
	buf_put_varint(&b, strlen(suffix));
	buf_put_varint(&b, 0);
	buf_put_varint(&b, tag);
	buf_put(&b, suffix, strlen(suffix));
	rc = block_expand(buf_slice(&b), NULL, &page);
	buf_fini(&b);
	if (rc == 0) {
		page_check(page);
		free(page);
	}
	return rc;
}

/* A put, so much newer than "bb", or so much older. */
#define NEWER(n) (uint64_t)(2 * (n) << 3 | ENTRY_PUT)
#define OLDER(n) (uint64_t)((2 * (n)-1) << 3 | ENTRY_PUT)

START_TEST(only_what_is_in_order_passes)
{
	ck_ok(expand_behind(1, "c", NEWER(0), 4));
	ck_ok(expand_behind(1, "c", NEWER(1000), 4));
	ck_ok(expand_behind(1, "c", OLDER(2), 4));
	ck_ok(expand_behind(2, "a", NEWER(0), 5));
	ck_ok(expand_behind(0, "c", NEWER(0), 3));
	ck_ok(expand_behind(2, "", OLDER(1), 4));

	/* Keys that fall, or share more than they say. */
	ck_assert_int_eq(expand_behind(1, "a", NEWER(0), 4), -EUCLEAN);
	ck_assert_int_eq(expand_behind(0, "a", NEWER(0), 3), -EUCLEAN);
	ck_assert_int_eq(expand_behind(1, "", NEWER(0), 3), -EUCLEAN);
	ck_assert_int_eq(expand_behind(1, "bb", NEWER(0), 5), -EUCLEAN);
	/* More than there is to share. */
	ck_assert_int_eq(expand_behind(3, "c", NEWER(0), 6), -EUCLEAN);
	ck_assert_int_eq(expand_behind(UINT64_MAX, "c", NEWER(0), 4), -EUCLEAN);
	/* Versions of one key that do not fall. */
	ck_assert_int_eq(expand_behind(2, "", NEWER(0), 4), -EUCLEAN);
	ck_assert_int_eq(expand_behind(2, "", NEWER(1), 4), -EUCLEAN);
	/* Sequence numbers that there are not, and a kind that is none. */
	ck_assert_int_eq(expand_behind(1, "c", OLDER(3), 4), -EUCLEAN);
	ck_assert_int_eq(expand_behind(1, "c", UINT64_MAX - 6, 4), -EUCLEAN);
	ck_assert_int_eq(expand_behind(1, "c", NEWER(0) | 7, 4), -EUCLEAN);
	/* Fewer bytes than announced, or more. */
	ck_assert_int_eq(expand_behind(1, "c", NEWER(0), 5), -EUCLEAN);
	ck_assert_int_eq(expand_behind(1, "c", NEWER(0), 3), -EUCLEAN);
	ck_assert_int_eq(expand_behind(1, "c", NEWER(0), UINT32_MAX), -EUCLEAN);
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
	tcase_add_test(tc, any_sequence_number);
	tcase_add_test(tc, versions_of_one_key);
	tcase_add_test(tc, zeros_and_random_bytes);
	tcase_add_test(tc, builder_is_reused);

	tc = suite_case(s, "nonsense");
	tcase_add_test(tc, each_byte_may_have_any_value);
	tcase_add_test(tc, each_other_length_is_refused);
	tcase_add_test(tc, nothing_is_no_block);
	tcase_add_test(tc, garbage_is_survived);
	tcase_add_test(tc, only_what_is_in_order_passes);
	return suite_run(s);
}
