/* Sets of ordinals against arrays of flags; their coding, whole and damaged. */
#include "tests/suite.h"

#include "engine/base/mem_rand.h"
#include "engine/ordinals.h"

#define END 5000

/* What a set should be, in the simplest way. */
struct flags {
	bool at[END];
};

/* Shapes: all, none, the ends, every second, few, dense, runs of any length. */
#define SHAPES 8

static void make(struct flags *f, unsigned shape, uint64_t seed)
{
	struct mem_rand rand = { .state = seed };
	bool on = false;
	size_t i;

	for (i = 0; i < END; i++) {
		switch (shape) {
		case 0:
			on = true;
			break;
		case 1:
			on = false;
			break;
		case 2:
			on = i == 0 || i == END - 1;
			break;
		case 3:
			on = i % 2;
			break;
		case 4:
			on = mem_rand_below(&rand, 100) == 0;
			break;
		case 5:
			on = mem_rand_below(&rand, 100) < 70;
			break;
		case 6:
			if (mem_rand_below(&rand, 70) == 0)
				on = !on;
			break;
		default:
			on = i >= 64 && i < 192;
			break;
		}
		f->at[i] = on;
	}
}

static void fill(struct ordinals *set, const struct flags *f)
{
	size_t i;

	/* From the back, so that order is seen not to matter. */
	for (i = END; i-- > 0;)
		if (f->at[i])
			ck_ok(ordinals_add(set, (uint32_t)i));
}

static void expect(const struct ordinals *set, const struct flags *f)
{
	uint64_t count = 0;
	size_t i;

	for (i = 0; i < END; i++) {
		ck_assert_msg(ordinals_has(set, (uint32_t)i) == f->at[i],
			      "ordinal %zu", i);
		count += f->at[i];
	}
	ck_assert(!ordinals_has(set, END));
	ck_assert(!ordinals_has(set, ORDINALS_MAX - 1));
	ck_assert_uint_eq(ordinals_count(set), count);
}

START_TEST(sets_come_back)
{
	struct ordinals set = { 0 }, back = { 0 };
	struct buf bytes = BUF_INIT;
	struct flags f;

	make(&f, (unsigned)_i, 7);
	fill(&set, &f);
	expect(&set, &f);
	ck_ok(ordinals_encode(&set, &bytes));
	ck_ok(ordinals_decode(&back, buf_slice(&bytes)));
	expect(&back, &f);
	buf_fini(&bytes);
	ordinals_fini(&set);
	ordinals_fini(&back);
}
END_TEST

START_TEST(decoding_forms_the_union)
{
	struct ordinals a = { 0 }, b = { 0 }, both = { 0 };
	struct buf bytes = BUF_INIT;
	struct flags f, g, sum;
	unsigned k;
	size_t i;

	for (k = 0; k < SHAPES; k++) {
		make(&f, (unsigned)_i, 1);
		make(&g, k, 2);
		fill(&a, &f);
		fill(&b, &g);
		buf_reset(&bytes);
		ck_ok(ordinals_encode(&a, &bytes));
		ck_ok(ordinals_decode(&both, buf_slice(&bytes)));
		buf_reset(&bytes);
		ck_ok(ordinals_encode(&b, &bytes));
		ck_ok(ordinals_decode(&both, buf_slice(&bytes)));
		for (i = 0; i < END; i++)
			sum.at[i] = f.at[i] || g.at[i];
		expect(&both, &sum);
		ck_assert(ordinals_within(&a, &both));
		ck_assert(ordinals_within(&b, &both));
		ck_assert(ordinals_within(&both, &a) ==
			  (memcmp(&sum, &f, sizeof(f)) == 0));
		ordinals_fini(&a);
		ordinals_fini(&b);
		ordinals_fini(&both);
	}
	buf_fini(&bytes);
}
END_TEST

/* What the essay promises; a million ordinals in one run are a few bytes. */
START_TEST(the_shorter_coding_is_taken)
{
	static const size_t most[SHAPES] = {
		6, 1, 8, 1 + END / 8, 2 + END / 50, 1 + END / 8, 400, 5
	};
	struct ordinals set = { 0 };
	struct buf bytes = BUF_INIT;
	struct flags f;
	uint32_t i;

	for (i = 0; i < SHAPES; i++) {
		make(&f, i, 3);
		fill(&set, &f);
		buf_reset(&bytes);
		ck_ok(ordinals_encode(&set, &bytes));
		ck_assert_uint_le(bytes.size, most[i]);
		ordinals_fini(&set);
	}
	for (i = 0; i < 1000000; i++)
		ck_ok(ordinals_add(&set, i));
	buf_reset(&bytes);
	ck_ok(ordinals_encode(&set, &bytes));
	ck_assert_uint_le(bytes.size, 8);
	ordinals_fini(&set);
	buf_fini(&bytes);
}
END_TEST

/* Cut or flipped it is another set, or nonsense; never more than it may be. */
START_TEST(damage_is_survived)
{
	struct buf bytes = BUF_INIT;
	struct ordinals set = { 0 };
	struct flags f;
	size_t i;
	int rc;

	make(&f, (unsigned)_i, 4);
	fill(&set, &f);
	ck_ok(ordinals_encode(&set, &bytes));
	ordinals_fini(&set);
	for (i = 0; i < bytes.size * 8; i++) {
		bytes.data[i / 8] ^= (uint8_t)(1 << i % 8);
		rc = ordinals_decode(&set, buf_slice(&bytes));
		ck_assert(rc == 0 || rc == -EUCLEAN);
		ck_assert_uint_le(ordinals_count(&set), ORDINALS_MAX);
		ordinals_fini(&set);
		bytes.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (i = 0; i < bytes.size; i++) {
		uint8_t *cut = malloc(i + 1);

		memcpy(cut, bytes.data, i);
		rc = ordinals_decode(&set, slice_of(cut, i));
		ck_assert(rc == 0 || rc == -EUCLEAN);
		ordinals_fini(&set);
		free(cut);
	}
	buf_fini(&bytes);
}
END_TEST

START_TEST(nonsense_is_refused)
{
	static const struct {
		uint8_t bytes[12];
		size_t size;
	} bad[] = {
		{ { 0 }, 0 },       /* nothing at all */
		{ { 2 }, 1 },       /* no such coding */
		{ { 0, 2, 0 }, 3 }, /* runs that touch */
		{ { 0, 0x80 }, 2 }, /* a varint cut short */
		{ { 0, 1 }, 2 },    /* a length missing */
		{ { 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    1 },
		  12 }, /* a length that wraps */
		{ { 0, 1, 0xff, 0xff, 0xff, 0x1f }, 6 }, /* 2^26 + 1 of them */
		{ { 0, 0x80, 0x80, 0x80, 0x40 }, 5 },    /* the 2^26th */
		{ { 1 }, 1 },                            /* an empty bitmap */
		{ { 1, 1, 0 }, 3 },                      /* a 0 at the end */
	};
	struct ordinals set = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(ordinals_decode(&set, slice_of(bad[i].bytes,
							     bad[i].size)) ==
				      -EUCLEAN,
			      "case %zu", i);
	ordinals_fini(&set);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ordinals");
	TCase *tc = suite_case(s, "sets");

	tcase_add_loop_test(tc, sets_come_back, 0, SHAPES);
	tcase_add_loop_test(tc, decoding_forms_the_union, 0, SHAPES);
	tcase_add_test(tc, the_shorter_coding_is_taken);
	tcase_add_loop_test(tc, damage_is_survived, 0, SHAPES);
	tcase_add_test(tc, nonsense_is_refused);
	return suite_run(s);
}
