/*
 * Each allocation of each call of kv.h fails in turn: it is done all the same,
 * or gives -ENOMEM and has changed nothing, and works when it is tried again.
 * With ASan, nothing leaks.
 *
 * One place is left where that cannot be: between the log and the memtable.
 * There it is -EIO, nothing is written any more, and what is opened next has
 * all of the batch or none of it.
 *
 * The linker leads malloc(), its kin and mmap() here; only what is asked for
 * while a test says so is counted.
 */
#include "tests/suite.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "engine/base/env_mem.h"
#include "engine/base/hash.h"
#include "tests/engine/model.h"

/* ----------------------------------------------------------- the faults -- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd,
		  off_t offset);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd,
		  off_t offset);

static unsigned fail_in; /* 0: none fails */
static bool struck;

static bool fails(void)
{
	if (fail_in == 0 || --fail_in > 0)
		return false;
	struck = true;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	return fails() ? NULL : __real_reallocarray(old, count, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(align, size);
}

void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd,
		  off_t offset)
{
	return fails() ? MAP_FAILED
		       : __real_mmap(at, size, prot, flags, fd, offset);
}

/* ------------------------------------------------------------ the store -- */

/* Tiny, so that each call has much to do. */
static const struct kv_options options = {
	.create = true,
	.memtable_bytes_max = 64 * KIB,
	.tree_memory_bytes = 64 * KIB,
	.blob_cache_bytes = 64 * KIB,
	.separate_at = 500,
	.block_bytes = 512,
	.sst_bytes_max = 4 * KIB,
	.level_base_bytes = 8 * KIB,
	.blob_file_bytes_max = 8 * KIB,
	.open_files_max = 3,
};

#define KEYS 30u

static struct env *env;
static struct kv *kv;

static int put_some(uint32_t version)
{
	struct kv_batch *batch = kv_batch_new();
	uint8_t value[MODEL_VALUE_MAX];
	char key[32], source[32];
	unsigned i;
	int rc;

	if (!batch)
		return -ENOMEM;
	for (i = 0; i < KEYS; i++)
		kv_batch_put(batch, model_key(key, i),
			     model_value(value, version + i));
	kv_batch_copy(batch, model_key(key, KEYS + version),
		      model_key(source, 5));
	kv_batch_delete(batch, model_key(key, 7));
	kv_batch_delete_range(batch, model_key(key, 12), model_key(source, 18));
	rc = kv_write(kv, batch);
	kv_batch_free(batch);
	return rc;
}

/* Tables, garbage in blob files, and something in the log. */
static struct env *make_base(void)
{
	struct env *base;
	uint8_t value[MODEL_VALUE_MAX];
	struct kv_batch *batch = kv_batch_new();
	char key[32];
	uint32_t version;

	ck_ok(env_mem_new(&env, 1));
	ck_ok(kv_open(&kv, env, &options));
	kv_batch_put(batch, model_key(key, 5), model_value(value, 5));
	ck_ok(kv_write(kv, batch));
	for (version = 5; version < 105; version += 20) {
		ck_ok(put_some(version));
		ck_ok(kv_flush(kv));
	}
	ck_ok(put_some(version));
	kv_batch_free(batch);
	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &base));
	ck_ok(kv_close(kv));
	env_free(env);
	return base;
}

/* What the store holds; or an error. */
static int sum_up(uint64_t *sum, bool backwards)
{
	struct slice none = slice_of(NULL, 0), value;
	struct kv_iter *it;
	int rc;

	*sum = 0;
	rc = kv_iter_open(&it, kv, none, none);
	if (rc < 0)
		return rc;
	rc = backwards ? kv_iter_last(it) : kv_iter_first(it);
	while (rc == 1) {
		struct slice key = kv_iter_key(it);

		rc = kv_iter_value(it, &value);
		if (rc < 0)
			break;
		*sum += checksum(checksum(1, key.data, key.size), value.data,
				 value.size);
		rc = backwards ? kv_iter_prev(it) : kv_iter_next(it);
	}
	kv_iter_close(it);
	return rc;
}

static uint64_t digest(void)
{
	uint64_t sum;

	ck_ok(sum_up(&sum, false));
	return sum;
}

/* ------------------------------------------------------------- the calls -- */

static int call_write(void)
{
	return put_some(200);
}

static int call_get(void)
{
	struct kv_value value;
	char key[32];
	unsigned i;
	int rc = 0;

	for (i = 0; rc == 0 && i < KEYS; i++) {
		rc = kv_get(kv, model_key(key, i), &value);
		if (rc == 0)
			kv_value_release(&value);
		else if (rc == -ENOENT)
			rc = 0;
	}
	return rc;
}

