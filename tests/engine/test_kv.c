/* The promises of kv.h, one by one. */
#include "tests/suite.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/base/env_mem.h"
#include "engine/base/mem_rand.h"
#include "engine/base/thread.h"
#include "engine/file_format.h"
#include "engine/kv.h"

static const struct kv_options small = {
	.create = true,
	.memtable_bytes_max = 1 * MIB,
	.tree_memory_bytes = 0,
	.blob_cache_bytes = 0,
	.separate_at = 1024,
	.block_bytes = 512,
	.sst_bytes_max = 64 * KIB,
	.level_base_bytes = 256 * KIB,
	.blob_file_bytes_max = 32 * KIB,
	.open_files_max = 3,
};

static struct env *new_env(void)
{
	struct env *env;

	ck_ok(env_mem_new(&env, 1));
	return env;
}

static struct kv *open_store(struct env *env)
{
	struct kv *kv;

	ck_ok(kv_open(&kv, env, &small));
	return kv;
}

static void touch(struct env *env, const char *name)
{
	struct slice bytes = slice_str("somebody's");
	struct env_file *f;

	ck_ok(env_open(env, name, ENV_CREATE, &f));
	ck_ok(env_write_at(f, &bytes, 1, 0));
	env_close(f);
}

static int put(struct kv *kv, struct slice key, struct slice value)
{
	struct kv_batch *batch = kv_batch_new();
	int rc;

	kv_batch_put(batch, key, value);
	rc = kv_write(kv, batch);
	kv_batch_free(batch);
	return rc;
}

static struct slice numbered(char buf[32], unsigned i)
{
	int n = snprintf(buf, 32, "key/%06u", i);

	return slice_of(buf, (size_t)n);
}

/* Bytes that do not compress, so that sizes can be told. */
static struct slice value_of(uint8_t *out, unsigned i, size_t size)
{
	struct mem_rand rand = { .state = i };

	mem_rand_fill(&rand, out, size);
	return slice_of(out, size);
}

/* Keys from @from on, @count of them, with values of @size bytes. */
static void fill(struct kv *kv, unsigned from, unsigned count, size_t size)
{
	uint8_t value[4096];
	char key[32];
	unsigned i;

	for (i = from; i < from + count; i++)
		ck_ok(put(kv, numbered(key, i), value_of(value, i, size)));
}

/* 0 if key @i has the value that fill() gave it, or why not. */
static int check_value(struct kv *kv, unsigned i, size_t size)
{
	uint8_t want[4096];
	struct kv_value value;
	char key[32];
	int rc = kv_get(kv, numbered(key, i), &value);

	if (rc < 0)
		return rc;
	if (!slice_eq(value.data, value_of(want, i, size)))
		ck_abort_msg("key %u: wrong value", i);
	kv_value_release(&value);
	return 0;
}

START_TEST(without_create_there_must_be_a_store)
{
	struct kv_options options = small;
	struct env_names names = { 0 };
	struct env *env = new_env(), *after;
	struct kv *kv;

	options.create = false;
	ck_assert_int_eq(kv_open(&kv, env, &options), -ENOENT);
	ck_ok(env_list(env, &names));
	ck_assert_uint_eq(names.count, 0);
	env_names_fini(&names);

	ck_ok(kv_close(open_store(env)));
	/* An env keeps its lock: another one opens the same files again. */
	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_ALL, 1, &after));
	env_free(env);
	ck_ok(kv_open(&kv, after, &options));
	ck_ok(kv_close(kv));
	ck_ok(kv_close(NULL));
	env_free(after);
}
END_TEST

START_TEST(foreign_directory_is_left_alone)
{
	struct env_names names = { 0 };
	struct env *env = new_env();
	uint64_t bytes;
	struct kv *kv;

	touch(env, "thesis.tex");
	bytes = env_mem_bytes(env);
	ck_assert_int_eq(kv_open(&kv, env, &small), -ENOTEMPTY);
	ck_assert_uint_eq(env_mem_bytes(env), bytes);
	ck_ok(env_list(env, &names));
	ck_assert_uint_eq(names.count, 1);
	ck_assert_str_eq(names.names[0], "thesis.tex");
	env_names_fini(&names);
	env_free(env);
}
END_TEST

