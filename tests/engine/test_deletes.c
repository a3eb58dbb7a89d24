/* What deletes leave behind: range tombstones, snapshots over them, voids. */
#include "tests/suite.h"

#include <stdatomic.h>
#include <stdio.h>

#include "engine/base/env_mem.h"
#include "engine/base/thread.h"
#include "engine/kv.h"

static const struct kv_options options = {
	.create = true,
	.background = true,
	.memtable_bytes_max = 256 * KIB,
	.tree_memory_bytes = 1 * MIB,
	.separate_at = 1024,
	.block_bytes = 1024,
	.sst_bytes_max = 64 * KIB,
	.level_base_bytes = 256 * KIB,
	.blob_file_bytes_max = 1 * MIB,
};

static struct env *env;
static struct kv *kv;

static void set_up(void)
{
	ck_ok(env_mem_new(&env, 1));
	ck_ok(kv_open(&kv, env, &options));
}

static void tear_down(void)
{
	ck_ok(kv_close(kv));
	env_free(env);
}

static struct slice numbered(char buf[16], unsigned i)
{
	int n = snprintf(buf, 16, "key/%06u", i);

	return slice_of(buf, (size_t)n);
}

static int put(unsigned i)
{
	struct kv_batch *batch = kv_batch_new();
	char key[16];
	int rc;

	kv_batch_put(batch, numbered(key, i), slice_str("value"));
	rc = kv_write(kv, batch);
	kv_batch_free(batch);
	return rc;
}

static int delete_one(unsigned i)
{
	struct kv_batch *batch = kv_batch_new();
	char key[16];
	int rc;

	kv_batch_delete(batch, numbered(key, i));
	rc = kv_write(kv, batch);
	kv_batch_free(batch);
	return rc;
}

static int delete_range(unsigned from, unsigned to)
{
	struct kv_batch *batch = kv_batch_new();
	char low[16], high[16];
	int rc;

	kv_batch_delete_range(batch, numbered(low, from), numbered(high, to));
	rc = kv_write(kv, batch);
	kv_batch_free(batch);
	return rc;
}

/* The keys that an iterator of @snapshot shows, as numbers; how many. */
static unsigned scan(const struct kv_snapshot *snapshot, unsigned *out,
		     unsigned max)
{
	const struct slice none = slice_of(NULL, 0);
	struct kv_iter *it;
	unsigned n = 0;
	int rc;

	ck_ok(kv_iter_open_at(&it, kv, snapshot, none, none));
	for (rc = kv_iter_first(it); rc == 1 && n < max;
	     rc = kv_iter_next(it)) {
		char text[16] = { 0 };

		memcpy(text, kv_iter_key(it).data, kv_iter_key(it).size);
		out[n++] = (unsigned)atoi(text + strlen("key/"));
	}
	ck_assert_int_ge(rc, 0);
	kv_iter_close(it);
	return n;
}

static void flush_or_not(int which)
{
	if (which == 1)
		ck_ok(kv_flush(kv));
	if (which == 2)
		ck_ok(kv_compact(kv));
}

START_TEST(range_is_gone_and_nothing_else)
{
	struct kv_snapshot *before;
	unsigned found[300], i;

	for (i = 0; i < 300; i++)
		ck_ok(put(i));
	flush_or_not(_i);
	ck_ok(kv_snapshot_open(&before, kv));
	ck_ok(delete_range(100, 200));
	/* Newer than the range delete, and so there. */
	ck_ok(put(150));
	flush_or_not(_i);
	ck_assert_uint_eq(scan(NULL, found, 300), 201);
	ck_assert_uint_eq(found[99], 99);
	ck_assert_uint_eq(found[100], 150);
	ck_assert_uint_eq(found[101], 200);
	ck_assert_uint_eq(scan(before, found, 300), 300);
	kv_snapshot_close(before);
	ck_ok(kv_compact(kv));
	ck_assert_uint_eq(scan(NULL, found, 300), 201);
	ck_ok(kv_verify(kv));
}
END_TEST