static int call_walk(void)
{
	uint64_t sum;

	return sum_up(&sum, false);
}

static int call_walk_back(void)
{
	uint64_t sum;

	return sum_up(&sum, true);
}

static int call_snapshot(void)
{
	struct kv_snapshot *snapshot;
	int rc = kv_snapshot_open(&snapshot, kv);

	if (rc < 0)
		return rc;
	rc = put_some(200);
	if (rc == 0)
		rc = kv_compact(kv);
	kv_snapshot_close(snapshot);
	return rc;
}

static int call_sync(void)
{
	return kv_sync(kv, kv_mark(kv));
}

static int call_flush(void)
{
	return kv_flush(kv);
}

static int call_compact(void)
{
	return kv_compact(kv);
}

static int call_collect(void)
{
	return kv_collect(kv);
}

static int call_verify(void)
{
	return kv_verify(kv);
}

static int call_stats(void)
{
	struct kv_stats stats;

	return kv_stats(kv, &stats);
}

static int call_checkpoint(void)
{
	unsigned left = fail_in;
	struct env *target;
	int rc;

	fail_in = 0;
	ck_ok(env_mem_new(&target, 2));
	fail_in = left;
	rc = kv_checkpoint(kv, target);
	left = fail_in;
	fail_in = 0;
	env_free(target);
	fail_in = left;
	return rc;
}

static int ignore(void *arg UNUSED, const struct kv_dump_item *item UNUSED)
{
	return 0;
}

/* All files are whole: what is told of is only want of memory. */
static int call_dump(void)
{
	struct env_names names = { 0 };
	size_t i;
	int rc = env_list(env, &names);

	for (i = 0; rc == 0 && i < names.count; i++)
		if (strcmp(names.names[i], "LOCK") != 0)
			rc = kv_dump(env, names.names[i], true, ignore, NULL);
	env_names_fini(&names);
	return rc;
}

static const struct call {
	const char *name;
	int (*run)(void);
	bool writes;
} calls[] = {
	{ "write", call_write, true },
	{ "get", call_get, false },
	{ "walk", call_walk, false },
	{ "walk back", call_walk_back, false },
	{ "snapshot", call_snapshot, true },
	{ "sync", call_sync, false },
	{ "flush", call_flush, false },
	{ "compact", call_compact, false },
	{ "collect", call_collect, false },
	{ "verify", call_verify, false },
	{ "stats", call_stats, false },
	{ "checkpoint", call_checkpoint, false },
	{ "dump", call_dump, false },
};

/* ------------------------------------------------------------- the loops -- */

static void expect(bool ok, const char *what, unsigned kth, int rc)
{
	ck_assert_msg(ok, "%s, allocation %u: %d %s", what, kth, rc,
		      kv_error_text(rc));
}

/* Opens what @from holds, with the @kth allocation failing. */
static int open_copy(struct env *from, unsigned kth)
{
	int rc;

	ck_ok(env_mem_cut(from, ENV_MEM_LOSE_NOTHING, 1, &env));
	struck = false;
	fail_in = kth;
	rc = kv_open(&kv, env, &options);
	fail_in = 0;
	return rc;
}

static void end_copy(void)
{
	ck_ok(kv_verify(kv));
	ck_ok(kv_close(kv));
	env_free(env);
}

/* The store is poisoned; as found next it is @before, or @after the batch. */
static void expect_poisoned(const char *name, unsigned kth, uint64_t before,
			    uint64_t after)
{
	struct env *old = env;

	expect(digest() == before, name, kth, -EIO);
	expect(put_some(300) == -EROFS, name, kth, -EIO);
	ck_assert_int_eq(kv_close(kv), -EROFS);
	ck_ok(open_copy(old, 0));
	env_free(old);
	expect(digest() == before || digest() == after, name, kth, -EIO);
}

static unsigned count_failed; /* allocations for want of which a call did */
static unsigned count_poisoned;

/* What recovery has flushed is not enough: there is something in memory. */
static void open_used(struct env *base)
{
	ck_ok(open_copy(base, 0));
	ck_ok(put_some(150));
}

