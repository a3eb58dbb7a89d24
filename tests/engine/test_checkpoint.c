/* Checkpoints: what they hold, under faults, and what becomes of both stores.
 */
#include "tests/suite.h"

#include <sys/stat.h>

#include "tests/engine/forward.h"
#include "tests/engine/model.h"
#include "tests/engine/places.h"

static void set(struct kv *kv, struct model *m, unsigned i, uint32_t version)
{
	struct kv_batch *batch = kv_batch_new();
	uint8_t value[MODEL_VALUE_MAX];
	char key[32];

	if (version)
		ck_ok(kv_batch_put(batch, model_key(key, i),
				   model_value(value, version)));
	else
		ck_ok(kv_batch_delete(batch, model_key(key, i)));
	ck_ok(kv_write(kv, batch));
	kv_batch_free(batch);
	m->version[i] = version;
}

/* Some random changes; one in five is a delete. */
static void change(struct kv *kv, struct model *m, uint64_t *random,
		   unsigned count)
{
	while (count--) {
		unsigned i = (unsigned)(model_random(random) % MODEL_KEYS);
		uint32_t version = (uint32_t)(model_random(random) >> 33);

		set(kv, m, i, version % 5 == 1 ? 0 : version + 1);
	}
}

static void check_model(struct kv *kv, const struct model *m)
{
	uint8_t want[MODEL_VALUE_MAX];
	struct kv_value value;
	char key[32];
	unsigned i;

	for (i = 0; i < MODEL_KEYS; i++) {
		int rc = kv_get(kv, model_key(key, i), &value);

		ck_assert_int_eq(rc, m->version[i] ? 0 : -ENOENT);
		if (rc < 0)
			continue;
		ck_assert(
			slice_eq(value.data, model_value(want, m->version[i])));
		kv_value_release(&value);
	}
	ck_ok(kv_verify(kv));
}

/* Opens what must be there, and checks it. */
static struct kv *open_as(struct env *env, const struct model *m)
{
	struct kv_options options = places_options;
	struct kv *kv;

	options.create = false;
	ck_ok(kv_open(&kv, env, &options));
	check_model(kv, m);
	return kv;
}

static size_t file_count(struct env *env)
{
	struct env_names names;
	size_t count;

	ck_ok(env_list(env, &names));
	count = names.count + names.foreign;
	env_names_fini(&names);
	return count;
}

/* ----------------------------------------------------------- a quiet one -- */

static struct env *env;
static struct kv *kv;
static struct model model;

/*
 * Several levels, tombstones, sealed and active blob files.  Synced, so that a
 * power cut must lose nothing.
 */
static void open_filled(struct env *where)
{
	uint64_t random = 5;

	memset(&model, 0, sizeof(model));
	env = where;
	ck_ok(kv_open(&kv, env, &places_options));
	change(kv, &model, &random, 300);
	ck_ok(kv_flush(kv));
	change(kv, &model, &random, 100);
	ck_ok(kv_flush(kv));
	change(kv, &model, &random, 20);
	ck_ok(kv_sync(kv, kv_mark(kv)));
}

static void close_filled(void)
{
	ck_ok(kv_close(kv));
	env_free(env);
}

START_TEST(an_empty_store)
{
	struct env *target = places_in_memory(2), *after;

	env = places_in_memory(1);
	ck_ok(kv_open(&kv, env, &places_options));
	ck_ok(kv_checkpoint(kv, target));
	after = places_cut(target, ENV_MEM_LOSE_ALL, 1);
	ck_ok(kv_close(open_as(after, &model)));
	env_free(after);
	env_free(target);
	close_filled();
}
END_TEST

/* What is done to one is not seen in the other, in either direction. */
static void live_apart(struct env *copy_env)
{
	struct model theirs = model;
	struct kv *copy = open_as(copy_env, &theirs);
	uint64_t random = 9;
	unsigned i;

	/* All logs are begun anew, all tables merged, blob files dropped. */
	for (i = 0; i < 3; i++) {
		change(kv, &model, &random, 300);
		ck_ok(kv_compact(kv));
	}
	check_model(copy, &theirs);
	for (i = 0; i < MODEL_KEYS; i++)
		set(copy, &theirs, i, 0);
	ck_ok(kv_compact(copy));
	check_model(kv, &model);
	change(copy, &theirs, &random, 300);
	for (i = 0; i < MODEL_KEYS; i++)
		set(kv, &model, i, 0);
	ck_ok(kv_compact(kv));
	check_model(copy, &theirs);
	ck_ok(kv_close(copy));
}

