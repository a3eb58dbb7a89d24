/*
 * Collection of blob files: what it yields, what it costs, what it must leave
 * alone, and that no value is lost whoever shares it meanwhile.
 */
#include "tests/suite.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/base/env_mem.h"
#include "engine/base/mem_rand.h"
#include "engine/base/thread.h"
#include "engine/file_format.h"
#include "engine/gc.h"
#include "engine/store.h"
#include "tests/engine/forward.h"

#define VALUE_SIZE ((size_t)3000)
#define KEYS       800u

static const struct kv_options small = {
	.create = true,
	.memtable_bytes_max = 64 * KIB,
	.tree_memory_bytes = 1 * MIB,
	.blob_cache_bytes = 64 * KIB,
	.separate_at = 64,
	.block_bytes = 1 * KIB,
	.sst_bytes_max = 16 * KIB,
	.level_base_bytes = 64 * KIB,
	.blob_file_bytes_max = 64 * KIB,
};

/* A store, and how many values have been put into it. */
struct test {
	struct env *env;
	struct kv *kv;
	uint64_t puts;
};

static void test_open(struct test *t)
{
	*t = (struct test){ 0 };
	ck_ok(env_mem_new(&t->env, 1));
	ck_ok(kv_open(&t->kv, t->env, &small));
}

static void test_close(struct test *t)
{
	ck_ok(kv_verify(t->kv));
	ck_ok(kv_close(t->kv));
	env_free(t->env);
}

static void reopen(struct test *t)
{
	struct env *env;

	ck_ok(kv_close(t->kv));
	ck_ok(env_mem_cut(t->env, ENV_MEM_LOSE_ALL, 1, &env));
	env_free(t->env);
	t->env = env;
	ck_ok(kv_open(&t->kv, t->env, &small));
}

static struct slice key_of(char buf[32], const char *what, unsigned i)
{
	int n = snprintf(buf, 32, "%s/%06u", what, i);

	return slice_of(buf, (size_t)n);
}

/* Incompressible bytes that follow from key and round. */
static struct slice value_of(uint8_t out[VALUE_SIZE], unsigned i,
			     unsigned round)
{
	struct mem_rand rand = { .state = i * 1000 + round };

	mem_rand_fill(&rand, out, VALUE_SIZE);
	return slice_of(out, VALUE_SIZE);
}

static void put(struct test *t, const char *what, unsigned i, unsigned round)
{
	struct kv_batch *batch = kv_batch_new();
	uint8_t value[VALUE_SIZE];
	char key[32];

	kv_batch_put(batch, key_of(key, what, i), value_of(value, i, round));
	ck_ok(kv_write(t->kv, batch));
	kv_batch_free(batch);
	t->puts++;
}

static void drop(struct test *t, const char *what, unsigned i)
{
	struct kv_batch *batch = kv_batch_new();
	char key[32];

	kv_batch_delete(batch, key_of(key, what, i));
	ck_ok(kv_write(t->kv, batch));
	kv_batch_free(batch);
}

static void copy(struct test *t, const char *to, const char *from, unsigned i)
{
	struct kv_batch *batch = kv_batch_new();
	char key[32], source[32];

	kv_batch_copy(batch, key_of(key, to, i), key_of(source, from, i));
	ck_ok(kv_write(t->kv, batch));
	kv_batch_free(batch);
}

static void expect(struct test *t, const char *what, unsigned i, unsigned round)
{
	uint8_t want[VALUE_SIZE];
	struct kv_value value;
	char key[32];
	int rc = kv_get(t->kv, key_of(key, what, i), &value);

	ck_assert_msg(rc == 0, "%s/%06u: %s", what, i, kv_error_text(rc));
	ck_assert_msg(slice_eq(value.data, value_of(want, i, round)),
		      "%s/%06u: another value", what, i);
	kv_value_release(&value);
}

static struct kv_stats stats(struct test *t)
{
	struct kv_stats s;

