/* Voids: made by a scan, cut by a writer, never wrong in between. */
#include "tests/suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "engine/voids.h"

static struct voids v;
static struct buf from, to;

static void set_up(void)
{
	voids_init(&v);
	from = to = (struct buf)BUF_INIT;
}

static void tear_down(void)
{
	voids_fini(&v);
	buf_fini(&from);
	buf_fini(&to);
}

static int find_at(struct slice key, uint64_t seq)
{
	return voids_find(&v, key, seq, &from, &to);
}

static int find(const char *key, uint64_t seq)
{
	return find_at(slice_str(key), seq);
}

static void make(const char *lo, const char *hi, uint64_t seq)
{
	uint64_t ticket = voids_watch(&v, slice_str(lo), seq);

	ck_assert_uint_ne(ticket, 0);
	voids_settle(&v, ticket, slice_str(hi));
}

START_TEST(void_is_found_by_those_who_are_new_enough)
{
	ck_assert(!voids_any(&v));
	make("b", "f", 10);
	ck_assert(voids_any(&v));
	ck_assert_int_eq(find("b", 10), 1);
	ck_assert(slice_eq(buf_slice(&from), slice_str("b")));
	ck_assert(slice_eq(buf_slice(&to), slice_str("f")));
	ck_assert_int_eq(find("ezzz", 11), 1);
	ck_assert_int_eq(find("c", 9), 0);
	ck_assert_int_eq(find("a", 10), 0);
	ck_assert_int_eq(find("f", 10), 0);
}
END_TEST

START_TEST(put_cuts_what_it_is_put_into)
{
	make("b", "f", 10);
	voids_cut(&v, slice_str("d"));
	ck_assert_int_eq(find("c", 10), 1);
	ck_assert(slice_eq(buf_slice(&to), slice_str("d")));
	ck_assert_int_eq(find("d", 10), 0);
	ck_assert_int_eq(find("e", 10), 0);
	voids_cut(&v, slice_str("b"));
	ck_assert_int_eq(find("b", 10), 0);
	ck_assert(!voids_any(&v));
}
END_TEST

START_TEST(put_during_the_scan_ends_the_void_there)
{
	uint64_t ticket = voids_watch(&v, slice_str("b"), 10);

	ck_assert_int_eq(find("c", 10), 0);
	voids_cut(&v, slice_str("a"));
	voids_cut(&v, slice_str("e"));
	voids_cut(&v, slice_str("d"));
	voids_cut(&v, slice_str("g"));
	voids_settle(&v, ticket, slice_str("f"));
	ck_assert_int_eq(find("c", 10), 1);
	ck_assert(slice_eq(buf_slice(&to), slice_str("d")));

	ticket = voids_watch(&v, slice_str("m"), 10);
	voids_cut(&v, slice_str("m"));
	voids_settle(&v, ticket, slice_str("z"));
	ck_assert_int_eq(find("n", 10), 0);
}
END_TEST

START_TEST(scan_may_give_up)
{
	uint64_t ticket = voids_watch(&v, slice_str("b"), 10);

	voids_settle(&v, ticket, slice_of(NULL, 0));
	ck_assert_int_eq(find("c", 10), 0);
	ck_assert(!voids_any(&v));
	/* Nothing between: no void. */
	make("c", "c", 10);
	ck_assert(!voids_any(&v));
}
END_TEST

START_TEST(oldest_goes_when_there_are_too_many)
{
	char lo[8], hi[8];
	unsigned i;

	for (i = 0; i < VOIDS_MAX + 3; i++) {
		snprintf(lo, sizeof(lo), "%03ua", i);
		snprintf(hi, sizeof(hi), "%03uc", i);
		make(lo, hi, 1);
	}
	ck_assert_uint_eq(v.count, VOIDS_MAX);
	for (i = 0; i < VOIDS_MAX + 3; i++) {
		snprintf(lo, sizeof(lo), "%03ub", i);
		ck_assert_int_eq(find(lo, 1), i >= 3);
	}
}
END_TEST

#define SLOTS  1000
#define ROUNDS 300

/* The "store": which keys are there. */
static _Atomic bool present[SLOTS];
static _Atomic bool done;
static _Atomic unsigned put_count;

static struct slice number(char buf[8], unsigned i)
{
	snprintf(buf, 8, "%04u", i % 10000);
	return slice_of(buf, 4);
}

/* Puts keys here and there, in the order of a writer: first it is there. */
static void *put_on(void *arg UNUSED)
{
	unsigned i = 1;
	char key[8];

	while (!done) {
		i = (i * 1103515245u + 12345u) & 0x7fffffff;
		put_count++;
		/* Not too often: a scan must get somewhere. */
		if (i / SLOTS % 200)
			continue;
		present[i % SLOTS] = true;
		if (voids_any(&v))
			voids_cut(&v, number(key, i % SLOTS));
	}
	return NULL;
}

/* What was put, also while the scan was under way, is in no void. */
START_TEST(void_never_holds_what_was_put)
{
	unsigned round, i, lo, hi, seen;
	pthread_t thread;
	char key[8];

	ck_ok(pthread_create(&thread, NULL, put_on, NULL));
	for (round = 0; round < ROUNDS; round++) {
		uint64_t ticket;

		lo = round % (SLOTS - 100);
		for (i = 0; i < SLOTS; i++)
			present[i] = false;
		ticket = voids_watch(&v, number(key, lo), 1);
		for (hi = lo; hi < lo + 100 && !present[hi]; hi++)
			;
		voids_settle(&v, ticket, number(key, hi));
		/* Time to put some keys into it. */
		for (seen = put_count; put_count < seen + 20000;)
			;
		for (i = lo; i < hi; i++) {
			if (!present[i] || find_at(number(key, i), 1) == 0)
				continue;
			/* The writer may just be about to cut it. */
			seen = put_count;
			while (put_count < seen + 2)
				;
			ck_assert_int_eq(find_at(number(key, i), 1), 0);
		}
		/* Voids of this round are of no use to the next. */
		for (i = 0; i < SLOTS; i++)
			voids_cut(&v, number(key, i));
	}
	done = true;
	pthread_join(thread, NULL);
	ck_assert_uint_gt(put_count, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("voids");
	TCase *tc = suite_case(s, "voids");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, void_is_found_by_those_who_are_new_enough);
	tcase_add_test(tc, put_cuts_what_it_is_put_into);
	tcase_add_test(tc, put_during_the_scan_ends_the_void_there);
	tcase_add_test(tc, scan_may_give_up);
	tcase_add_test(tc, oldest_goes_when_there_are_too_many);
	tcase_add_test(tc, void_never_holds_what_was_put);
	return suite_run(s);
}