START_TEST(both_go_on_by_themselves)
{
	struct env *target = places_in_memory(2), *after;

	open_filled(places_in_memory(1));
	ck_ok(kv_checkpoint(kv, target));
	after = places_cut(target, ENV_MEM_LOSE_NOTHING, 1);
	live_apart(after);
	env_free(after);
	env_free(target);
	close_filled();
}
END_TEST

/* The same on disk, where files are truly shared. */
START_TEST(both_go_on_by_themselves_on_disk)
{
	struct env *target = places_on_disk(1), *after;

	open_filled(places_on_disk(0));
	ck_ok(kv_checkpoint(kv, target));
	env_free(target);
	ck_ok(env_posix_new(&after, places_dirs[1], false));
	live_apart(after);
	env_free(after);
	close_filled();
}
END_TEST

/* Files of each kind in the second directory that are also in the first. */
static void count_shared(unsigned *tables, unsigned *blobs, unsigned *others)
{
	DIR *d = opendir(places_dirs[1]);
	struct dirent *de;
	struct stat st;

	ck_assert_ptr_nonnull(d);
	while ((de = readdir(d))) {
		ck_ok(fstatat(dirfd(d), de->d_name, &st, 0));
		if (!S_ISREG(st.st_mode) || st.st_nlink < 2)
			continue;
		if (strstr(de->d_name, ".sst"))
			++*tables;
		else if (strstr(de->d_name, ".blob"))
			++*blobs;
		else
			++*others;
	}
	closedir(d);
}

START_TEST(only_what_never_changes_is_shared)
{
	unsigned tables = 0, blobs = 0, others = 0;
	struct env *target = places_on_disk(1);
	struct kv_stats stats;

	open_filled(places_on_disk(0));
	ck_ok(kv_checkpoint(kv, target));
	ck_ok(kv_stats(kv, &stats));
	count_shared(&tables, &blobs, &others);
	ck_assert_uint_eq(tables, stats.sst_count);
	ck_assert_uint_gt(stats.blob_file_count, 1);
	ck_assert_uint_eq(blobs, stats.blob_file_count - 1); /* not the last */
	ck_assert_uint_eq(others, 0);
	env_free(target);
	close_filled();
}
END_TEST

/* Nothing that the source does changes a byte of the files in the target. */
START_TEST(the_source_does_not_write_into_it)
{
	struct env *target = places_in_memory(2);
	uint64_t random = 3, bytes;

	open_filled(places_in_memory(1));
	ck_ok(kv_checkpoint(kv, target));
	bytes = env_mem_bytes(target);
	change(kv, &model, &random, 300);
	ck_ok(kv_flush(kv));
	ck_assert_uint_eq(env_mem_bytes(target), bytes);
	env_free(target);
	close_filled();
}
END_TEST

START_TEST(what_is_not_empty_is_left_alone)
{
	struct env *target = places_in_memory(2);
	struct env_file *f;

	open_filled(places_in_memory(1));
	ck_ok(env_open(target, "somebodys", ENV_CREATE, &f));
	env_close(f);
	ck_assert_int_eq(kv_checkpoint(kv, target), -ENOTEMPTY);
	ck_assert_uint_eq(file_count(target), 1);
	env_free(target);

	/* Not even onto itself, or onto one that is there already. */
	ck_assert_int_eq(kv_checkpoint(kv, env), -ENOTEMPTY);
	target = places_in_memory(3);
	ck_ok(kv_checkpoint(kv, target));
	ck_assert_int_eq(kv_checkpoint(kv, target), -ENOTEMPTY);
	env_free(target);
	check_model(kv, &model);
	close_filled();
}
END_TEST

START_TEST(what_is_in_use_is_left_alone)
{
	struct env *target = places_in_memory(2);

	open_filled(places_in_memory(1));
	ck_ok(env_lock(target, "LOCK"));
	ck_assert_int_eq(kv_checkpoint(kv, target), -EBUSY);
	ck_assert_uint_eq(file_count(target), 1);
	env_free(target);
	close_filled();
}
END_TEST