	ck_ok(kv_stats(t->kv, &s));
	return s;
}

/* Which keys are overwritten: a random half. */
static bool in_half(unsigned i)
{
	return i * 2654435761u >> 31;
}

static void fill_and_overwrite(struct test *t)
{
	unsigned i;

	for (i = 0; i < KEYS; i++)
		put(t, "key", i, 1);
	for (i = 0; i < KEYS; i++)
		if (in_half(i))
			put(t, "key", i, 2);
}

static void expect_overwritten(struct test *t)
{
	unsigned i;

	for (i = 0; i < KEYS; i++)
		expect(t, "key", i, in_half(i) ? 2 : 1);
}

/* What the essays promise: space 1.25, write amplification 1.3, du 2 %. */
START_TEST(half_overwritten_is_collected)
{
	uint64_t record = VALUE_SIZE + 40, written;
	struct kv_stats s;
	struct test t;

	test_open(&t);
	fill_and_overwrite(&t);
	ck_ok(kv_compact(t.kv));
	s = stats(&t);
	ck_assert_uint_eq(s.blob_live_raw_bytes, KEYS * VALUE_SIZE);
	ck_assert_uint_eq(s.blob_live_bytes, KEYS * record);
	ck_assert_uint_gt(s.collections, 0);
	ck_assert_uint_le(s.blob_file_bytes * 100, s.blob_live_bytes * 125);
	written = t.puts * record + s.collected_bytes;
	ck_assert_uint_le(written * 10, t.puts * VALUE_SIZE * 13);
	/* The lock is not counted; a log may be larger than its records. */
	ck_assert_uint_le(s.disk_bytes, env_mem_bytes(t.env));
	ck_assert_uint_ge(s.disk_bytes * 100, env_mem_bytes(t.env) * 98);

	expect_overwritten(&t);
	ck_ok(kv_verify(t.kv));
	reopen(&t);
	expect_overwritten(&t);
	/* What was just collected is left alone. */
	ck_ok(kv_collect(t.kv));
	ck_assert_uint_eq(stats(&t).collections, 0);
	test_close(&t);
}
END_TEST

/* Again and again, so that rewritten files are rewritten. */
START_TEST(rewritten_files_are_rewritten)
{
	unsigned round, i;
	struct kv_stats s;
	struct test t;

	test_open(&t);
	for (i = 0; i < KEYS; i++)
		put(&t, "key", i, 1);
	/* What is left in the end was never overwritten. */
	for (round = 2; round < 8; round++) {
		for (i = 0; i < KEYS; i++)
			if (i % round == 0 && i % 7)
				drop(&t, "key", i);
		ck_ok(kv_compact(t.kv));
		s = stats(&t);
		ck_assert_uint_le(s.blob_file_bytes * 100,
				  s.blob_live_bytes * 125);
	}
	ck_assert_uint_gt(s.collections, s.blob_file_count);
	for (i = 0; i < KEYS; i++)
		if (i % 7 == 0 || (i % 2 && i % 3 && i % 5))
			expect(&t, "key", i, 1);
	for (i = 0; i < KEYS; i++)
		drop(&t, "key", i);
	ck_ok(kv_compact(t.kv));
	ck_assert_uint_eq(stats(&t).blob_file_count, 0);
	test_close(&t);
}
END_TEST

