/* The write queue: one leads, everybody is done once, in order. */
#include "tests/suite.h"

#include <unistd.h>

#include "engine/base/thread.h"
#include "engine/queue.h"

#define THREADS 8
#define ROUNDS  4000

static struct queue queue;
static _Atomic unsigned leaders; /* at this moment */
static uint64_t done, groups;    /* by the leader */

struct member {
	struct waiter waiter;
	struct thread thread;
	unsigned times_done; /* by a leader */
	size_t place;        /* in the order in which they were done */
	bool slow;           /* sleeps while it leads */
};

static void do_group(struct member *leader)
{
	struct queue_group group;
	size_t i;

	ck_assert_uint_eq(atomic_fetch_add(&leaders, 1), 0);
	queue_take(&queue, &leader->waiter, &group);
	ck_assert_ptr_eq(group.waiters[0], &leader->waiter);
	for (i = 0; i < group.count; i++) {
		struct member *m = container_of(group.waiters[i], struct member,
						waiter);

		m->times_done++;
		m->place = done++;
	}
	groups++;
	if (leader->slow)
		usleep(2000);
	ck_assert_uint_eq(atomic_fetch_sub(&leaders, 1), 1);
	queue_finish(&queue, &group);
}

static void pass_once(struct member *m)
{
	if (queue_enter(&queue, &m->waiter))
		do_group(m);
}

static void pass_often(void *arg)
{
	struct member *m = arg;
	unsigned i;

	for (i = 1; i <= ROUNDS; i++) {
		/* Long enough, now and then, that the others go to sleep. */
		m->slow = i % 512 == 0;
		pass_once(m);
		ck_assert_uint_eq(m->times_done, i);
	}
}

START_TEST(everybody_is_done_once)
{
	static struct member members[THREADS];
	size_t i;

	for (i = 0; i < THREADS; i++)
		ck_ok(thread_start(&members[i].thread, "member", 0, pass_often,
				   &members[i]));
	for (i = 0; i < THREADS; i++)
		thread_join(&members[i].thread);
	ck_assert_uint_eq(done, THREADS * ROUNDS);
	ck_assert_uint_le(groups, done);
	ck_assert(!queue.led);
	ck_assert_uint_eq(queue.waiting, 0);
}
END_TEST

static void pass(void *arg)
{
	pass_once(arg);
}

/* Lines up @count members, each with @bytes, behind @first, who leads. */
static void line_up(struct member *first, struct member *members, size_t count,
		    size_t bytes)
{
	size_t i;

	ck_assert(queue_enter(&queue, &first->waiter));
	for (i = 0; i < count; i++) {
		members[i].waiter.bytes = bytes;
		ck_ok(thread_start(&members[i].thread, "member", 0, pass,
				   &members[i]));
		while (queue.waiting <= i)
			usleep(100);
	}
}

static void check_order(struct member *members, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		thread_join(&members[i].thread);
		ck_assert_uint_eq(members[i].times_done, 1);
		ck_assert_uint_eq(members[i].place, i + 1);
	}
}

START_TEST(who_came_first_is_done_first)
{
	static struct member members[THREADS];
	struct member first = { 0 };

	line_up(&first, members, THREADS, 1);
	do_group(&first);
	check_order(members, THREADS);
	ck_assert_uint_eq(groups, 1);
}
END_TEST

START_TEST(a_group_is_bounded_in_bytes)
{
	static struct member members[6];
	struct member first = { .waiter.bytes = QUEUE_GROUP_BYTES };

	/* The first is full by itself; of the others two fill a group. */
	line_up(&first, members, 6, QUEUE_GROUP_BYTES / 2);
	do_group(&first);
	check_order(members, 6);
	ck_assert_uint_eq(groups, 1 + 3);
}
END_TEST

START_TEST(a_group_is_bounded_in_number)
{
	static struct member members[QUEUE_GROUP_MAX + 3];
	struct member first = { 0 };

	line_up(&first, members, QUEUE_GROUP_MAX + 3, 0);
	do_group(&first);
	check_order(members, QUEUE_GROUP_MAX + 3);
	ck_assert_uint_eq(groups, 2);
}
END_TEST

static void begin(void)
{
	queue_init(&queue);
}

static void end(void)
{
	queue_fini(&queue);
}

int main(void)
{
	Suite *s = suite_create("queue");
	TCase *tc = suite_case(s, "turns");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, everybody_is_done_once);
	tcase_add_test(tc, who_came_first_is_done_first);
	tcase_add_test(tc, a_group_is_bounded_in_bytes);
	tcase_add_test(tc, a_group_is_bounded_in_number);
	return suite_run(s);
}
