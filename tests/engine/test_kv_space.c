/* What kv.h says of the room that a store takes, and what it counts. */
#include "tests/engine/small.h"

#include <unistd.h>

#include "engine/file_format.h"

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
	struct env *env = small_env();
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
	struct env *env = small_env();
	struct kv *kv = small_open(env);
	struct kv_space before, after;

	env_mem_limit(env, 64 * MIB);
	small_fill(kv, 0, 100, 2000);
	ck_ok(kv_space(kv, &before));
	ck_assert_uint_eq(before.bytes_total, 64 * MIB);
	ck_assert_uint_eq(before.bytes_free, 64 * MIB - env_mem_bytes(env));
	small_fill(kv, 100, 1000, 2000);
	ck_ok(kv_space(kv, &after));
	ck_assert_uint_eq(after.bytes_free, 64 * MIB - env_mem_bytes(env));
	ck_assert_uint_lt(after.bytes_free, before.bytes_free);
	/* No reserve was asked for. */
	ck_assert_uint_eq(after.bytes_avail, after.bytes_free);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

START_TEST(statistics_are_plausible)
{
	struct env *env = small_env();
	struct kv *kv = small_open(env);
	struct kv_stats s;

	ck_ok(kv_stats(kv, &s));
	ck_assert_uint_eq(s.sst_count, 0);
	ck_assert_uint_eq(s.blob_file_count, 0);
	ck_assert_uint_eq(s.flushes, 0);
	small_fill(kv, 0, 100, 100);
	small_fill(kv, 100, 100, 2000);
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
	struct env *env = small_env();
	struct kv *kv = small_open(env);
	unsigned before, i;
	char key[32];

	small_fill(kv, 0, 100, 3000);
	ck_ok(kv_compact(kv));
	before = count_blobs(env);
	ck_assert_uint_ge(before, 100 * 3000 / (36 * KIB));
	for (i = 0; i < 100; i++)
		ck_ok(small_put(kv, small_key(key, i), slice_str("small")));
	ck_ok(kv_compact(kv));
	/* Only the active one may be left. */
	ck_assert_uint_le(count_blobs(env), 1);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kv_space");
	TCase *tc = suite_case(s, "space");

	tcase_add_loop_test(tc, full_medium_is_emptied_and_used_again, 0, 2);
	tcase_add_test(tc, space_is_that_of_the_medium);
	tcase_add_test(tc, statistics_are_plausible);
	tcase_add_test(tc, dead_blob_files_are_removed);
	return suite_run(s);
}