START_TEST(shared_values_count_once)
{
	uint64_t record = VALUE_SIZE + 40;
	struct kv_stats s;
	struct test t;
	unsigned i;

	test_open(&t);
	for (i = 0; i < KEYS; i++)
		put(&t, "key", i, 1);
	for (i = 0; i < KEYS; i++)
		copy(&t, "copy", "key", i);
	ck_ok(kv_compact(t.kv));
	s = stats(&t);
	ck_assert_uint_eq(s.blob_live_bytes, KEYS * record);
	ck_assert_uint_eq(s.blob_live_raw_bytes, KEYS * VALUE_SIZE);
	ck_assert_uint_eq(s.collections, 0);

	/* By the sums every file is still all live, by the union a half. */
	for (i = 0; i < KEYS; i++)
		if (i % 2) {
			drop(&t, "key", i);
			drop(&t, "copy", i);
		}
	ck_ok(kv_compact(t.kv));
	s = stats(&t);
	ck_assert_uint_eq(s.blob_live_bytes, KEYS / 2 * record);
	ck_assert_uint_le(s.blob_file_bytes * 100, s.blob_live_bytes * 125);
	for (i = 0; i < KEYS; i += 2)
		drop(&t, "key", i);
	ck_ok(kv_compact(t.kv));
	ck_assert_uint_eq(stats(&t).blob_live_bytes, KEYS / 2 * record);
	for (i = 0; i < KEYS; i += 2)
		expect(&t, "copy", i, 1);
	test_close(&t);
}
END_TEST

START_TEST(readers_keep_the_old_file)
{
	uint8_t want[VALUE_SIZE];
	struct slice value;
	struct kv_iter *it;
	struct test t;
	unsigned i = 0;
	int rc;

	test_open(&t);
	for (i = 0; i < KEYS; i++)
		put(&t, "key", i, 1);
	ck_ok(kv_compact(t.kv));
	ck_ok(kv_iter_open(&it, t.kv, slice_str(""), slice_str("")));
	for (i = 0; i < KEYS; i++)
		if (in_half(i))
			put(&t, "key", i, 2);
	ck_ok(kv_compact(t.kv));
	ck_assert_uint_gt(stats(&t).collections, 0);

	i = 0;
	for (rc = kv_iter_first(it); rc == 1; rc = kv_iter_next(it)) {
		ck_ok(kv_iter_value(it, &value));
		ck_assert(slice_eq(value, value_of(want, i++, 1)));
	}
	ck_ok(rc);
	ck_assert_uint_eq(i, KEYS);
	ck_assert_uint_gt(env_mem_bytes(t.env) * 10, stats(&t).disk_bytes * 12);
	kv_iter_close(it);
	/* The last reader has gone, and what it read with it. */
	ck_assert_uint_le(env_mem_bytes(t.env) * 98,
			  stats(&t).disk_bytes * 100);
	test_close(&t);
}
END_TEST

/* Sealed files of the current version, or those that were rewritten. */
static unsigned count_files(struct test *t, bool moved)
{
	struct view *view = store_view(t->kv);
	unsigned n = 0;
	size_t i;

	for (i = 0; i < view->version->blob_count; i++)
		n += view->version->blobs[i].blob->sealed &&
		     (!moved || view->version->blobs[i].blob->moved);
	view_unref(view);
	return n;
}

/* Enters every file there is, or leaves them. */
static void enter_all(struct view *view, bool enter)
{
	size_t i;

	for (i = 0; i < view->version->blob_count; i++) {
		struct blob *b = view->version->blobs[i].blob;

		if (enter)
			blob_enter(b);
		else
			blob_leave(b);
	}
}

/* Merges the tables, and leaves the files as they are. */
static void compact_only(struct test *t)
{
	struct view *view = store_view(t->kv);

	enter_all(view, true);
	ck_ok(kv_compact(t->kv));
	ck_assert_uint_eq(count_files(t, true), 0);
	enter_all(view, false);
	view_unref(view);
}

/* A store in which nothing is flushed until it is told to. */
static void test_open_calm(struct test *t)
{
	struct kv_options o = small;

	o.memtable_bytes_max = 4 * MIB;
	*t = (struct test){ 0 };
	ck_ok(env_mem_new(&t->env, 1));
	ck_ok(kv_open(&t->kv, t->env, &o));
}