START_TEST(empty_and_wrong_ranges)
{
	struct kv_batch *batch = kv_batch_new();
	uint8_t large[KV_KEY_MAX + 1] = { 1 };
	unsigned found[10];

	ck_ok(put(5));
	ck_ok(delete_range(5, 5));
	ck_ok(delete_range(9, 1));
	ck_assert_uint_eq(scan(NULL, found, 10), 1);
	ck_assert_int_eq(
		kv_batch_delete_range(batch, slice_str("a"), slice_of(NULL, 0)),
		-EINVAL);
	kv_batch_reset(batch);
	ck_assert_int_eq(
		kv_batch_delete_range(batch, slice_of(NULL, 0), slice_str("a")),
		-EINVAL);
	kv_batch_reset(batch);
	ck_assert_int_eq(kv_batch_delete_range(batch, slice_str("a"),
					       slice_of(large, sizeof(large))),
			 -EINVAL);
	kv_batch_free(batch);
}
END_TEST

/* As after the death of the process. */
static void reopen(const struct kv_options *o)
{
	struct env *next;

	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &next));
	ck_ok(kv_close(kv));
	env_free(env);
	env = next;
	ck_ok(kv_open(&kv, env, o));
}

START_TEST(range_deletes_survive_a_reopening)
{
	unsigned found[50], i;

	for (i = 0; i < 50; i++)
		ck_ok(put(i));
	ck_ok(delete_range(10, 40));
	flush_or_not(_i);
	reopen(&options);
	ck_assert_uint_eq(scan(NULL, found, 50), 20);
	ck_assert_uint_eq(found[10], 40);
}
END_TEST

static int delete_wide(unsigned first, unsigned count)
{
	static char from[KV_KEY_MAX], to[KV_KEY_MAX];
	struct kv_batch *batch = kv_batch_new();
	unsigned i;
	int rc;

	for (i = first; i < first + count; i++) {
		snprintf(from, sizeof(from), "key/%06u", 2 * i);
		snprintf(to, sizeof(to), "key/%06u", 2 * i + 1);
		kv_batch_delete_range(batch, slice_of(from, sizeof(from)),
				      slice_of(to, sizeof(to)));
	}
	rc = kv_write(kv, batch);
	kv_batch_free(batch);
	return rc;
}

/* More than a table can have of them, at once, from the log. */
START_TEST(ranges_of_any_number_are_flushed)
{
	enum { COUNT = 34000 };
	struct kv_options large = options;
	unsigned found[3];

	large.memtable_bytes_max = 256 * MIB;
	large.background = false;
	reopen(&large);
	/* Else there is nothing to hide. */
	ck_ok(put(1));
	ck_ok(put(999999));
	ck_ok(kv_flush(kv));
	ck_ok(delete_wide(0, COUNT / 2));
	ck_ok(delete_wide(COUNT / 2, COUNT / 2));
	reopen(&large);
	ck_ok(kv_verify(kv));
	ck_ok(kv_compact(kv));
	ck_assert_uint_eq(scan(NULL, found, 3), 1);
	ck_assert_uint_eq(found[0], 999999);
}
END_TEST

START_TEST(prefixes)
{
	static const char *const keys[] = {
		"a", "b", "ba", "b\xff", "b\xff\xff", "c", "\xff", "\xff\xff"
	};
	static const struct {
		const char *prefix;
		unsigned count;
	} wants[] = { { "", 8 },     { "b", 4 },        { "b\xff", 2 },
		      { "\xff", 2 }, { "\xff\xff", 1 }, { "d", 0 } };
	struct kv_batch *batch = kv_batch_new();
	uint8_t large[KV_KEY_MAX + 1] = { 0 };
	struct kv_iter *it;
	unsigned i, n;
	int rc;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		kv_batch_put(batch, slice_str(keys[i]), slice_str("value"));
	ck_ok(kv_write(kv, batch));
	kv_batch_free(batch);
	for (i = 0; i < ARRAY_SIZE(wants); i++) {
		struct slice prefix = slice_str(wants[i].prefix);

		ck_ok(kv_iter_open_prefix(&it, kv, NULL, prefix));
		for (n = 0, rc = kv_iter_first(it); rc == 1;
		     rc = kv_iter_next(it), n++)
			ck_assert(slice_has_prefix(kv_iter_key(it), prefix));
		ck_ok(rc);
		ck_assert_uint_eq(n, wants[i].count);
		for (n = 0, rc = kv_iter_last(it); rc == 1;
		     rc = kv_iter_prev(it), n++)
			ck_assert(slice_has_prefix(kv_iter_key(it), prefix));
		ck_assert_uint_eq(n, wants[i].count);
		kv_iter_close(it);
	}
	ck_assert_int_eq(kv_iter_open_prefix(&it, kv, NULL,
					     slice_of(large, sizeof(large))),
			 -EINVAL);
}
END_TEST