/* Returns whether the call has that many allocations. */
static bool fail_call(struct env *base, const struct call *c, unsigned kth,
		      uint64_t before, uint64_t after)
{
	int rc;

	open_used(base);
	struck = false;
	fail_in = kth;
	rc = c->run();
	fail_in = 0;
	expect(rc == 0 || (struck && (rc == -ENOMEM || rc == -EIO)), c->name,
	       kth, rc);
	if (rc == -EIO) {
		expect_poisoned(c->name, kth, before, after);
		count_poisoned++;
	} else if (rc < 0) {
		uint64_t now = digest();

		expect(now == before || (c->writes && now == after), c->name,
		       kth, rc);
		rc = c->run();
		expect(rc == 0, "tried again", kth, rc);
		count_failed++;
	}
	if (rc == 0)
		expect(digest() == (c->writes ? after : before), c->name, kth,
		       rc);
	end_copy();
	return struck;
}

START_TEST(a_call_without_memory_is_done_or_changes_nothing)
{
	const struct call *c = &calls[_i];
	struct env *base = make_base();
	uint64_t before, after;
	unsigned kth;

	open_used(base);
	before = digest();
	ck_ok(c->run());
	after = digest();
	end_copy();
	for (kth = 1; fail_call(base, c, kth, before, after); kth++)
		;
	/* All that it needs is there. */
	if (c->run != call_sync)
		ck_assert_uint_gt(count_failed, 0);
	ck_assert_uint_le(count_poisoned, 3);
	env_free(base);
}
END_TEST

START_TEST(what_cannot_be_opened_for_want_of_memory_opens_later)
{
	struct env *base = make_base(), *old;
	unsigned kth;
	uint64_t want;
	bool again = true;
	int rc;

	ck_ok(open_copy(base, 0));
	want = digest();
	end_copy();
	for (kth = 1; again; kth++) {
		rc = open_copy(base, kth);
		again = struck;
		expect(rc == 0 || (struck && rc == -ENOMEM), "open", kth, rc);
		if (rc < 0) {
			old = env;
			rc = open_copy(old, 0);
			expect(rc == 0, "opened again", kth, rc);
			env_free(old);
		}
		expect(digest() == want, "opened", kth, 0);
		end_copy();
	}
	ck_assert_uint_gt(kth, 50);
	env_free(base);
}
END_TEST

START_TEST(closing_without_memory_loses_nothing)
{
	struct env *base = make_base(), *old;
	unsigned kth;
	uint64_t want;
	bool again = true;
	int rc;

	for (kth = 1; again; kth++) {
		open_used(base);
		want = digest();
		fail_in = kth;
		rc = kv_close(kv);
		fail_in = 0;
		again = struck;
		expect(rc == 0 || (again && rc == -ENOMEM), "close", kth, rc);
		old = env;
		ck_ok(open_copy(old, 0));
		env_free(old);
		expect(digest() == want, "closed", kth, 0);
		end_copy();
	}
	env_free(base);
}
END_TEST

/* Takes SUPER away, and repairs what is left; the log goes with it. */
START_TEST(what_cannot_be_repaired_for_want_of_memory_is_later)
{
	struct env *base = make_base(), *next;
	struct kv_repair_report report;
	unsigned kth, failed = 0;
	bool again = true;
	int rc;

	ck_ok(env_remove(base, "SUPER"));
	for (kth = 1; again; kth++) {
		ck_ok(env_mem_cut(base, ENV_MEM_LOSE_NOTHING, 1, &env));
		struck = false;
		fail_in = kth;
		rc = kv_repair(env, &report);
		fail_in = 0;
		again = struck;
		expect(rc == 0 || (again && rc == -ENOMEM), "repair", kth, rc);
		ck_ok(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &next));
		env_free(env);
		if (rc < 0) {
			failed++;
			rc = kv_repair(next, &report);
			expect(rc == 0 || rc == -EEXIST, "repaired again", kth,
			       rc);
			ck_ok(env_mem_cut(next, ENV_MEM_LOSE_NOTHING, 1, &env));
			env_free(next);
			next = env;
		}
		env = next;
		ck_ok(kv_open(&kv, env, &options));
		end_copy();
	}
	ck_assert_uint_gt(failed, 20);
	env_free(base);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memory");
	TCase *tc = suite_case(s, "memory");

	tcase_add_loop_test(tc,
			    a_call_without_memory_is_done_or_changes_nothing, 0,
			    (int)ARRAY_SIZE(calls));
	tcase_add_test(tc,
		       what_cannot_be_opened_for_want_of_memory_opens_later);
	tcase_add_test(tc, closing_without_memory_loses_nothing);
	tcase_add_test(tc, what_cannot_be_repaired_for_want_of_memory_is_later);
	return suite_run(s);
}