/* Power fails at each call of the creation; the next one completes it. */
START_TEST(half_created_store_is_completed)
{
	enum env_mem_loss loss;
	struct env *env, *after;
	struct kv *kv, *first;
	uint64_t k = 0;
	int rc;

	do {
		env = new_env();
		env_mem_arm(env, ENV_MEM_CUT, ++k, true);
		rc = kv_open(&first, env, &small);
		for (loss = ENV_MEM_LOSE_RANDOM; loss <= ENV_MEM_LOSE_OLDEST;
		     loss++) {
			ck_ok(env_mem_cut(env, loss, k, &after));
			ck_ok(kv_open(&kv, after, &small));
			fill(kv, 0, 3, 100);
			ck_ok(check_value(kv, 2, 100));
			ck_ok(kv_close(kv));
			env_free(after);
		}
		if (rc == 0)
			kv_close(first);
		env_free(env);
	} while (rc < 0);
	ck_assert_uint_gt(k, 5);
}
END_TEST

START_TEST(store_without_super_is_not_taken_for_a_new_one)
{
	struct env *env = new_env();
	struct kv *kv = open_store(env);
	uint64_t bytes;

	fill(kv, 0, 10, 100);
	ck_ok(kv_flush(kv));
	ck_ok(kv_close(kv));
	ck_ok(env_remove(env, FILE_SUPER_NAME));
	bytes = env_mem_bytes(env);
	ck_assert_int_eq(kv_open(&kv, env, &small), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(kv_error_text(-EUCLEAN), "SUPER"));
	ck_assert_uint_eq(env_mem_bytes(env), bytes);
	env_free(env);
}
END_TEST

START_TEST(store_is_opened_once)
{
	char path[] = "/tmp/test_kv.XXXXXX", command[64];
	struct env *a, *b;
	struct kv *kv, *again;

	ck_assert_ptr_nonnull(mkdtemp(path));
	ck_ok(env_posix_new(&a, path, false));
	ck_ok(env_posix_new(&b, path, false));
	ck_ok(kv_open(&kv, a, &small));
	ck_assert_int_eq(kv_open(&again, b, &small), -EBUSY);
	fill(kv, 0, 10, 100);
	ck_ok(kv_close(kv));
	env_free(a);
	ck_ok(kv_open(&again, b, &small));
	ck_ok(check_value(again, 9, 100));
	ck_ok(kv_close(again));
	env_free(b);
	snprintf(command, sizeof(command), "rm -r %s", path);
	ck_ok(system(command));
}
END_TEST

START_TEST(options_that_cannot_be)
{
	struct kv_options options = small;
	struct env *env = new_env();
	struct kv *kv;

	options.block_bytes = 0;
	ck_assert_int_eq(kv_open(&kv, env, &options), -EINVAL);
	options = small;
	options.separate_at = 0;
	ck_assert_int_eq(kv_open(&kv, env, &options), -EINVAL);
	env_free(env);
}
END_TEST