START_TEST(who_is_inside_keeps_a_file)
{
	struct test t;

	test_open_calm(&t);
	fill_and_overwrite(&t);
	compact_only(&t);
	ck_ok(kv_collect(t.kv));
	ck_assert_uint_gt(count_files(&t, true), 0);
	expect_overwritten(&t);
	test_close(&t);
}
END_TEST

START_TEST(what_a_memtable_refers_to_is_left)
{
	struct test t;
	unsigned i;

	test_open_calm(&t);
	for (i = 0; i < KEYS; i++)
		put(&t, "key", i, 1);
	ck_ok(kv_flush(t.kv));
	for (i = 0; i < KEYS; i++)
		if (i % 8)
			drop(&t, "key", i);
	compact_only(&t);
	/* Copies of some values of each file, in the memtable only. */
	for (i = 0; i < KEYS; i += 8)
		copy(&t, "copy", "key", i);
	ck_ok(gc_run(t.kv, 0));
	ck_assert_uint_eq(count_files(&t, true), 0);
	ck_ok(kv_flush(t.kv));
	ck_ok(gc_run(t.kv, 0));
	ck_assert_uint_gt(count_files(&t, true), 0);
	for (i = 0; i < KEYS; i += 8)
		expect(&t, "copy", i, 1);
	test_close(&t);
}
END_TEST

/* ------------------------------------------- dead before it is collected -- */

/* What happens when a collection that has picked its files looks for room. */
static struct {
	struct kv *kv; /* NULL: nothing */
	struct thread thread;
	int rc;
} meanwhile;

static void compact_main(void *arg)
{
	meanwhile.rc = kv_compact(arg);
}

static bool anything_lives(struct kv *kv)
{
	struct view *view = store_view(kv);
	bool lives = false;
	size_t i;

	for (i = 0; i < view->version->blob_count; i++)
		lives |= view->version->blobs[i].live_count > 0;
	view_unref(view);
	return lives;
}

/* Everything dies, and nobody can drop it yet, since we are inside. */
static int space_meanwhile(struct env *e, struct env_space *space)
{
	struct kv *kv = meanwhile.kv;
	struct view *view;

	meanwhile.kv = NULL;
	if (kv) {
		view = store_view(kv);
		enter_all(view, true);
		ck_ok(thread_start(&meanwhile.thread, "compact", 0,
				   compact_main, kv));
		while (anything_lives(kv))
			usleep(1000);
		usleep(20000);
		enter_all(view, false);
		view_unref(view);
	}
	return forward_space(e, space);
}

START_TEST(what_dies_meanwhile_is_no_damage)
{
	struct kv_options o = small;
	struct forward f;
	struct view *view;
	struct test t = { 0 };
	unsigned i;

	o.memtable_bytes_max = 4 * MIB;
	ck_ok(env_mem_new(&t.env, 1));
	forward_init(&f, t.env);
	f.ops.space = space_meanwhile;
	ck_ok(kv_open(&t.kv, &f.env, &o));
	fill_and_overwrite(&t);
	compact_only(&t);
	view = store_view(t.kv);
	enter_all(view, true);
	for (i = 0; i < KEYS; i++)
		drop(&t, "key", i);
	ck_ok(kv_flush(t.kv));
	enter_all(view, false);
	view_unref(view);

	meanwhile.kv = t.kv;
	ck_ok(gc_step(t.kv, 0));
	ck_assert_ptr_null(meanwhile.kv);
	thread_join(&meanwhile.thread);
	ck_ok(meanwhile.rc);
	ck_ok(gc_drop_dead(t.kv));
	ck_assert_uint_eq(count_files(&t, false), 0);
	test_close(&t);
}
END_TEST

/* A value that cannot be read keeps its file, and no other. */
/*
 * What a log names is synced after a recovery; if nothing refers to it any more
 * by then, its file has gone, and cannot be opened again.
 */
