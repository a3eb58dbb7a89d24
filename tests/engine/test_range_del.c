/* Range tombstones in fragments, against the plain definition. */
#include "tests/suite.h"

#include "engine/range_del.h"
#include "tests/engine/model.h"

#define KEYS   16u
#define ROUNDS 2000

static const char letters[] = "abcdefghijklmnopq";

static struct slice letter(unsigned i)
{
	return slice_of(&letters[i], 1);
}

struct round {
	struct range_dels list;
	struct range_del raw[12];
	size_t count;
	uint64_t readers[4]; /* snapshots, rising, and one who sees all */
};

static void make_round(struct round *r, uint64_t *random)
{
	unsigned i;

	range_dels_init(&r->list);
	r->count = model_random(random) % ARRAY_SIZE(r->raw);
	for (i = 0; i < r->count; i++) {
		unsigned from = (unsigned)(model_random(random) % KEYS);
		unsigned size = (unsigned)(model_random(random) % 5);
		unsigned to = from + size > KEYS ? KEYS : from + size;

		r->raw[i] = (struct range_del){
			.from = letter(from),
			.to = letter(to),
			.seq = 1 + model_random(random) % 20,
		};
		ck_ok(i % 2 ? range_dels_add(&r->list, &r->raw[i])
			    : range_dels_borrow(&r->list, &r->raw[i]));
	}
	for (i = 0; i < 3; i++)
		r->readers[i] = (i ? r->readers[i - 1] : 0) +
				model_random(random) % 8;
	r->readers[3] = UINT64_MAX;
	ck_ok(range_dels_fragment(&r->list, r->readers, 3));
}

static uint64_t plain_cover(const struct round *r, struct slice key,
			    uint64_t seq_max)
{
	uint64_t seq = 0;
	size_t i;

	for (i = 0; i < r->count; i++) {
		const struct range_del *d = &r->raw[i];

		if (slice_cmp(d->from, key) <= 0 && slice_cmp(key, d->to) < 0 &&
		    d->seq <= seq_max && d->seq > seq)
			seq = d->seq;
	}
	return seq;
}

START_TEST(fragments_say_what_the_tombstones_said)
{
	uint64_t random = 7;
	struct round r;
	unsigned i, j, k, n;

	for (n = 0; n < ROUNDS; n++) {
		make_round(&r, &random);
		ck_assert(range_dels_is_fragmented(&r.list));
		for (i = 0; i < ARRAY_SIZE(r.readers); i++)
			for (j = 0; j < KEYS; j++) {
				struct range_cover c = range_cover_none();

				range_dels_cover(&r.list, letter(j),
						 r.readers[i], &c);
				ck_assert_uint_eq(c.seq,
						  plain_cover(&r, letter(j),
							      r.readers[i]));
				ck_assert(range_cover_holds(&c, letter(j)));
				for (k = 0; k < KEYS; k++)
					if (range_cover_holds(&c, letter(k)))
						ck_assert_uint_eq(
							c.seq,
							plain_cover(
								&r, letter(k),
								r.readers[i]));
			}
		range_dels_fini(&r.list);
	}
}
END_TEST

START_TEST(what_makes_no_difference_goes)
{
	const uint64_t snapshots[] = { 5, 9 };
	struct range_dels l;
	uint64_t seq;

	range_dels_init(&l);
	for (seq = 1; seq <= 12; seq++) {
		struct range_del r = { letter(2), letter(6), seq };

		ck_ok(range_dels_add(&l, &r));
	}
	ck_ok(range_dels_fragment(&l, snapshots, ARRAY_SIZE(snapshots)));
	ck_assert_uint_eq(l.count, 3);
	ck_assert_uint_eq(l.items[0].seq, 12);
	ck_assert_uint_eq(l.items[1].seq, 9);
	ck_assert_uint_eq(l.items[2].seq, 5);
	ck_ok(range_dels_fragment(&l, NULL, 0));
	ck_assert_uint_eq(l.count, 1);
	range_dels_fini(&l);
}
END_TEST

START_TEST(neighbours_that_are_alike_are_one)
{
	struct range_dels l;
	struct range_del r = { letter(1), letter(3), 4 };

	range_dels_init(&l);
	ck_ok(range_dels_add(&l, &r));
	r = (struct range_del){ letter(3), letter(7), 4 };
	ck_ok(range_dels_add(&l, &r));
	r = (struct range_del){ letter(5), letter(5), 9 };
	ck_ok(range_dels_add(&l, &r));
	ck_ok(range_dels_fragment(&l, NULL, 0));
	ck_assert_uint_eq(l.count, 1);
	ck_assert(slice_eq(l.items[0].from, letter(1)));
	ck_assert(slice_eq(l.items[0].to, letter(7)));
	range_dels_fini(&l);
}
END_TEST

START_TEST(lists_that_are_not_fragments_are_told)
{
	static const struct range_del wrong[][2] = {
		{ { { "a", 1 }, { "c", 1 }, 1 },
		  { { "b", 1 }, { "d", 1 }, 2 } },
		{ { { "b", 1 }, { "c", 1 }, 1 },
		  { { "a", 1 }, { "b", 1 }, 2 } },
		{ { { "a", 1 }, { "c", 1 }, 1 },
		  { { "a", 1 }, { "c", 1 }, 1 } },
		{ { { "a", 1 }, { "c", 1 }, 1 },
		  { { "a", 1 }, { "c", 1 }, 2 } },
		{ { { "a", 1 }, { "c", 1 }, 2 },
		  { { "a", 1 }, { "d", 1 }, 1 } },
	};
	struct range_dels l;

	range_dels_init(&l);
	ck_ok(range_dels_borrow(&l, &wrong[_i][0]));
	ck_assert(range_dels_is_fragmented(&l));
	ck_ok(range_dels_borrow(&l, &wrong[_i][1]));
	ck_assert(!range_dels_is_fragmented(&l));
	range_dels_fini(&l);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("range_del");
	TCase *tc = suite_case(s, "fragments");

	tcase_add_test(tc, fragments_say_what_the_tombstones_said);
	tcase_add_test(tc, what_makes_no_difference_goes);
	tcase_add_test(tc, neighbours_that_are_alike_are_one);
	tcase_add_loop_test(tc, lists_that_are_not_fragments_are_told, 0, 5);
	return suite_run(s);
}