START_TEST(keys_and_values_have_limits)
{
	static uint8_t key[KV_KEY_MAX + 1];
	uint8_t *value = calloc(1, KV_VALUE_MAX + 1);
	struct env *env = new_env();
	struct kv *kv = open_store(env);
	struct slice v = slice_str("v");
	struct kv_value got;
	size_t size;

	ck_assert_ptr_nonnull(value);
	ck_assert_int_eq(put(kv, slice_of(key, 0), v), -EINVAL);
	ck_assert_int_eq(put(kv, slice_of(key, KV_KEY_MAX + 1), v), -EINVAL);
	ck_assert_int_eq(put(kv, v, slice_of(value, KV_VALUE_MAX + 1)), -E2BIG);
	ck_ok(put(kv, slice_of(key, KV_KEY_MAX), v));
	ck_ok(put(kv, slice_of(key, 1), slice_of(value, KV_VALUE_MAX)));
	ck_ok(put(kv, slice_str("empty"), slice_of(NULL, 0)));

	ck_ok(kv_size(kv, slice_of(key, 1), &size));
	ck_assert_uint_eq(size, KV_VALUE_MAX);
	ck_ok(kv_get(kv, slice_of(key, 1), &got));
	ck_assert(slice_eq(got.data, slice_of(value, KV_VALUE_MAX)));
	kv_value_release(&got);
	ck_ok(kv_get(kv, slice_str("empty"), &got));
	ck_assert_uint_eq(got.data.size, 0);
	kv_value_release(&got);
	ck_ok(kv_get(kv, slice_of(key, KV_KEY_MAX), &got));
	ck_assert(slice_eq(got.data, v));
	kv_value_release(&got);
	got = (struct kv_value){ 0 };
	kv_value_release(&got);
	ck_ok(kv_close(kv));
	free(value);
	env_free(env);
}
END_TEST

START_TEST(batch_has_a_limit)
{
	struct kv_batch *batch = kv_batch_new();
	uint8_t *value = calloc(1, KV_VALUE_MAX);
	unsigned i;
	int rc = 0;

	ck_assert_ptr_nonnull(value);
	for (i = 0; rc == 0 && i < 10; i++)
		rc = kv_batch_put_borrowed(batch, slice_str("key"),
					   slice_of(value, KV_VALUE_MAX));
	ck_assert_int_eq(rc, -E2BIG);
	ck_assert_uint_eq(i, KV_BATCH_MAX / KV_VALUE_MAX);
	kv_batch_free(batch);
	kv_batch_free(NULL);
	free(value);
}
END_TEST

START_TEST(batch_errors_stick)
{
	struct kv_batch *batch = kv_batch_new();
	struct env *env = new_env();
	struct kv *kv = open_store(env);
	struct slice key = slice_str("key"), empty = slice_of(NULL, 0);
	struct kv_value value;

	ck_ok(kv_batch_put(batch, key, key));
	ck_assert_int_eq(kv_batch_delete(batch, empty), -EINVAL);
	ck_assert_int_eq(kv_batch_put(batch, key, key), -EINVAL);
	ck_assert_int_eq(kv_write(kv, batch), -EINVAL);
	ck_assert_int_eq(kv_write(kv, batch), -EINVAL);
	ck_assert_int_eq(kv_get(kv, key, &value), -ENOENT);

	/* A reset forgets it. */
	kv_batch_reset(batch);
	ck_assert_uint_eq(kv_batch_count(batch), 0);
	ck_ok(kv_batch_put(batch, key, key));
	ck_assert_uint_eq(kv_batch_count(batch), 1);
	ck_ok(kv_write(kv, batch));
	ck_assert_uint_eq(kv_batch_count(batch), 0);
	/* Empty by now, which is no error. */
	ck_ok(kv_write(kv, batch));
	ck_ok(kv_get(kv, key, &value));
	kv_value_release(&value);
	kv_batch_free(batch);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

START_TEST(changes_of_a_batch_are_made_in_order)
{
	struct kv_batch *batch = kv_batch_new();
	struct env *env = new_env();
	struct kv *kv = open_store(env);
	struct kv_value value;

	kv_batch_put(batch, slice_str("a"), slice_str("1"));
	kv_batch_put(batch, slice_str("b"), slice_str("1"));
	kv_batch_delete(batch, slice_str("a"));
	kv_batch_put(batch, slice_str("b"), slice_str("2"));
	kv_batch_delete(batch, slice_str("c"));
	kv_batch_put(batch, slice_str("c"), slice_str("3"));
	ck_ok(kv_write(kv, batch));
	ck_assert_int_eq(kv_get(kv, slice_str("a"), &value), -ENOENT);
	ck_ok(kv_get(kv, slice_str("b"), &value));
	ck_assert(slice_eq(value.data, slice_str("2")));
	kv_value_release(&value);
	ck_ok(kv_get(kv, slice_str("c"), &value));
	ck_assert(slice_eq(value.data, slice_str("3")));
	kv_value_release(&value);
	kv_batch_free(batch);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

/*
 * What a sync covered and nothing was written behind: damage to it is told from
 * a torn end by the mark that the sync left.
 */
START_TEST(damage_to_what_was_synced_last_is_told)
{
	struct env *env = new_env(), *after;
	struct kv *kv = open_store(env);
	struct kv *again;

	fill(kv, 0, 10, 100);
	ck_ok(kv_sync(kv, kv_mark(kv)));
	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &after));
	ck_ok(env_mem_flip(after, "000001.wal", 400, 1));
	ck_assert_int_eq(kv_open(&again, after, NULL), -EBADMSG);
	env_free(after);

	/* A log that is gone is missed. */
	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &after));
	ck_ok(env_remove(after, "000001.wal"));
	ck_assert_int_eq(kv_open(&again, after, NULL), -EUCLEAN);
	env_free(after);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

