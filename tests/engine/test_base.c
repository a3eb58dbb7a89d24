/* Bytes, numbers and hashes: engine/base without env. */
#include "tests/suite.h"

#include "engine/base/arena.h"
#include "engine/base/coding.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/numbers.h"

START_TEST(varints_of_every_length_come_back)
{
	uint8_t bytes[VARINT_SIZE_MAX];
	int bit;

	for (bit = 0; bit < 64; bit++) {
		uint64_t v = (uint64_t)1 << bit, back;
		uint8_t *end = put_varint(bytes, v);

		ck_assert_int_eq(end - bytes, bit / 7 + 1);
		ck_assert_ptr_eq(get_varint(bytes, end, &back), end);
		ck_assert_uint_eq(back, v);
		ck_assert_ptr_null(get_varint(bytes, end - 1, &back));
	}
}
END_TEST

START_TEST(varints_over_64_bits_are_refused)
{
	uint8_t bytes[11];
	uint64_t v;

	memset(bytes, 0xff, sizeof(bytes));
	ck_assert_ptr_null(get_varint(bytes, bytes + sizeof(bytes), &v));
	bytes[9] = 2;
	ck_assert_ptr_null(get_varint(bytes, bytes + sizeof(bytes), &v));
	bytes[9] = 1;
	ck_assert_ptr_eq(get_varint(bytes, bytes + 11, &v), bytes + 10);
	ck_assert_uint_eq(v, UINT64_MAX);
}
END_TEST

START_TEST(decoder_stops_at_the_end)
{
	const uint8_t bytes[] = { 1, 2, 3, 4, 5 };
	struct decoder d = decoder_of(slice_of(bytes, sizeof(bytes)));

	ck_assert_uint_eq(decoder_le32(&d), 0x04030201);
	ck_assert(decoder_ok(&d));
	ck_assert(!decoder_done(&d));
	ck_assert_uint_eq(decoder_le32(&d), 0);
	ck_assert(!decoder_ok(&d));
	/* Once bad, always bad, although one byte would still fit. */
	ck_assert_uint_eq(decoder_u8(&d), 0);
	ck_assert(!decoder_done(&d));
}
END_TEST

START_TEST(big_endian_sorts_as_numbers)
{
	uint8_t a[8], b[8];

	put_be64(a, 255);
	put_be64(b, 256);
	ck_assert_int_lt(memcmp(a, b, 8), 0);
	ck_assert_uint_eq(get_be64(b), 256);
}
END_TEST

START_TEST(slices_compare_as_unsigned_bytes)
{
	ck_assert_int_lt(slice_cmp(slice_str("a"), slice_str("ab")), 0);
	ck_assert_int_gt(slice_cmp(slice_str("\xff"), slice_str("a")), 0);
	ck_assert_int_eq(slice_cmp(slice_str(""), slice_of(NULL, 0)), 0);
	ck_assert(slice_has_prefix(slice_str("abc"), slice_str("ab")));
	ck_assert(!slice_has_prefix(slice_str("a"), slice_str("ab")));
	ck_assert_uint_eq(slice_common(slice_str("abx"), slice_str("aby")), 2);
}
END_TEST

START_TEST(buf_grows_and_keeps_its_bytes)
{
	struct buf b = BUF_INIT;
	int i;

	for (i = 0; i < 1000; i++)
		ck_ok(buf_append(&b, &i, sizeof(i)));
	ck_assert_uint_eq(b.size, 1000 * sizeof(i));
	memcpy(&i, b.data + 999 * sizeof(i), sizeof(i));
	ck_assert_int_eq(i, 999);
	ck_assert_int_eq(buf_reserve(&b, SIZE_MAX - 10), -ENOMEM);
	ck_assert_uint_eq(b.size, 1000 * sizeof(i));
	ck_ok(buf_assign(&b, slice_str("short")));
	ck_assert(slice_eq(buf_slice(&b), slice_str("short")));
	buf_fini(&b);
}
END_TEST

/* The values are part of the format on disk. */
START_TEST(checksums_are_xxh3)
{
	uint8_t bytes[3000];
	size_t i;

	ck_assert_uint_eq(checksum(0, "", 0), 0x2d06800538d394c2u);
	ck_assert_uint_eq(checksum2(7, slice_str("ab"), slice_str("c")),
			  checksum(7, "abc", 3));
	ck_assert_uint_ne(checksum(7, "abc", 3), checksum(8, "abc", 3));

	/* Short and long ones come from different code of the library. */
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 31);
	for (i = 0; i < sizeof(bytes); i++)
		ck_assert_uint_eq(checksum2(i, slice_of(bytes, i / 2),
					    slice_of(bytes + i / 2, i - i / 2)),
				  checksum(i, bytes, i));
}
END_TEST

