/* Pinning views: none is freed while it is pinned, all are in the end. */
#include "tests/suite.h"

#include "engine/base/thread.h"
#include "engine/filter.h"
#include "engine/view.h"

static struct views views;

static struct view *view_with(uint64_t seq)
{
	const struct entry e = {
		.key = slice_str("k"),
		.value = slice_str("v"),
		.tag = entry_tag(seq, ENTRY_PUT),
	};
	struct view *v = calloc(1, sizeof(*v));

	v->active.mt = mt_new(0, NULL);
	v->version = version_new();
	ck_ok(mt_put(v->active.mt, &e));
	return v;
}

/* Publishes one; what it replaces is given back. */
static void publish(uint64_t seq)
{
	struct view *old;

	ck_ok(view_publish(&views, view_with(seq), &old));
	view_unref(old);
}

static uint64_t seq_of(const struct view *v)
{
	struct slice key = slice_str("k");
	struct entry e;

	ck_assert(view_get(v, key, filter_hash(key), ENTRY_SEQ_MAX, &e));
	return entry_seq(&e);
}

static size_t slots_used(void)
{
	size_t i, n = 0;

	for (i = 0; i < VIEW_SLOTS; i++)
		n += views.slots[i] != NULL;
	return n;
}

START_TEST(a_view_lives_as_long_as_its_last_pin)
{
	struct view *a, *b, *c;

	publish(1);
	a = view_pin(&views);
	b = view_pin(&views);
	ck_assert_ptr_eq(a, b);
	publish(2);
	c = view_pin(&views);
	ck_assert_uint_eq(slots_used(), 2);
	ck_assert_uint_eq(seq_of(a), 1);
	ck_assert_uint_eq(seq_of(c), 2);
	view_unref(a);
	ck_assert_uint_eq(slots_used(), 2);
	ck_assert_uint_eq(seq_of(b), 1);
	view_unref(b);
	ck_assert_uint_eq(slots_used(), 1);

	view_end(&views);
	ck_assert_uint_eq(seq_of(c), 2);
	view_unref(c);
	ck_assert_uint_eq(slots_used(), 0);
}
END_TEST

START_TEST(a_view_nobody_pinned_goes_at_once)
{
	uint64_t seq;

	for (seq = 1; seq < VIEW_SLOTS + 100; seq++) {
		publish(seq);
		ck_assert_uint_eq(slots_used(), 1);
	}
	view_end(&views);
	ck_assert_uint_eq(slots_used(), 0);
}
END_TEST

START_TEST(pinned_views_use_up_the_slots_and_give_them_back)
{
	static struct view *pinned[VIEW_SLOTS];
	struct view *one_more = view_with(1), *old;
	size_t i;

	for (i = 0; i < VIEW_SLOTS - 1; i++) {
		publish(i + 1);
		pinned[i] = view_pin(&views);
	}
	/* The slot the word names at first is free as well. */
	publish(VIEW_SLOTS);
	pinned[i] = view_pin(&views);
	ck_assert_int_eq(view_publish(&views, one_more, &old), -ENOMEM);
	ck_assert_ptr_eq(view_current(&views), pinned[VIEW_SLOTS - 1]);

	view_unref(pinned[77]);
	ck_ok(view_publish(&views, one_more, &old));
	view_unref(old);
	for (i = 0; i < VIEW_SLOTS; i++)
		if (i != 77)
			view_unref(pinned[i]);
	ck_assert_uint_eq(slots_used(), 1);
	view_end(&views);
	ck_assert_uint_eq(slots_used(), 0);
}
END_TEST

#define READERS   4
#define PUBLISHED 3000

static _Atomic bool done;

/* Pins overlap, and what is seen never goes back. */
static void read_views(void *arg)
{
	struct view *held = NULL, *v;
	uint64_t last = 0, seq;
	uint64_t *pins = arg;

	while (!done) {
		v = view_pin(&views);
		seq = seq_of(v);
		ck_assert_uint_ge(seq, last);
		last = seq;
		view_unref(held);
		held = v;
		++*pins;
	}
	view_unref(held);
}

START_TEST(readers_pin_while_views_are_replaced)
{
	struct thread readers[READERS];
	uint64_t pins[READERS] = { 0 }, seq;
	size_t i;

	publish(1);
	for (i = 0; i < READERS; i++)
		ck_ok(thread_start(&readers[i], "reader", 0, read_views,
				   &pins[i]));
	for (seq = 2; seq < PUBLISHED; seq++)
		publish(seq);
	done = true;
	for (i = 0; i < READERS; i++) {
		thread_join(&readers[i]);
		ck_assert_uint_gt(pins[i], 0);
	}
	ck_assert_uint_eq(slots_used(), 1);
	view_end(&views);
	ck_assert_uint_eq(slots_used(), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("view");
	TCase *tc = suite_case(s, "pins");

	tcase_add_test(tc, a_view_lives_as_long_as_its_last_pin);
	tcase_add_test(tc, a_view_nobody_pinned_goes_at_once);
	tcase_add_test(tc, pinned_views_use_up_the_slots_and_give_them_back);
	tcase_add_test(tc, readers_pin_while_views_are_replaced);
	return suite_run(s);
}