static int write_one(void)
{
	struct kv_batch *batch = kv_batch_new();
	int rc;

	ck_ok(kv_batch_put(batch, slice_str("key"), slice_str("value")));
	rc = kv_write(kv, batch);
	kv_batch_free(batch);
	return rc;
}

START_TEST(a_poisoned_store_has_none)
{
	struct env *target = places_in_memory(2);

	open_filled(places_in_memory(1));
	env_mem_arm(env, ENV_MEM_EIO, 1, true);
	ck_assert_int_lt(write_one(), 0);
	env_mem_arm(env, ENV_MEM_NONE, 0, false);
	ck_assert_int_eq(kv_checkpoint(kv, target), -EROFS);
	ck_assert_uint_eq(file_count(target), 0);
	env_free(target);
	ck_assert_int_eq(kv_close(kv), -EROFS);
	env_free(env);
}
END_TEST

/* ------------------------------------------------- what happens meanwhile --
 */

/*
 * A target that lets something happen during a call: the source is compacted
 * when the first file is made, or somebody else makes one before the lock.
 */
struct meddler {
	struct forward forward;
	bool done;
};

static int meddle_open(struct env *e, const char *name, enum env_mode mode,
		       struct env_file **out)
{
	struct meddler *m = container_of(e, struct meddler, forward.env);

	if (!m->done)
		ck_ok(kv_compact(kv));
	m->done = true;
	return forward_open(e, name, mode, out);
}

static int meddle_lock(struct env *e, const char *name)
{
	struct env_file *f;

	ck_ok(env_open(forward_inner(e), "000007.sst", ENV_CREATE, &f));
	env_close(f);
	return forward_lock(e, name);
}

/* The files that the compaction drops are still needed. */
START_TEST(the_source_is_compacted_meanwhile)
{
	struct meddler m = { .done = false };
	struct env *after;

	open_filled(places_in_memory(1));
	forward_init(&m.forward, places_in_memory(2));
	m.forward.ops.open = meddle_open;
	ck_ok(kv_checkpoint(kv, &m.forward.env));
	ck_assert(m.done);
	after = places_cut(m.forward.inner, ENV_MEM_LOSE_ALL, 1);
	ck_ok(kv_close(open_as(after, &model)));
	env_free(after);
	env_free(m.forward.inner);
	close_filled();
}
END_TEST

START_TEST(somebody_was_faster)
{
	struct forward f;

	open_filled(places_in_memory(1));
	forward_init(&f, places_in_memory(2));
	f.ops.lock = meddle_lock;
	ck_assert_int_eq(kv_checkpoint(kv, &f.env), -ENOTEMPTY);
	ck_assert_uint_eq(file_count(f.inner), 1);
	env_free(f.inner);
	close_filled();
}
END_TEST

/* --------------------------------------------------------------- faults -- */

/*
 * Fails the k-th call of the target for each k, until all have been tried. From
 * a @source on the same medium files are shared, from another they are copied.
 */
static void fail_each_call(struct env *source, enum env_mem_fault fault,
			   void (*check)(struct env *target, int rc))
{
	struct env *target;
	bool struck = true;
	uint64_t k;
	int rc;

	open_filled(source);
	for (k = 1; struck; k++) {
		target = places_in_memory(k);
		env_mem_arm(target, fault, k, false);
		rc = kv_checkpoint(kv, target);
		struck = env_mem_faults(target) > 0;
		if (struck)
			check(target, rc);
		else
			ck_ok(rc);
		env_free(target);
	}
	ck_assert_uint_gt(k, 10);
	check_model(kv, &model);
	close_filled();
}

static struct env *source_of(int i)
{
	return i ? places_on_disk(0) : places_in_memory(1);
}

static void check_no_room(struct env *target, int rc)
{
	ck_assert_int_eq(rc, -ENOSPC);
	ck_assert_uint_eq(file_count(target), 0);
}

START_TEST(no_room_at_each_call)
{
	fail_each_call(source_of(_i), ENV_MEM_ENOSPC, check_no_room);
}
END_TEST