START_TEST(error_text_belongs_to_its_code)
{
	ck_assert_int_eq(error_set(-EUCLEAN, "%s: %d", "file", 7), -EUCLEAN);
	ck_assert_str_eq(error_text(-EUCLEAN), "file: 7");
	ck_assert_str_eq(error_text(-ENOSPC), strerror(ENOSPC));
}
END_TEST

START_TEST(error_words_survive_a_clean_up)
{
	struct error_words words;

	error_set(-EBADMSG, "what counts");
	error_take(&words);
	error_set(-EROFS, "what came later");
	error_put_back(&words);
	ck_assert_str_eq(error_text(-EBADMSG), "what counts");
}
END_TEST

/* Takes @huge mapped chunks, and all that comes before them. */
static void fill_arena(struct arena *a, size_t huge)
{
	size_t bytes = ARENA_HUGE_FROM + huge * ARENA_HUGE_SIZE;
	uint64_t *p;

	while (a->bytes < bytes) {
		p = arena_alloc(a, 1000);
		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % 8, 0);
		memset(p, 0xab, 1000);
	}
	/* And a header for each chunk that came before. */
	ck_assert_uint_lt(a->bytes, bytes + 1000);
}

START_TEST(chunks_go_to_the_next_arena)
{
	struct arena_spare spare;
	struct arena a, b;
	struct arena_chunk *mapped;

	arena_spare_init(&spare);
	arena_spare_expect(&spare, 3 * ARENA_HUGE_SIZE);
	arena_init(&a, &spare);
	fill_arena(&a, 3);
	mapped = a.chunks;
	ck_assert_uint_eq(spare.wanted, 0);

	/* The next one has taken one of three, when the first is given up. */
	arena_spare_expect(&spare, 3 * ARENA_HUGE_SIZE);
	arena_init(&b, &spare);
	fill_arena(&b, 1);
	arena_fini(&a);
	ck_assert_uint_eq(spare.count, 2);
	fill_arena(&b, 2);
	ck_assert_uint_eq(spare.count, 1);
	ck_assert(b.chunks == mapped || spare.chunks == mapped);

	/* It ends early, and no other is expected to be that large. */
	arena_fini(&b);
	ck_assert_uint_eq(spare.count, 1);
	arena_spare_expect(&spare, ARENA_HUGE_SIZE - 1);
	ck_assert_uint_eq(spare.count, 0);
	arena_spare_fini(&spare);
}
END_TEST

START_TEST(arenas_are_of_their_own_without_a_spare)
{
	struct arena a;

	arena_init(&a, NULL);
	fill_arena(&a, 2);
	arena_fini(&a);
}
END_TEST

/* Neighbours, far ones, and what shares a page or a place of the table. */
START_TEST(numbers_are_each_new_once)
{
	struct numbers set = { 0 };
	uint64_t i, n;
	int again;

	ck_assert(!numbers_has(&set, 0));
	for (again = 0; again < 2; again++)
		for (i = 0; i < 10000; i++) {
			n = i % 3 == 0   ? i
			    : i % 3 == 1 ? i << 32 | i
					 : UINT64_MAX - i * NUMBERS_PAGE;
			ck_assert(numbers_has(&set, n) == again);
			ck_assert_int_eq(numbers_add(&set, n), !again);
			ck_assert(numbers_has(&set, n));
		}
	for (i = 1; i < 10000; i += 3)
		ck_assert(!numbers_has(&set, i));
	numbers_fini(&set);
	ck_assert(!numbers_has(&set, 0));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base");
	TCase *tc = suite_case(s, "bytes");

	tcase_add_test(tc, varints_of_every_length_come_back);
	tcase_add_test(tc, varints_over_64_bits_are_refused);
	tcase_add_test(tc, decoder_stops_at_the_end);
	tcase_add_test(tc, big_endian_sorts_as_numbers);
	tcase_add_test(tc, slices_compare_as_unsigned_bytes);
	tcase_add_test(tc, buf_grows_and_keeps_its_bytes);
	tcase_add_test(tc, chunks_go_to_the_next_arena);
	tcase_add_test(tc, arenas_are_of_their_own_without_a_spare);
	tcase_add_test(tc, checksums_are_xxh3);
	tcase_add_test(tc, error_text_belongs_to_its_code);
	tcase_add_test(tc, error_words_survive_a_clean_up);
	tcase_add_test(tc, numbers_are_each_new_once);
	return suite_run(s);
}