START_TEST(what_died_in_the_log_is_not_synced)
{
	struct kv_options few = small;
	struct test t;
	struct env *env;
	unsigned i;

	few.memtable_bytes_max = 1 * MIB;
	few.open_files_max = 1;
	t = (struct test){ 0 };
	ck_ok(env_mem_new(&t.env, 1));
	ck_ok(kv_open(&t.kv, t.env, &few));
	for (i = 0; i < 100; i++)
		put(&t, "a", i, 0);
	for (i = 0; i < 100; i++)
		drop(&t, "a", i);
	ck_ok(env_mem_cut(t.env, ENV_MEM_LOSE_NOTHING, 1, &env));
	ck_ok(kv_close(t.kv));
	env_free(t.env);
	t.env = env;
	ck_ok(kv_open(&t.kv, t.env, &few));
	put(&t, "b", 0, 0);
	ck_ok(kv_sync(t.kv, kv_mark(t.kv)));
	expect(&t, "b", 0, 0);
	test_close(&t);
}
END_TEST

START_TEST(damage_stops_one_file)
{
	char name[ENV_NAME_MAX + 1], key[32];
	unsigned tries = 0, lost = 0, i;
	struct kv_value value;
	struct view *view;
	struct test t;
	int rc;

	test_open_calm(&t);
	fill_and_overwrite(&t);
	compact_only(&t);
	view = store_view(t.kv);
	file_name(name, FILE_BLOB, view->version->blobs[2].blob->number);
	view_unref(view);
	for (i = FILE_HEADER_SIZE; i < 60 * KIB; i += VALUE_SIZE)
		ck_ok(env_mem_flip(t.env, name, i, 1));

	while ((rc = gc_run(t.kv, 0)) == -EBADMSG)
		tries++;
	ck_ok(rc);
	ck_assert_uint_eq(tries, 1);
	ck_assert_uint_gt(count_files(&t, true), 3);
	for (i = 0; i < KEYS; i++) {
		rc = kv_get(t.kv, key_of(key, "key", i), &value);
		lost += rc == -EBADMSG;
		ck_assert(rc == 0 || rc == -EBADMSG);
		if (rc == 0)
			kv_value_release(&value);
	}
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_lt(lost, 30);
	ck_assert_int_eq(kv_verify(t.kv), -EBADMSG);
	ck_ok(kv_close(t.kv));
	env_free(t.env);
}
END_TEST

START_TEST(full_medium_is_no_error_of_the_store)
{
	struct test t;

	test_open_calm(&t);
	fill_and_overwrite(&t);
	compact_only(&t);
	env_mem_limit(t.env, env_mem_bytes(t.env) + 8 * KIB);
	ck_assert_int_eq(kv_collect(t.kv), -ENOSPC);
	expect_overwritten(&t);
	env_mem_limit(t.env, 0);
	ck_ok(kv_collect(t.kv));
	ck_assert_uint_gt(count_files(&t, true), 0);
	expect_overwritten(&t);
	test_close(&t);
}
END_TEST

/* ------------------------------------------------------------- threads -- */

#define SHARERS 2
#define CHAIN   40u /* values that are passed on */

struct race {
	struct test test;
	_Atomic bool stop;
	_Atomic uint64_t copies;
};

/*
 * Passes values on from key to key: each step shares one, deletes the source
 * and so leaves a file in which less and less is referred to.  Each value stays
 * reachable under exactly one key, known from the step.
 */
struct sharer {
	struct race *race;
	unsigned number;
	unsigned step[CHAIN];
	struct thread thread;
};

static struct slice chain_key(char buf[32], const struct sharer *s, unsigned i,
			      unsigned step)
{
	/* Keys of neighbouring steps lie far apart. */
	int n = snprintf(buf, 32, "%u/%u/%u/%u", step % 7, s->number, i, step);

	return slice_of(buf, (size_t)n);
}

