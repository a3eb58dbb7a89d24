/* Checkpoints of a store that threads write to meanwhile. */
#include "tests/suite.h"

#include <stdatomic.h>

#include "engine/base/thread.h"
#include "tests/engine/places.h"

#define WRITERS 3
#define WINDOW  40 /* what a writer leaves undeleted */

/*
 * Each writer counts: change i puts key i and deletes the one WINDOW before.
 * The value says how far the others had been acknowledged, which must then be
 * in every prefix that has the change: that makes the order of all visible.
 */
static struct kv *busy;
static _Atomic uint64_t acked[WRITERS]; /* changes answered, of each */
static _Atomic bool stop;

struct busy_value {
	uint64_t seen[WRITERS];
	uint8_t padding[2000]; /* some are large, for the value log */
};

static struct slice busy_key(char buf[32], unsigned writer, uint64_t i)
{
	return slice_of(buf, (size_t)snprintf(buf, 32, "%u/%08llu", writer,
					      (unsigned long long)i));
}

static void busy_write(unsigned writer, uint64_t i)
{
	struct kv_batch *batch = kv_batch_new();
	struct busy_value value = { .seen = { 0 } };
	char key[32];
	unsigned w;

	memset(value.padding, (int)(i ^ writer), sizeof(value.padding));
	for (w = 0; w < WRITERS; w++)
		value.seen[w] = acked[w];
	ck_ok(kv_batch_put(batch, busy_key(key, writer, i),
			   slice_of(&value, i % 4 ? 100 : sizeof(value))));
	if (i >= WINDOW)
		ck_ok(kv_batch_delete(batch,
				      busy_key(key, writer, i - WINDOW)));
	ck_ok(kv_write(busy, batch));
	kv_batch_free(batch);
	acked[writer] = i + 1;
}

static void busy_main(void *arg)
{
	unsigned writer = *(const unsigned *)arg;
	uint64_t i;

	for (i = 0; !stop; i++)
		busy_write(writer, i);
}

/* Checks one entry; *next is what the last of its writer's should follow. */
static void busy_check_entry(struct kv_iter *it, uint64_t next[WRITERS],
			     uint64_t seen[WRITERS])
{
	struct busy_value value;
	unsigned long long i;
	struct slice bytes;
	char text[32] = "";
	unsigned w, j;

	memcpy(text, kv_iter_key(it).data, kv_iter_key(it).size);
	ck_assert_int_eq(sscanf(text, "%u/%llu", &w, &i), 2);
	ck_assert_uint_lt(w, WRITERS);
	if (next[w] > 0)
		ck_assert_uint_eq(i, next[w]);
	next[w] = i + 1;

	ck_ok(kv_iter_value(it, &bytes));
	ck_assert_uint_eq(bytes.size, i % 4 ? 100 : sizeof(value));
	memcpy(&value, bytes.data, bytes.size);
	for (j = sizeof(value.seen); j < bytes.size; j++)
		ck_assert_uint_eq(((const uint8_t *)bytes.data)[j],
				  (uint8_t)(i ^ w));
	for (j = 0; j < WRITERS; j++)
		seen[j] = u64_max(seen[j], value.seen[j]);
}

/* The store is a prefix, and holds at least what @before had been answered. */
static void busy_check(struct kv *kv, const uint64_t before[WRITERS])
{
	uint64_t next[WRITERS] = { 0 }, seen[WRITERS] = { 0 }, count = 0, want;
	struct kv_iter *it;
	unsigned w;
	int rc;

	ck_ok(kv_iter_open(&it, kv, slice_of(NULL, 0), slice_of(NULL, 0)));
	for (rc = kv_iter_first(it); rc == 1; rc = kv_iter_next(it)) {
		busy_check_entry(it, next, seen);
		count++;
	}
	ck_ok(rc);
	kv_iter_close(it);

	want = 0;
	for (w = 0; w < WRITERS; w++) {
		ck_assert_uint_ge(next[w], before[w]);
		ck_assert_uint_ge(next[w], seen[w]);
		want += u64_min(next[w], WINDOW);
	}
	ck_assert_uint_eq(count, want);
	ck_ok(kv_verify(kv));
}

static void busy_checkpoint(struct env *target)
{
	struct kv_options options = places_options;
	uint64_t before[WRITERS];
	struct env *after;
	struct kv *kv;
	unsigned w;

	for (w = 0; w < WRITERS; w++)
		before[w] = acked[w];
	ck_ok(kv_checkpoint(busy, target));

	/* An env of the same files: after a power cut, or a new one. */
	if (places_dirs[0][0]) {
		env_free(target);
		ck_ok(env_posix_new(&after, places_dirs[0], false));
	} else {
		after = places_cut(target, ENV_MEM_LOSE_ALL, 1);
		env_free(target);
	}
	options.create = false;
	ck_ok(kv_open(&kv, after, &options));
	busy_check(kv, before);
	ck_ok(kv_close(kv));
	env_free(after);
}

/* _i: onto the medium where the store is, or onto another one. */
START_TEST(a_store_in_use)
{
	struct kv_options options = places_options;
	struct thread threads[WRITERS];
	struct env *env = places_in_memory(1);
	unsigned numbers[WRITERS], round, w;

	options.background = true;
	options.sync_interval_ms = 5;
	ck_ok(kv_open(&busy, env, &options));
	for (w = 0; w < WRITERS; w++) {
		numbers[w] = w;
		ck_ok(thread_start(&threads[w], "writer", 0, busy_main,
				   &numbers[w]));
	}
	for (round = 0; round < 6; round++) {
		while (acked[0] < round * 200)
			usleep(1000);
		busy_checkpoint(_i ? places_on_disk(0) : places_in_memory(2));
		places_remove();
	}
	stop = true;
	for (w = 0; w < WRITERS; w++)
		thread_join(&threads[w]);
	for (w = 0; w < WRITERS; w++)
		ck_assert_uint_ge(acked[w], 1);
	ck_ok(kv_close(busy));
	env_free(env);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("checkpoint_busy");
	TCase *tc = suite_case(s, "use");

	tcase_add_checked_fixture(tc, NULL, places_remove);
	tcase_add_loop_test(tc, a_store_in_use, 0, 2);
	return suite_run(s);
}