/* A call that fails once; the one that lists or removes may be it. */
static void check_failed(struct env *target, int rc)
{
	struct kv_options options = places_options;
	struct kv *copy;
	struct env *after;

	if (rc == 0)
		return; /* it was a call that matters to nobody */
	ck_assert_int_eq(rc, -EIO);
	after = places_cut(target, ENV_MEM_LOSE_NOTHING, 1);
	options.create = false;
	ck_assert_int_lt(kv_open(&copy, after, &options), 0);
	ck_assert_uint_eq(file_count(after), 0);
	env_free(after);
}

START_TEST(an_error_at_each_call)
{
	fail_each_call(source_of(_i), ENV_MEM_EIO, check_failed);
}
END_TEST

START_TEST(a_short_write_at_each_call)
{
	fail_each_call(source_of(_i), ENV_MEM_SHORT, check_failed);
}
END_TEST

/* Whatever the disk holds then: no store, or the whole. */
static void check_cut(struct env *target, int rc)
{
	struct kv_options options = places_options;
	struct env *after;
	struct kv *copy;
	uint64_t seed;

	ck_assert_int_eq(rc, -EIO);
	options.create = false;
	for (seed = 0; seed < 8; seed++) {
		after = places_cut(target, (enum env_mem_loss)(seed % 4), seed);
		if (kv_open(&copy, after, &options) == 0) {
			check_model(copy, &model);
			ck_ok(kv_close(copy));
		}
		env_free(after);
	}
}

START_TEST(a_power_cut_of_the_target)
{
	fail_each_call(source_of(_i), ENV_MEM_CUT, check_cut);
}
END_TEST

/* The source is found as it was, with nothing of the checkpoint's in it. */
static void check_source(const struct model *m, uint64_t seed)
{
	struct env *after = places_cut(env, (enum env_mem_loss)(seed % 4),
				       seed);

	ck_ok(kv_close(open_as(after, m)));
	env_free(after);
}

START_TEST(a_power_cut_of_the_source)
{
	struct env *target;
	uint64_t k;
	int rc = -1;

	for (k = 1; rc < 0; k++) {
		open_filled(places_in_memory(1));
		target = _i ? places_on_disk(1) : places_in_memory(2);
		env_mem_arm(env, ENV_MEM_CUT, k, true);
		rc = kv_checkpoint(kv, target);
		check_source(&model, 4 * k + k % 4);
		(void)!kv_close(kv);
		env_free(env);
		env_free(target);
		places_remove();
		ck_assert_uint_lt(k, 1000);
	}
	ck_assert_uint_gt(k, 10);
}
END_TEST

/* A medium that is too places_options, not a call that fails. */
START_TEST(a_small_target)
{
	struct env *target = places_in_memory(2);

	open_filled(places_on_disk(0));
	env_mem_limit(target, 50000);
	ck_assert_int_eq(kv_checkpoint(kv, target), -ENOSPC);
	ck_assert_uint_eq(file_count(target), 0);
	env_free(target);
	close_filled();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("checkpoint");
	TCase *tc = suite_case(s, "use");

	tcase_add_checked_fixture(tc, NULL, places_remove);
	tcase_add_test(tc, an_empty_store);
	tcase_add_test(tc, both_go_on_by_themselves);
	tcase_add_test(tc, both_go_on_by_themselves_on_disk);
	tcase_add_test(tc, only_what_never_changes_is_shared);
	tcase_add_test(tc, the_source_does_not_write_into_it);
	tcase_add_test(tc, what_is_not_empty_is_left_alone);
	tcase_add_test(tc, what_is_in_use_is_left_alone);
	tcase_add_test(tc, a_poisoned_store_has_none);
	tcase_add_test(tc, the_source_is_compacted_meanwhile);
	tcase_add_test(tc, somebody_was_faster);
	tc = suite_case(s, "faults");
	tcase_add_checked_fixture(tc, NULL, places_remove);
	tcase_add_loop_test(tc, no_room_at_each_call, 0, 2);
	tcase_add_loop_test(tc, an_error_at_each_call, 0, 2);
	tcase_add_loop_test(tc, a_short_write_at_each_call, 1, 2);
	tcase_add_loop_test(tc, a_power_cut_of_the_target, 0, 2);
	tcase_add_loop_test(tc, a_power_cut_of_the_source, 0, 2);
	tcase_add_test(tc, a_small_target);
	return suite_run(s);
}
