/* The promises of kv.h, one by one: opening, batches, iterators. */
#include "tests/engine/small.h"

#include "engine/file_format.h"

static void touch(struct env *env, const char *name)
{
	struct slice bytes = slice_str("somebody's");
	struct env_file *f;

	ck_ok(env_open(env, name, ENV_CREATE, &f));
	ck_ok(env_write_at(f, &bytes, 1, 0));
	env_close(f);
}

START_TEST(without_create_there_must_be_a_store)
{
	struct kv_options options = small_options;
	struct env_names names = { 0 };
	struct env *env = small_env(), *after;
	struct kv *kv;

	options.create = false;
	ck_assert_int_eq(kv_open(&kv, env, &options), -ENOENT);
	ck_ok(env_list(env, &names));
	ck_assert_uint_eq(names.count, 0);
	env_names_fini(&names);

	ck_ok(kv_close(small_open(env)));
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
	struct env *env = small_env();
	uint64_t bytes;
	struct kv *kv;

	touch(env, "thesis.tex");
	bytes = env_mem_bytes(env);
	ck_assert_int_eq(kv_open(&kv, env, &small_options), -ENOTEMPTY);
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
		env = small_env();
		env_mem_arm(env, ENV_MEM_CUT, ++k, true);
		rc = kv_open(&first, env, &small_options);
		for (loss = ENV_MEM_LOSE_RANDOM; loss <= ENV_MEM_LOSE_OLDEST;
		     loss++) {
			ck_ok(env_mem_cut(env, loss, k, &after));
			ck_ok(kv_open(&kv, after, &small_options));
			small_fill(kv, 0, 3, 100);
			ck_ok(small_check(kv, 2, 100));
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
	struct env *env = small_env();
	struct kv *kv = small_open(env);
	uint64_t bytes;

	small_fill(kv, 0, 10, 100);
	ck_ok(kv_flush(kv));
	ck_ok(kv_close(kv));
	ck_ok(env_remove(env, FILE_SUPER_NAME));
	bytes = env_mem_bytes(env);
	ck_assert_int_eq(kv_open(&kv, env, &small_options), -EUCLEAN);
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
	ck_ok(kv_open(&kv, a, &small_options));
	ck_assert_int_eq(kv_open(&again, b, &small_options), -EBUSY);
	small_fill(kv, 0, 10, 100);
	ck_ok(kv_close(kv));
	env_free(a);
	ck_ok(kv_open(&again, b, &small_options));
	ck_ok(small_check(again, 9, 100));
	ck_ok(kv_close(again));
	env_free(b);
	snprintf(command, sizeof(command), "rm -r %s", path);
	ck_ok(system(command));
}
END_TEST

START_TEST(options_that_cannot_be)
{
	struct kv_options options = small_options;
	struct env *env = small_env();
	struct kv *kv;

	options.block_bytes = 0;
	ck_assert_int_eq(kv_open(&kv, env, &options), -EINVAL);
	options = small_options;
	options.separate_at = 0;
	ck_assert_int_eq(kv_open(&kv, env, &options), -EINVAL);
	env_free(env);
}
END_TEST

START_TEST(keys_and_values_have_limits)
{
	static uint8_t key[KV_KEY_MAX + 1];
	uint8_t *value = calloc(1, KV_VALUE_MAX + 1);
	struct env *env = small_env();
	struct kv *kv = small_open(env);
	struct slice v = slice_str("v");
	struct kv_value got;
	size_t size;

	ck_assert_ptr_nonnull(value);
	ck_assert_int_eq(small_put(kv, slice_of(key, 0), v), -EINVAL);
	ck_assert_int_eq(small_put(kv, slice_of(key, KV_KEY_MAX + 1), v),
			 -EINVAL);
	ck_assert_int_eq(small_put(kv, v, slice_of(value, KV_VALUE_MAX + 1)),
			 -E2BIG);
	ck_ok(small_put(kv, slice_of(key, KV_KEY_MAX), v));
	ck_ok(small_put(kv, slice_of(key, 1), slice_of(value, KV_VALUE_MAX)));
	ck_ok(small_put(kv, slice_str("empty"), slice_of(NULL, 0)));

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
	struct env *env = small_env();
	struct kv *kv = small_open(env);
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

static void expect_bytes(struct kv *kv, const char *key, struct slice want)
{
	struct kv_value got;

	ck_ok(kv_get(kv, slice_str(key), &got));
	ck_assert(slice_eq(got.data, want));
	kv_value_release(&got);
}

/* More is added after the first values were compressed; and it is emptied. */
START_TEST(a_batch_may_be_prepared)
{
	static uint8_t bytes[3][100000];
	struct kv_batch *batch = kv_batch_new();
	struct env *env = small_env();
	struct kv *kv = small_open(env);
	struct slice values[3];
	unsigned i;

	for (i = 0; i < 3; i++) {
		memset(bytes[i], 'a' + (int)i, sizeof(bytes[i]));
		values[i] = slice_of(bytes[i], sizeof(bytes[i]));
	}
	kv_batch_put_borrowed(batch, slice_str("gone"), values[2]);
	ck_ok(kv_write_prepare(kv, batch));
	kv_batch_reset(batch);

	ck_ok(kv_write_prepare(kv, batch));
	kv_batch_put(batch, slice_str("small"), slice_str("v"));
	kv_batch_put_borrowed(batch, slice_str("a"), values[0]);
	ck_ok(kv_write_prepare(kv, batch));
	ck_ok(kv_write_prepare(kv, batch));
	kv_batch_delete(batch, slice_str("small"));
	kv_batch_put_borrowed(batch, slice_str("b"), values[1]);
	ck_ok(kv_write(kv, batch));
	kv_batch_put_borrowed(batch, slice_str("c"), values[2]);
	ck_ok(kv_write(kv, batch));

	expect_bytes(kv, "a", values[0]);
	expect_bytes(kv, "b", values[1]);
	expect_bytes(kv, "c", values[2]);
	ck_assert_int_eq(kv_size(kv, slice_str("gone"), &values[0].size),
			 -ENOENT);
	ck_assert_int_eq(kv_size(kv, slice_str("small"), &values[0].size),
			 -ENOENT);
	kv_batch_put_borrowed(batch, slice_str("never"), values[0]);
	ck_ok(kv_write_prepare(kv, batch));
	kv_batch_free(batch);
	ck_ok(kv_verify(kv));
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

START_TEST(changes_of_a_batch_are_made_in_order)
{
	struct kv_batch *batch = kv_batch_new();
	struct env *env = small_env();
	struct kv *kv = small_open(env);
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

START_TEST(iterator_sees_one_moment)
{
	struct slice none = slice_of(NULL, 0), got;
	struct env *env = small_env();
	struct kv *kv = small_open(env);
	uint8_t want[4096];
	struct kv_iter *it;
	unsigned i;
	char key[32];
	int rc;

	small_fill(kv, 0, 50, 2000);
	ck_ok(kv_iter_open(&it, kv, none, none));
	for (i = 0; i < 100; i++)
		ck_ok(small_put(kv, small_key(key, i), slice_str("later")));
	ck_ok(kv_compact(kv));
	/* The values it needs have been dead since. */
	for (i = 0, rc = kv_iter_first(it); rc == 1; rc = kv_iter_next(it)) {
		ck_assert(slice_eq(kv_iter_key(it), small_key(key, i)));
		ck_assert_uint_eq(kv_iter_value_size(it), 2000);
		ck_ok(kv_iter_value(it, &got));
		ck_assert(slice_eq(got, small_value(want, i, 2000)));
		i++;
	}
	ck_ok(rc);
	ck_assert_uint_eq(i, 50);
	kv_iter_close(it);
	ck_ok(kv_close(kv));
	env_free(env);
}
END_TEST

/* Compression is off for what is written then; what makes no sense is refused.
 */
START_TEST(settings_may_change)
{
	struct env *env = small_env();
	struct kv *kv = small_open(env);
	static uint8_t zeros[32 << 10];
	struct kv_tuning t, now;
	struct kv_place place[2];
	struct kv_batch *batch = kv_batch_new();
	struct kv_iter *it;
	int i;

	kv_tuning(kv, &t);
	ck_assert(t.compress);
	for (i = 0; i < 2; i++) {
		t.compress = i == 0;
		ck_ok(kv_tune(kv, &t));
		ck_ok(kv_batch_put(batch, slice_str(i ? "b" : "a"),
				   slice_of(zeros, sizeof(zeros))));
		ck_ok(kv_write(kv, batch));
		ck_ok(kv_flush(kv));
	}
	ck_ok(kv_iter_open(&it, kv, slice_of(NULL, 0), slice_of(NULL, 0)));
	ck_assert_int_eq(kv_iter_first(it), 1);
	ck_ok(kv_iter_place(it, &place[0]));
	ck_assert_int_eq(kv_iter_next(it), 1);
	ck_ok(kv_iter_place(it, &place[1]));
	kv_iter_close(it);
	ck_assert_uint_ne(place[0].file, 0);
	ck_assert_uint_eq(place[0].raw_bytes, sizeof(zeros));
	ck_assert_uint_lt(place[0].stored_bytes, sizeof(zeros) / 2);
	ck_assert_uint_ge(place[1].stored_bytes, sizeof(zeros));

	now = t;
	now.memtable_bytes_max = 0;
	now.compress = true;
	ck_assert_int_eq(kv_tune(kv, &now), -EINVAL);
	now = t;
	now.sync_interval_ms = t.sync_interval_ms ? 0 : 1;
	ck_assert_int_eq(kv_tune(kv, &now), -EINVAL);
	kv_tuning(kv, &now);
	ck_assert(!now.compress);
	ck_assert_uint_eq(now.tree_memory_bytes, t.tree_memory_bytes);
	kv_batch_free(batch);
	ck_ok(kv_close(kv));
	env_free(env);
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
	tcase_add_test(tc, a_batch_may_be_prepared);
	tcase_add_test(tc, changes_of_a_batch_are_made_in_order);

	tc = suite_case(s, "iterators");
	tcase_add_test(tc, iterator_sees_one_moment);
	tcase_add_test(tc, settings_may_change);
	return suite_run(s);
}