static int put_some(struct kv *kv, unsigned n, size_t size)
{
	struct kv_batch *batch = kv_batch_new();
	uint8_t value[4096];
	char key[32];
	unsigned i;
	int rc;

	/* Incompressible. */
	for (i = 0; i < sizeof(value); i++)
		value[i] = (uint8_t)(n * 2654435761u >> i % 24) ^
			   (uint8_t)(i * 167 + n);
	snprintf(key, sizeof(key), "file%06u", n);
	kv_batch_put(batch, slice_str(key), slice_of(value, size));
	rc = kv_write(kv, batch);
	kv_batch_free(batch);
	return rc;
}

/* A full medium refuses data, admits deletes, and is in use again after. */
static void fill_and_empty(bool background)
{
	struct kv_options o = kv_options_default;
	struct kv_batch *batch = kv_batch_new();
	struct env *env = new_env();
	unsigned n = 0, i, tries;
	char key[32];
	struct kv *kv;
	int rc;

	o.background = background;
	o.memtable_bytes_max = 1 * MIB;
	o.blob_file_bytes_max = 4 * MIB;
	o.sync_interval_ms = 0;
	env_mem_limit(env, 32 * MIB);
	ck_ok(kv_open(&kv, env, &o));
	while ((rc = put_some(kv, n, 4096)) == 0)
		n++;
	ck_assert_int_eq(rc, -ENOSPC);
	ck_assert_uint_gt(n, 24 * MIB / 4096);
	ck_assert_int_eq(put_some(kv, n, 4096), -ENOSPC);

	for (i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "file%06u", i);
		kv_batch_delete(batch, slice_str(key));
		kv_batch_use_reserve(batch);
		ck_ok(kv_write(kv, batch));
	}
	ck_ok(kv_sync(kv, kv_mark(kv)));

	/* With threads it cleans up by itself, once it is asked for room. */
	if (!background)
		ck_ok(kv_compact(kv));
	for (tries = 0; tries < 300; tries++) {
		rc = put_some(kv, n, 4096);
		if (rc == 0)
			break;
		ck_assert_int_eq(rc, -ENOSPC);
		usleep(10000);
	}
	ck_ok(rc);
	for (i = 0; i < n / 2; i++)
		ck_ok(put_some(kv, i, 4096));
	ck_ok(kv_close(kv));
	kv_batch_free(batch);
	env_free(env);
}

START_TEST(full_medium_is_emptied_and_used_again)
{
	fill_and_empty(_i);
}
END_TEST