/*
 * A scan that began before some keys were put steps over what was dead then:
 * the void that it leaves must not hide them from others.
 */
START_TEST(late_scan_hides_nothing)
{
	const struct slice none = slice_of(NULL, 0);
	unsigned found[10], i;
	struct kv_iter *it;

	for (i = 0; i < 200; i++)
		ck_ok(put(i));
	for (i = 0; i < 200; i++)
		ck_ok(delete_one(i));
	ck_ok(kv_iter_open(&it, kv, none, none));
	flush_or_not(_i);
	ck_ok(put(10));
	ck_ok(put(150));
	ck_ok(kv_iter_first(it));
	kv_iter_close(it);
	ck_assert_uint_eq(scan(NULL, found, 10), 2);
	ck_assert_uint_eq(found[0], 10);
	ck_assert_uint_eq(found[1], 150);
	/* A put into a void that holds. */
	ck_ok(delete_one(10));
	ck_ok(delete_one(150));
	ck_assert_uint_eq(scan(NULL, found, 10), 0);
	ck_assert_uint_eq(scan(NULL, found, 10), 0);
	ck_ok(put(99));
	ck_assert_uint_eq(scan(NULL, found, 10), 1);
	ck_assert_uint_eq(found[0], 99);
}
END_TEST

#define QUEUED 12000u
#define AHEAD  300u

static _Atomic unsigned produced;
static _Atomic unsigned consumed;
static _Atomic bool failed;

static void produce(void *arg UNUSED)
{
	unsigned i;

	for (i = 0; i < QUEUED && !failed; i++) {
		while (i > consumed + AHEAD && !failed)
			thread_yield();
		if (put(i) < 0)
			failed = true;
		produced = i + 1;
	}
}

/* Others look, too, and leave voids that are late. */
static void look(void *arg UNUSED)
{
	const struct slice none = slice_of(NULL, 0);
	struct kv_iter *it;

	while (consumed < QUEUED && !failed) {
		if (kv_iter_open(&it, kv, none, none) < 0) {
			failed = true;
			break;
		}
		thread_yield();
		if (kv_iter_first(it) < 0)
			failed = true;
		kv_iter_close(it);
	}
}

/* What was put and not deleted is found, from the head on, by every scan. */
START_TEST(queue_loses_nothing)
{
	static unsigned found[AHEAD + 2];
	struct thread producer, looker;
	unsigned n, i, known, there;

	ck_ok(thread_start(&producer, "produce", 0, produce, NULL));
	ck_ok(thread_start(&looker, "look", 0, look, NULL));
	while (consumed < QUEUED && !failed) {
		known = produced;
		there = known > consumed ? known - consumed : 0;
		n = scan(NULL, found, AHEAD + 2);
		if (n < there) {
			failed = true;
			ck_abort_msg("%u found, %u there", n, there);
		}
		for (i = 0; i < n; i++)
			ck_assert_uint_eq(found[i], consumed + i);
		for (i = 0; i < (n + 1) / 2; i++)
			ck_ok(delete_one(consumed + i));
		consumed += (n + 1) / 2;
	}
	thread_join(&producer);
	thread_join(&looker);
	ck_assert(!failed);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("deletes");
	TCase *tc = suite_case(s, "ranges");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, range_is_gone_and_nothing_else, 0, 3);
	tcase_add_test(tc, empty_and_wrong_ranges);
	tcase_add_loop_test(tc, range_deletes_survive_a_reopening, 0, 3);
	tcase_add_test(tc, ranges_of_any_number_are_flushed);
	tcase_add_test(tc, prefixes);

	tc = suite_case(s, "voids");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, late_scan_hides_nothing, 0, 2);
	tcase_add_test(tc, queue_loses_nothing);
	return suite_run(s);
}
