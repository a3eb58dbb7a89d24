/* The pool: what it gives out, what comes back, emptying slabs. */
#include "tests/suite.h"

#include "engine/base/mem_rand.h"
#include "engine/pool.h"

#define SLAB   (64 * KIB)
#define PIECES 2000

struct owned {
	uint8_t *data; /* NULL: none */
	size_t size;
	uint8_t fill;
};

static struct owned pieces[PIECES];

static void fill(struct owned *o, struct pool *p, size_t size, uint8_t byte)
{
	o->data = pool_alloc(p, size, true);
	ck_assert_ptr_nonnull(o->data);
	ck_assert_uint_eq((uintptr_t)o->data % 16, 0);
	ck_assert_uint_ge(pool_cost(o->data), size);
	ck_assert_ptr_null(pool_owner(o->data));
	pool_set_owner(o->data, o);
	o->size = size;
	o->fill = byte;
	memset(o->data, byte, size);
}

static bool is_whole(const struct owned *o)
{
	size_t i;

	for (i = 0; i < o->size; i++)
		if (o->data[i] != o->fill)
			return false;
	return pool_owner(o->data) == o;
}

static void drop(struct owned *o, struct pool *p)
{
	ck_assert(is_whole(o));
	pool_free(p, o->data);
	o->data = NULL;
}

static void drop_all(struct pool *p)
{
	size_t i;

	for (i = 0; i < PIECES; i++)
		if (pieces[i].data)
			drop(&pieces[i], p);
}

START_TEST(pieces_do_not_overlap)
{
	struct mem_rand rand = { .state = 3 };
	struct pool p;
	unsigned i;

	pool_init(&p, SLAB);
	for (i = 0; i < 40000; i++) {
		struct owned *o = &pieces[mem_rand_below(&rand, PIECES)];
		size_t top = (size_t)16 << mem_rand_below(&rand, 11);

		if (o->data)
			drop(o, &p);
		else
			fill(o, &p, 1 + (size_t)mem_rand_below(&rand, top),
			     (uint8_t)i);
		if (i % 1000 == 0)
			pool_check(&p);
	}
	drop_all(&p);
	pool_check(&p);
	/* All is one piece again, in each slab. */
	ck_assert_uint_ge(p.free, p.bytes / 1000 * 990);
	pool_fini(&p);
}
END_TEST

START_TEST(grows_only_if_it_may)
{
	struct pool p;
	void *data[32];
	size_t count = 0;

	pool_init(&p, SLAB);
	ck_assert_ptr_null(pool_alloc(&p, SLAB / 10, false));
	ck_assert_uint_eq(p.bytes, 0);
	data[count++] = pool_alloc(&p, SLAB / 10, true);
	while ((data[count] = pool_alloc(&p, SLAB / 10, false)))
		count++;
	/* Nine, since it has a header. */
	ck_assert_uint_eq(count, 9);
	ck_assert_uint_eq(p.bytes, SLAB);
	while (count > 0)
		pool_free(&p, data[--count]);
	pool_fini(&p);
}
END_TEST

/* Else a cache would have to drop two entries for one of the same size. */
START_TEST(what_was_freed_is_room_for_the_same)
{
	struct pool p;
	size_t i, count;

	pool_init(&p, SLAB);
	for (count = 0; count < 400; count++)
		fill(&pieces[count], &p, 1000 + count * 61 % 7000, 1);
	for (i = 0; i < count; i++) {
		size_t size = pieces[i].size;

		/* Not those before it, which may be larger. */
		while (pool_has_room(&p, size))
			fill(&pieces[count++], &p, size, 2);
		drop(&pieces[i], &p);
		ck_assert(pool_has_room(&p, size));
		pieces[i].data = pool_alloc(&p, size, false);
		ck_assert_ptr_nonnull(pieces[i].data);
		pool_check(&p);
		pool_free(&p, pieces[i].data);
		fill(&pieces[i], &p, size, 3);
	}
	drop_all(&p);
	pool_fini(&p);
}
END_TEST

START_TEST(large_pieces_come_from_the_heap)
{
	struct pool p, none;

	pool_init(&p, SLAB);
	pool_init(&none, 0);
	fill(&pieces[0], &p, SLAB, 1);
	fill(&pieces[1], &none, 10, 2);
	ck_assert(!pool_cuts(&p, SLAB / 8) && pool_cuts(&p, SLAB / 8 - 1));
	ck_assert(!pool_cuts(&none, 0));
	ck_assert_ptr_null(p.slabs);
	ck_assert_uint_eq(p.bytes, pool_cost(pieces[0].data));
	ck_assert_uint_eq(none.bytes, pool_cost(pieces[1].data));
	drop(&pieces[0], &p);
	drop(&pieces[1], &none);
	ck_assert_uint_eq(p.bytes + none.bytes, 0);
	pool_fini(&p);
	pool_fini(&none);
}
END_TEST

/* Fills @count slabs, then frees all but each @nth piece. */
static void make_sparse(struct pool *p, unsigned count, unsigned nth)
{
	struct mem_rand rand = { .state = 11 };
	unsigned i;

	for (i = 0; p->bytes < count * SLAB || p->free > 2048; i++)
		fill(&pieces[i], p, 500 + mem_rand_below(&rand, 500),
		     (uint8_t)i);
	while (i-- > 0)
		if (i % nth != 0)
			drop(&pieces[i], p);
	pool_check(p);
}

START_TEST(slabs_are_emptied_by_moving)
{
	struct pool_slab *slab;
	struct pool p;
	void *data, *next;
	unsigned given = 0;

	pool_init(&p, SLAB);
	make_sparse(&p, 8, 4);
	while (p.free > 2 * SLAB) {
		slab = pool_sparsest(&p, 1);
		pool_close(&p, slab);
		pool_check(&p);
		for (data = pool_next(&p, slab, NULL); data; data = next) {
			struct owned *o = pool_owner(data);

			next = pool_next(&p, slab, data);
			ck_assert_ptr_eq(o->data, data);
			fill(o, &p, o->size, o->fill);
			pool_free(&p, data);
		}
		pool_check(&p);
		ck_assert_uint_eq(slab->used, 0);
		pool_give_back(&p, slab);
		given++;
	}
	ck_assert_uint_ge(given, 4);
	pool_check(&p);
	drop_all(&p);
	pool_fini(&p);
}
END_TEST

START_TEST(closed_slabs_are_left_alone_until_reopened)
{
	struct pool_slab *slab;
	struct pool p;
	void *data;

	pool_init(&p, SLAB);
	make_sparse(&p, 1, 4);
	slab = pool_sparsest(&p, 1);
	slab->mark = 1;
	ck_assert_ptr_null(pool_sparsest(&p, 1));
	pool_close(&p, slab);
	ck_assert_ptr_null(pool_alloc(&p, 100, false));
	/* What becomes free meanwhile joins, and is found again later. */
	drop(&pieces[4], &p);
	pool_reopen(&p, slab);
	pool_check(&p);
	data = pool_alloc(&p, 100, false);
	ck_assert_ptr_nonnull(data);
	pool_free(&p, data);
	drop_all(&p);
	pool_fini(&p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pool");
	TCase *tc = suite_case(s, "pool");

	tcase_add_test(tc, pieces_do_not_overlap);
	tcase_add_test(tc, grows_only_if_it_may);
	tcase_add_test(tc, what_was_freed_is_room_for_the_same);
	tcase_add_test(tc, large_pieces_come_from_the_heap);
	tcase_add_test(tc, slabs_are_emptied_by_moving);
	tcase_add_test(tc, closed_slabs_are_left_alone_until_reopened);
	return suite_run(s);
}