START_TEST(space_is_that_of_the_medium)
{
	struct env *env = new_env();
	struct kv *kv = open_store(env);
	struct kv_space before, after;

	env_mem_limit(env, 64 * MIB);
	fill(kv, 0, 100, 2000);
	ck_ok(kv_space(kv, &before));
	ck_assert_uint_eq(before.bytes_total, 64 * MIB);
	ck_assert_uint_eq(before.bytes_free, 64 * MIB - env_mem_bytes(env));
	fill(kv, 100, 1000, 2000);
	ck_ok(kv_space(kv, &after));
	ck_assert_uint_eq(after.bytes_free, 64 * MIB - env_mem_bytes(env));
	ck_assert_uint_lt(after.bytes_free, before.bytes_free);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

START_TEST(statistics_are_plausible)
{
	struct env *env = new_env();
	struct kv *kv = open_store(env);
	struct kv_stats s;

	ck_ok(kv_stats(kv, &s));
	ck_assert_uint_eq(s.sst_count, 0);
	ck_assert_uint_eq(s.blob_file_count, 0);
	ck_assert_uint_eq(s.flushes, 0);
	fill(kv, 0, 100, 100);
	fill(kv, 100, 100, 2000);
	ck_ok(kv_stats(kv, &s));
	ck_assert_uint_gt(s.memtable_bytes, 100 * 100);
	ck_assert_uint_gt(s.wal_bytes, 100 * 100);

	ck_ok(kv_compact(kv));
	ck_ok(kv_stats(kv, &s));
	ck_assert_uint_ge(s.flushes, 1);
	ck_assert_uint_ge(s.syncs, 1);
	ck_assert_uint_ge(s.sst_count, 1);
	ck_assert_uint_gt(s.sst_raw_bytes, 100 * 100);
	ck_assert_uint_gt(s.sst_bytes, 100 * 100);
	ck_assert_uint_ge(s.blob_file_count, 100 * 2000 / (32 * KIB));
	ck_assert_uint_ge(s.blob_file_bytes, s.blob_live_bytes);
	ck_assert_uint_ge(s.blob_live_bytes, s.blob_live_raw_bytes);
	ck_assert_uint_eq(s.blob_live_raw_bytes, 100 * 2000);
	/* All files but the lock, the log that waits included, none twice. */
	ck_assert_uint_le(s.disk_bytes, env_mem_bytes(env));
	ck_assert_uint_ge(s.disk_bytes + 1024, env_mem_bytes(env));
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

static unsigned count_blobs(struct env *env)
{
	struct env_names names = { 0 };
	enum file_kind kind;
	uint64_t number;
	unsigned count = 0;
	size_t i;

	ck_ok(env_list(env, &names));
	for (i = 0; i < names.count; i++)
		count += file_name_parse(names.names[i], &kind, &number) &&
			 kind == FILE_BLOB;
	env_names_fini(&names);
	return count;
}

START_TEST(dead_blob_files_are_removed)
{
	struct env *env = new_env();
	struct kv *kv = open_store(env);
	unsigned before, i;
	char key[32];

	fill(kv, 0, 100, 3000);
	ck_ok(kv_compact(kv));
	before = count_blobs(env);
	ck_assert_uint_ge(before, 100 * 3000 / (36 * KIB));
	for (i = 0; i < 100; i++)
		ck_ok(put(kv, numbered(key, i), slice_str("small")));
	ck_ok(kv_compact(kv));
	/* Only the active one may be left. */
	ck_assert_uint_le(count_blobs(env), 1);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

/* The number of the file of that kind which is the first in the list. */
static void find_file(struct env *env, enum file_kind want,
		      char out[ENV_NAME_MAX + 1])
{
	struct env_names names = { 0 };
	enum file_kind kind;
	uint64_t number;
	size_t i;

	out[0] = '\0';
	ck_ok(env_list(env, &names));
	for (i = 0; i < names.count; i++)
		if (file_name_parse(names.names[i], &kind, &number) &&
		    kind == want &&
		    (!out[0] || strcmp(names.names[i], out) < 0))
			memcpy(out, names.names[i], ENV_NAME_MAX + 1);
	env_names_fini(&names);
	ck_assert_str_ne(out, "");
}

static uint64_t size_of(struct env *env, const char *name)
{
	struct env_file *f;
	uint64_t size;

	ck_ok(env_open(env, name, ENV_READ, &f));
	ck_ok(env_size(f, &size));
	env_close(f);
	return size;
}

/* Each damaged byte of an SST is found, while the store is open. */
START_TEST(verify_finds_every_flipped_byte_of_a_table)
{
	struct env *env = new_env();
	struct kv *kv = open_store(env);
	char name[ENV_NAME_MAX + 1];
	uint64_t at, size;
	int rc;

	fill(kv, 0, 30, 50);
	ck_ok(kv_flush(kv));
	ck_ok(kv_verify(kv));
	find_file(env, FILE_SST, name);
	size = size_of(env, name);
	for (at = 0; at < size; at++) {
		ck_ok(env_mem_flip(env, name, at, (uint8_t)(1 << at % 8)));
		rc = kv_verify(kv);
		if (rc != -EBADMSG && rc != -EUCLEAN && rc != -EPROTONOSUPPORT)
			ck_abort_msg("byte %u of %u: %d", (unsigned)at,
				     (unsigned)size, rc);
		if (!strstr(kv_error_text(rc), name))
			ck_abort_msg("byte %u: %s", (unsigned)at,
				     kv_error_text(rc));
		ck_ok(env_mem_flip(env, name, at, (uint8_t)(1 << at % 8)));
	}
	ck_ok(kv_verify(kv));
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

/* Damage takes what it struck, and leaves the rest. */
static void check_damage(enum file_kind kind, size_t value_size)
{
	struct env *env = new_env();
	struct kv *kv = open_store(env);
	char name[ENV_NAME_MAX + 1];
	unsigned i, lost = 0;
	int rc;

	fill(kv, 0, 50, value_size);
	ck_ok(kv_flush(kv));
	find_file(env, kind, name);
	ck_ok(env_mem_flip(env, name, 200, 0x10));
	rc = kv_verify(kv);
	ck_assert_int_eq(rc, -EBADMSG);
	ck_assert_ptr_nonnull(strstr(kv_error_text(rc), name));
	for (i = 0; i < 50; i++) {
		rc = check_value(kv, i, value_size);
		ck_assert(rc == 0 || rc == -EBADMSG);
		lost += rc != 0;
	}
	ck_assert_uint_ge(lost, 1);
	ck_assert_uint_le(lost, 12);

	/* Nor is the store lost for writing. */
	fill(kv, 100, 1, value_size);
	ck_ok(check_value(kv, 100, value_size));
	ck_ok(env_mem_flip(env, name, 200, 0x10));
	ck_ok(kv_verify(kv));
	ck_ok(kv_close(kv));
	env_free(env);
}

START_TEST(damaged_table_is_named_and_the_rest_is_read)
{
	check_damage(FILE_SST, 100);
}
END_TEST

START_TEST(damaged_blob_is_named_and_the_rest_is_read)
{
	check_damage(FILE_BLOB, 3000);
}
END_TEST

START_TEST(failed_sync_poisons_until_reopened)
{
	struct env *env = new_env(), *after;
	struct kv *kv = open_store(env);
	char key[32];

	fill(kv, 0, 10, 100);
	ck_ok(kv_sync(kv, kv_mark(kv)));
	fill(kv, 10, 1, 100);
	env_mem_arm(env, ENV_MEM_EIO, 1, false);
	ck_assert_int_eq(kv_sync(kv, kv_mark(kv)), -EIO);
	ck_assert_int_eq(kv_sync(kv, kv_mark(kv)), -EROFS);
	ck_assert_int_eq(put(kv, numbered(key, 11), slice_str("v")), -EROFS);
	ck_ok(check_value(kv, 10, 100));
	ck_assert_int_eq(kv_close(kv), -EROFS);

	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_ALL, 1, &after));
	env_free(env);
	kv = open_store(after);
	ck_ok(check_value(kv, 9, 100));
	fill(kv, 11, 1, 100);
	ck_ok(kv_close(kv));
	env_free(after);
}
END_TEST

START_TEST(iterator_sees_one_moment)
{
	struct slice none = slice_of(NULL, 0), got;
	struct env *env = new_env();
	struct kv *kv = open_store(env);
	uint8_t want[4096];
	struct kv_iter *it;
	unsigned i;
	char key[32];
	int rc;

	fill(kv, 0, 50, 2000);
	ck_ok(kv_iter_open(&it, kv, none, none));
	for (i = 0; i < 100; i++)
		ck_ok(put(kv, numbered(key, i), slice_str("later")));
	ck_ok(kv_compact(kv));
	/* The values it needs have been dead since. */
	for (i = 0, rc = kv_iter_first(it); rc == 1; rc = kv_iter_next(it)) {
		ck_assert(slice_eq(kv_iter_key(it), numbered(key, i)));
		ck_assert_uint_eq(kv_iter_value_size(it), 2000);
		ck_ok(kv_iter_value(it, &got));
		ck_assert(slice_eq(got, value_of(want, i, 2000)));
		i++;
	}
	ck_ok(rc);
	ck_assert_uint_eq(i, 50);
	kv_iter_close(it);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

#define WRITERS        3
#define KEYS_EACH      100000 /* more than a second is enough for */
#define RACE_MS        700
#define VALUE_BYTES(i) ((i) % 50 ? 40 : 2000)

struct worker {
	struct thread thread;
	struct kv *kv;
	unsigned first;         /* its keys begin here */
	_Atomic unsigned acked; /* how many are in the store */
	_Atomic unsigned *acks; /* of a writer to follow, in a reader */
	_Atomic bool *stop;
	_Atomic int failed; /* the first error, or 0 */
	unsigned rounds;
};

static void write_keys(void *arg)
{
	struct worker *w = arg;
	struct kv_batch *batch = kv_batch_new();
	uint8_t value[4096];
	char key[32];
	unsigned i;
	int rc = 0;

	for (i = 0; rc == 0 && i < KEYS_EACH && !*w->stop; i++) {
		kv_batch_put(batch, numbered(key, w->first + i),
			     value_of(value, w->first + i, VALUE_BYTES(i)));
		rc = kv_write(w->kv, batch);
		if (rc == 0)
			w->acked = i + 1;
	}
	w->failed = rc;
	kv_batch_free(batch);
}

/* Whether key i of the writer whose keys begin at @first reads back. */
static int read_key(struct kv *kv, unsigned first, unsigned i)
{
	uint8_t want[4096];
	struct kv_value got;
	char key[32];
	int rc = kv_get(kv, numbered(key, first + i), &got);

	if (rc < 0)
		return rc;
	if (!slice_eq(got.data, value_of(want, first + i, VALUE_BYTES(i))))
		rc = -EILSEQ;
	kv_value_release(&got);
	return rc;
}

static void read_keys(void *arg)
{
	struct worker *w = arg;
	struct mem_rand rand = { .state = w->first };
	int rc = 0;

	while (rc == 0 && !*w->stop) {
		unsigned acked = *w->acks;

		if (acked == 0)
			continue;
		rc = read_key(w->kv, w->first,
			      (unsigned)mem_rand_below(&rand, acked));
		w->rounds++;
	}
	w->failed = rc;
}

static void sync_store(void *arg)
{
	struct worker *w = arg;
	int rc = 0;

	while (rc == 0 && !*w->stop) {
		rc = kv_sync(w->kv, kv_mark(w->kv));
		w->rounds++;
	}
	w->failed = rc;
}

static void check_all(struct kv *kv, const struct worker *writers)
{
	unsigned i, k;

	for (k = 0; k < WRITERS; k++)
		for (i = 0; i < writers[k].acked; i++)
			if (read_key(kv, writers[k].first, i) != 0)
				ck_abort_msg("writer %u: key %u is not there",
					     k, i);
}

START_TEST(threads_read_all_that_was_acknowledged)
{
	struct worker w[2 * WRITERS + 1] = { 0 };
	struct kv_options options = small;
	struct env *env = new_env(), *after;
	_Atomic bool stop = false;
	struct kv_stats stats;
	struct kv *kv;
	unsigned i;

	options.background = true;
	options.memtable_bytes_max = 256 * KIB;
	options.tree_memory_bytes = 64 * KIB;
	options.blob_cache_bytes = 64 * KIB;
	options.sync_interval_ms = 10;
	ck_ok(kv_open(&kv, env, &options));
	for (i = 0; i < ARRAY_SIZE(w); i++) {
		w[i].kv = kv;
		w[i].stop = &stop;
		w[i].first = i % WRITERS * KEYS_EACH;
		w[i].acks = &w[i % WRITERS].acked;
		ck_ok(thread_start(&w[i].thread, "worker", 0,
				   i < WRITERS       ? write_keys
				   : i < 2 * WRITERS ? read_keys
						     : sync_store,
				   &w[i]));
	}
	usleep(RACE_MS * 1000);
	stop = true;
	for (i = 0; i < ARRAY_SIZE(w); i++) {
		thread_join(&w[i].thread);
		ck_assert_int_eq(w[i].failed, 0);
		ck_assert_uint_gt(i < WRITERS ? w[i].acked : w[i].rounds, 0);
	}
	check_all(kv, w);
	ck_ok(kv_stats(kv, &stats));
	ck_assert_uint_gt(stats.flushes, 0);

	/* And all of it is there after a power cut that follows a sync. */
	ck_ok(kv_sync(kv, kv_mark(kv)));
	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_ALL, 1, &after));
	ck_ok(kv_close(kv));
	env_free(env);
	ck_ok(kv_open(&kv, after, &options));
	check_all(kv, w);
	ck_ok(kv_verify(kv));
	ck_ok(kv_close(kv));
	env_free(after);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kv");
	TCase *tc = suite_case(s, "open");

	tcase_add_test(tc, without_create_there_must_be_a_store);
	tcase_add_test(tc, foreign_directory_is_left_alone);
	tcase_add_test(tc, half_created_store_is_completed);
	tcase_add_test(tc, store_without_super_is_not_taken_for_a_new_one);
	tcase_add_test(tc, store_is_opened_once);
	tcase_add_test(tc, options_that_cannot_be);

	tc = suite_case(s, "batches");
	tcase_add_test(tc, keys_and_values_have_limits);
	tcase_add_test(tc, batch_has_a_limit);
	tcase_add_test(tc, batch_errors_stick);
	tcase_add_test(tc, changes_of_a_batch_are_made_in_order);

	tc = suite_case(s, "maintenance");
	tcase_add_test(tc, damage_to_what_was_synced_last_is_told);
	tcase_add_loop_test(tc, full_medium_is_emptied_and_used_again, 0, 2);
	tcase_add_test(tc, space_is_that_of_the_medium);
	tcase_add_test(tc, statistics_are_plausible);
	tcase_add_test(tc, dead_blob_files_are_removed);
	tcase_add_test(tc, verify_finds_every_flipped_byte_of_a_table);
	tcase_add_test(tc, damaged_table_is_named_and_the_rest_is_read);
	tcase_add_test(tc, damaged_blob_is_named_and_the_rest_is_read);

	tcase_add_test(tc, failed_sync_poisons_until_reopened);
	tcase_add_test(tc, iterator_sees_one_moment);

	tc = suite_case(s, "threads");
	tcase_add_test(tc, threads_read_all_that_was_acknowledged);
	return suite_run(s);
}