static void share_main(void *arg)
{
	struct sharer *s = arg;
	struct kv *kv = s->race->test.kv;
	struct kv_batch *batch = kv_batch_new();
	char key[32], source[32];
	unsigned i = 0;

	while (!s->race->stop) {
		unsigned step = s->step[i]++;

		kv_batch_copy(batch, chain_key(key, s, i, step + 1),
			      chain_key(source, s, i, step));
		kv_batch_delete(batch, chain_key(source, s, i, step));
		ck_ok(kv_write(kv, batch));
		atomic_fetch_add(&s->race->copies, 1);
		i = (i + 1) % CHAIN;
	}
	kv_batch_free(batch);
}

static void begin_chains(struct sharer *s)
{
	struct kv_batch *batch = kv_batch_new();
	uint8_t value[VALUE_SIZE];
	char key[32];
	unsigned i;

	for (i = 0; i < CHAIN; i++) {
		kv_batch_put(batch, chain_key(key, s, i, 0),
			     value_of(value, i, s->number));
		ck_ok(kv_write(s->race->test.kv, batch));
		put(&s->race->test, "filler", i, s->number);
	}
	kv_batch_free(batch);
}

static void check_chains(struct sharer *s)
{
	uint8_t want[VALUE_SIZE];
	struct kv_value value;
	char key[32];
	unsigned i;

	for (i = 0; i < CHAIN; i++) {
		ck_ok(kv_get(s->race->test.kv, chain_key(key, s, i, s->step[i]),
			     &value));
		ck_assert(slice_eq(value.data, value_of(want, i, s->number)));
		kv_value_release(&value);
	}
}

/* Collects as fast as it can, with all that makes garbage. */
static void collect_for_a_while(struct race *r)
{
	struct kv *kv = r->test.kv;
	unsigned i;

	for (i = 0; i < 60 || r->copies < 500; i++) {
		put(&r->test, "filler", i % CHAIN, 10 + i);
		ck_ok(i % 4 ? kv_flush(kv) : kv_compact(kv));
		ck_ok(gc_run(kv, 0));
	}
}

START_TEST(nothing_that_is_shared_meanwhile_is_lost)
{
	struct kv_options o = small;
	struct sharer sharers[SHARERS] = { 0 };
	struct race r = { 0 };
	unsigned i;

	o.background = _i;
	o.blob_file_bytes_max = 16 * KIB;
	ck_ok(env_mem_new(&r.test.env, 1));
	ck_ok(kv_open(&r.test.kv, r.test.env, &o));
	for (i = 0; i < SHARERS; i++) {
		sharers[i].race = &r;
		sharers[i].number = i;
		begin_chains(&sharers[i]);
	}
	for (i = 0; i < SHARERS; i++)
		ck_ok(thread_start(&sharers[i].thread, "share", 0, share_main,
				   &sharers[i]));
	collect_for_a_while(&r);
	r.stop = true;
	for (i = 0; i < SHARERS; i++)
		thread_join(&sharers[i].thread);
	ck_assert_uint_gt(stats(&r.test).collections, 0);
	for (i = 0; i < SHARERS; i++)
		check_chains(&sharers[i]);
	test_close(&r.test);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("gc");
	TCase *tc = suite_case(s, "collection");

	tcase_add_test(tc, half_overwritten_is_collected);
	tcase_add_test(tc, rewritten_files_are_rewritten);
	tcase_add_test(tc, shared_values_count_once);
	tcase_add_test(tc, readers_keep_the_old_file);
	tcase_add_test(tc, who_is_inside_keeps_a_file);
	tcase_add_test(tc, what_a_memtable_refers_to_is_left);
	tcase_add_test(tc, what_dies_meanwhile_is_no_damage);
	tcase_add_test(tc, what_died_in_the_log_is_not_synced);
	tcase_add_test(tc, damage_stops_one_file);
	tcase_add_test(tc, full_medium_is_no_error_of_the_store);

	tc = suite_case(s, "threads");
	tcase_add_loop_test(tc, nothing_that_is_shared_meanwhile_is_lost, 0, 2);
	return suite_run(s);
}
