/* Stores that lost what leads to their files, and what a repair finds. */
#include "tests/suite.h"

#include <stdio.h>

#include "engine/base/env_mem.h"
#include "engine/file_format.h"
#include "engine/kv.h"
#include "tests/engine/model.h"

static struct kv_options small = {
	.create = true,
	.memtable_bytes_max = 512 * KIB,
	.tree_memory_bytes = 0,
	.blob_cache_bytes = 0,
	.separate_at = 1024,
	.block_bytes = 512,
	.sst_bytes_max = 8 * KIB,
	.level_base_bytes = 16 * KIB,
	.blob_file_bytes_max = 64 * KIB,
};

static struct env *env;
static struct kv *kv;
static struct model model;
static struct kv_repair_report report;

/* How a store comes to be found damaged. */
enum shape {
	SHAPE_EMPTY,
	SHAPE_LOG,    /* all in the log, the process was killed */
	SHAPE_TABLES, /* closed in order */
	SHAPE_LEVELS, /* tables on several levels, and a log */
	SHAPES,
};

/* Large values stay, so that no blob file is due to be collected. */
static void change(uint64_t *random, unsigned count)
{
	uint8_t value[MODEL_VALUE_MAX];
	char key[32];

	while (count--) {
		struct kv_batch *batch;
		unsigned i = (unsigned)(model_random(random) % MODEL_KEYS);
		uint32_t version = (uint32_t)(model_random(random) >> 33) + 1;

		if (model.version[i] && model.version[i] % 5 == 0)
			continue;
		batch = kv_batch_new();

		if (version % 7 == 0)
			version = 0;
		if (version)
			ck_ok(kv_batch_put(batch, model_key(key, i),
					   model_value(value, version)));
		else
			ck_ok(kv_batch_delete(batch, model_key(key, i)));
		ck_ok(kv_write(kv, batch));
		kv_batch_free(batch);
		model.version[i] = version;
	}
}

static int try_delete_range(unsigned from, unsigned to)
{
	struct kv_batch *batch = kv_batch_new();
	char first[32], behind[32];
	unsigned i;
	int rc;

	/* Of the keys "key/...": those that 3 does not divide. */
	snprintf(first, sizeof(first), "key/%06u", from);
	snprintf(behind, sizeof(behind), "key/%06u", to);
	ck_ok(kv_batch_delete_range(batch, slice_str(first),
				    slice_str(behind)));
	rc = kv_write(kv, batch);
	kv_batch_free(batch);
	for (i = from; i < to; i++)
		if (i % 3)
			model.version[i] = 0;
	return rc;
}

static void delete_range(unsigned from, unsigned to)
{
	ck_ok(try_delete_range(from, to));
}

/* What the disk holds if all that was written got there. */
static void take_disk(uint64_t seed)
{
	struct env *after;

	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, seed, &after));
	env_free(env);
	env = after;
}

static void make(enum shape shape, uint64_t seed)
{
	uint64_t random = seed;
	unsigned i;

	memset(&model, 0, sizeof(model));
	ck_ok(env_mem_new(&env, seed));
	ck_ok(kv_open(&kv, env, &small));
	for (i = 0; i < 12 && shape >= SHAPE_TABLES; i++) {
		change(&random, 120);
		if (i % 5 == 4)
			delete_range(10 * i, 10 * i + 30);
		ck_ok(kv_flush(kv));
	}
	if (shape == SHAPE_LOG || shape == SHAPE_LEVELS)
		change(&random, 150);
	if (shape == SHAPE_TABLES)
		ck_ok(kv_close(kv));
	if (shape == SHAPE_TABLES)
		return take_disk(seed);
	ck_ok(kv_sync(kv, kv_mark(kv)));
	/* Killed: the store goes on, but not on this disk. */
	struct env *live = env;

	ck_ok(env_mem_cut(live, ENV_MEM_LOSE_NOTHING, seed, &env));
	ck_ok(kv_close(kv));
	env_free(live);
}

/* The first name of that kind, in no order; false if there is none. */
static bool find_file(enum file_kind kind, char out[ENV_NAME_MAX + 1])
{
	enum file_kind found;
	struct env_names names;
	uint64_t number;
	bool have = false;
	size_t i;

	ck_ok(env_list(env, &names));
	for (i = 0; i < names.count && !have; i++) {
		have = file_name_parse(names.names[i], &found, &number) &&
		       found == kind;
		if (have)
			memcpy(out, names.names[i], strlen(names.names[i]) + 1);
	}
	env_names_fini(&names);
	return have;
}

static uint64_t size_of(const char *name)
{
	struct env_file *f;
	uint64_t size;

	ck_ok(env_open(env, name, ENV_READ, &f));
	ck_ok(env_size(f, &size));
	env_close(f);
	return size;
}

static void truncate_file(const char *name, uint64_t size)
{
	struct env_file *f;

	ck_ok(env_open(env, name, ENV_WRITE, &f));
	ck_ok(env_truncate(f, size));
	env_close(f);
}

static void flip(const char *name, uint64_t offset)
{
	ck_ok(env_mem_flip(env, name, offset, 0x10));
}

enum harm {
	HARM_NO_SUPER,
	HARM_FLIP_SUPER,
	HARM_CUT_SUPER,
	HARM_NO_MANIFEST,
	HARM_FLIP_MANIFEST,
	HARM_CUT_MANIFEST,
	HARM_FLIP_LAST_EDIT,
	HARM_NO_BOTH,
	HARM_CUT_MANIFEST_NO_SUPER,
	HARMS,
};

static void harm(enum harm h)
{
	char name[ENV_NAME_MAX + 1];

	ck_assert(find_file(FILE_MANIFEST, name));
	if (h == HARM_NO_SUPER || h == HARM_NO_BOTH ||
	    h == HARM_CUT_MANIFEST_NO_SUPER)
		ck_ok(env_remove(env, "SUPER"));
	if (h == HARM_FLIP_SUPER)
		flip("SUPER", 70);
	if (h == HARM_CUT_SUPER)
		truncate_file("SUPER", 100);
	if (h == HARM_NO_MANIFEST || h == HARM_NO_BOTH)
		ck_ok(env_remove(env, name));
	if (h == HARM_FLIP_MANIFEST)
		flip(name, 64 + 5);
	if (h == HARM_FLIP_LAST_EDIT)
		flip(name, size_of(name) - 3);
	if (h == HARM_CUT_MANIFEST)
		truncate_file(name, 64 + 10);
	if (h == HARM_CUT_MANIFEST_NO_SUPER)
		truncate_file(name, size_of(name) - 3);
	/* Nothing of this is left to be found in a sector not yet synced. */
	take_disk(5);
}

/* How many keys are not as the model says; none may be if @exact. */
static unsigned check_model(bool exact)
{
	uint8_t want[MODEL_VALUE_MAX];
	struct kv_value value;
	unsigned i, wrong = 0;
	char key[32];

	for (i = 0; i < MODEL_KEYS; i++) {
		int rc = kv_get(kv, model_key(key, i), &value);
		bool same = rc == (model.version[i] ? 0 : -ENOENT);

		if (rc == 0) {
			same = same &&
			       slice_eq(value.data,
					model_value(want, model.version[i]));
			kv_value_release(&value);
		}
		if (exact && !same)
			ck_abort_msg("key %u: %d, version %u", i, rc,
				     model.version[i]);
		wrong += !same;
	}
	ck_ok(kv_verify(kv));
	return wrong;
}

static void open_repaired(uint64_t seed)
{
	struct kv_options options = small;

	take_disk(seed);
	options.create = false;
	ck_ok(kv_open(&kv, env, &options));
}

static void close_repaired(void)
{
	ck_ok(kv_close(kv));
	env_free(env);
}

/* Whether the store as it is opens; then it holds what it should. */
static bool opens(void)
{
	struct kv_options options = small;
	struct env *probe;
	int rc;

	options.create = false;
	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &probe));
	rc = kv_open(&kv, probe, &options);
	if (rc == 0) {
		check_model(true);
		ck_ok(kv_close(kv));
	}
	env_free(probe);
	return rc == 0;
}

/*
 * Every shape with every harm, and all is there; it goes on from there.  Some
 * harm does not keep the store from opening: what is torn at the end of a
 * manifest was perhaps never answered, and the last edit not needed.
 */
START_TEST(what_was_harmed_is_found_again)
{
	enum harm h = (enum harm)(_i % HARMS);
	uint64_t random = 77;

	make((enum shape)(_i / HARMS), (uint64_t)_i + 1);
	harm(h);
	if (h == HARM_FLIP_LAST_EDIT && opens()) {
		ck_assert_int_eq(kv_repair(env, &report), -EEXIST);
	} else {
		ck_assert(!opens());
		ck_ok(kv_repair(env, &report));
		ck_assert_uint_eq(report.damaged, 0);
		ck_assert_uint_eq(report.values_lost, 0);
	}
	open_repaired(2);
	check_model(true);
	change(&random, 200);
	ck_ok(kv_compact(kv));
	check_model(true);
	close_repaired();
}
END_TEST

/* A whole manifest is gone on with. */
START_TEST(without_super_nothing_is_rewritten)
{
	make(SHAPE_LEVELS, 3);
	harm(HARM_NO_SUPER);
	ck_ok(kv_repair(env, &report));
	ck_assert(!report.rebuilt);
	ck_assert_uint_gt(report.tables, 1);
	open_repaired(2);
	check_model(true);
	close_repaired();
}
END_TEST

START_TEST(a_healthy_store_is_left_alone)
{
	uint64_t bytes;

	make(SHAPE_LEVELS, 3);
	bytes = env_mem_bytes(env);
	ck_assert_int_eq(kv_repair(env, &report), -EEXIST);
	ck_assert_uint_eq(env_mem_bytes(env), bytes);
	open_repaired(2);
	check_model(true);
	close_repaired();
}
END_TEST

START_TEST(twice_is_as_once)
{
	make(SHAPE_LEVELS, 3);
	harm(HARM_NO_BOTH);
	ck_ok(kv_repair(env, &report));
	ck_assert(report.rebuilt);
	take_disk(1);
	ck_assert_int_eq(kv_repair(env, &report), -EEXIST);
	/* And again from the start, among what the first one made. */
	harm(HARM_NO_BOTH);
	ck_ok(kv_repair(env, &report));
	open_repaired(2);
	check_model(true);
	close_repaired();
}
END_TEST

START_TEST(there_must_be_a_store)
{
	ck_ok(env_mem_new(&env, 1));
	ck_assert_int_eq(kv_repair(env, &report), -ENOENT);
	env_free(env);
}
END_TEST

START_TEST(one_that_is_open_is_left_alone)
{
	ck_ok(env_mem_new(&env, 1));
	ck_ok(kv_open(&kv, env, &small));
	ck_assert_int_eq(kv_repair(env, &report), -EBUSY);
	close_repaired();
}
END_TEST

/* _i: in its middle, its footer, its header, or cut off. */
START_TEST(a_damaged_table_is_set_aside)
{
	char name[ENV_NAME_MAX + 1], aside[ENV_NAME_MAX + 1];
	unsigned lost;

	make(SHAPE_TABLES, 3);
	ck_assert(find_file(FILE_SST, name));
	if (_i == 3)
		truncate_file(name, size_of(name) / 2);
	else
		flip(name, _i == 0 ? 100 : _i == 1 ? size_of(name) - 5 : 30);
	harm(HARM_NO_BOTH);
	ck_ok(kv_repair(env, &report));
	ck_assert_uint_eq(report.damaged, 1);
	ck_assert_str_eq(report.damaged_names[0], name);
	snprintf(aside, sizeof(aside), "%.40s.damaged", name);
	ck_assert_uint_gt(size_of(aside), 0);
	open_repaired(2);
	lost = check_model(false);
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_lt(lost, MODEL_KEYS / 2);
	ck_assert_uint_gt(size_of(aside), 0); /* opening leaves it there */
	close_repaired();
}
END_TEST

START_TEST(a_missing_blob_file_is_reported)
{
	char name[ENV_NAME_MAX + 1];
	unsigned lost;
	uint64_t number;
	enum file_kind kind;

	make(SHAPE_TABLES, 3);
	ck_assert(find_file(FILE_BLOB, name));
	ck_assert(file_name_parse(name, &kind, &number));
	ck_ok(env_remove(env, name));
	harm(HARM_NO_BOTH);
	ck_ok(kv_repair(env, &report));
	ck_assert_uint_eq(report.blobs_missing, 1);
	ck_assert_uint_eq(report.missing_ids[0], number);
	ck_assert_uint_gt(report.values_lost, 0);
	open_repaired(2);
	lost = check_model(false);
	ck_assert_uint_eq(lost, report.values_lost);
	close_repaired();
}
END_TEST

/* A blob file that was rewritten; false if there is none. */
static bool find_moved(char out[ENV_NAME_MAX + 1])
{
	static const uint8_t any[16];
	struct file_header header;
	struct env_names names;
	enum file_kind kind;
	uint64_t number;
	struct env_file *f;
	bool have = false;
	size_t i;

	ck_ok(env_list(env, &names));
	for (i = 0; i < names.count && !have; i++) {
		if (!file_name_parse(names.names[i], &kind, &number) ||
		    kind != FILE_BLOB)
			continue;
		ck_ok(file_open(env, kind, number, any, ENV_READ, &f, &header));
		env_close(f);
		have = header.flags & FILE_BLOB_MOVED;
		if (have)
			memcpy(out, names.names[i], strlen(names.names[i]) + 1);
	}
	env_names_fini(&names);
	return have;
}

/* All files of that kind that @from has and the store has not. */
static unsigned put_back(struct env *from, enum file_kind kind)
{
	struct env_file *f, *to;
	struct env_names names;
	enum file_kind found;
	unsigned count = 0;
	uint64_t number, size;
	struct slice part;
	uint8_t *bytes;
	size_t i;

	ck_ok(env_list(from, &names));
	for (i = 0; i < names.count; i++) {
		if (!file_name_parse(names.names[i], &found, &number) ||
		    found != kind ||
		    env_open(env, names.names[i], ENV_CREATE, &to) == -EEXIST)
			continue;
		ck_ok(env_open(from, names.names[i], ENV_READ, &f));
		ck_ok(env_size(f, &size));
		bytes = malloc(size);
		ck_ok(env_read_full(f, bytes, size, 0));
		part = slice_of(bytes, size);
		ck_ok(env_write_at(to, &part, 1, 0));
		free(bytes);
		env_close(f);
		env_close(to);
		count++;
	}
	env_names_fini(&names);
	return count;
}

/*
 * A store whose blob files have been collected, twice if @again; returns it as
 * it was before.
 */
static struct env *make_collected(bool again)
{
	struct kv_stats stats;
	struct env *before;

	make(SHAPE_TABLES, 3);
	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &before));
	ck_ok(kv_open(&kv, env, &small));
	delete_range(0, MODEL_KEYS / 2);
	ck_ok(kv_compact(kv));
	ck_ok(kv_collect(kv));
	if (again) {
		delete_range(MODEL_KEYS / 2, MODEL_KEYS);
		ck_ok(kv_compact(kv));
		ck_ok(kv_collect(kv));
	}
	ck_ok(kv_stats(kv, &stats));
	ck_assert_uint_gt(stats.collections, 2);
	ck_assert_uint_gt(stats.blob_file_count, 2);
	ck_ok(kv_close(kv));
	take_disk(1);
	return before;
}

/*
 * _i & 1: what collection had replaced is there again, and what it has made did
 * not all reach the disk; _i & 2: it was collected twice.
 */
START_TEST(a_collected_blob_file_says_its_id)
{
	struct env *before = make_collected(_i & 2);
	char name[ENV_NAME_MAX + 1];
	uint64_t random = 78;

	ck_assert(find_moved(name));
	if (_i & 1) {
		ck_assert_uint_gt(put_back(before, FILE_BLOB), 2);
		flip(name, FILE_HEADER_SIZE + 8);
	}
	harm(HARM_NO_BOTH);
	ck_ok(kv_repair(env, &report));
	ck_assert(report.rebuilt);
	ck_assert_uint_eq(report.damaged, 0);
	ck_assert_uint_eq(report.values_lost, 0);
	open_repaired(2);
	check_model(true);
	change(&random, 200);
	delete_range(0, MODEL_KEYS);
	ck_ok(kv_compact(kv));
	ck_ok(kv_collect(kv));
	check_model(true);
	close_repaired();
	env_free(before);
}
END_TEST

/* _i: what collection had replaced is there again. */
START_TEST(a_manifest_says_which_of_two_blob_files_counts)
{
	struct env *before = make_collected(false);

	if (_i)
		ck_assert_uint_gt(put_back(before, FILE_BLOB), 2);
	harm(HARM_NO_SUPER);
	ck_ok(kv_repair(env, &report));
	ck_assert(!report.rebuilt);
	open_repaired(2);
	check_model(true);
	close_repaired();
	env_free(before);
}
END_TEST

/* Its values are gone then, unless (_i) what it was made of is there again. */
START_TEST(a_damaged_directory_is_set_aside)
{
	struct env *before = make_collected(false);
	char name[ENV_NAME_MAX + 1];
	unsigned lost;

	ck_assert(find_moved(name));
	flip(name, size_of(name) - 20);
	if (_i)
		put_back(before, FILE_BLOB);
	harm(HARM_NO_BOTH);
	ck_ok(kv_repair(env, &report));
	ck_assert_uint_eq(report.damaged, 1);
	ck_assert_str_eq(report.damaged_names[0], name);
	ck_assert_uint_eq(report.blobs_missing, _i ? 0 : 1);
	open_repaired(2);
	lost = check_model(false);
	ck_assert_uint_eq(lost, report.values_lost);
	ck_assert(_i ? lost == 0 : lost > 0);
	close_repaired();
	env_free(before);
}
END_TEST

/*
 * Tables from before a collection know values that it has left out.  What they
 * say is not there, rather than unreadable.
 */
START_TEST(what_was_collected_is_not_promised)
{
	struct env *before = make_collected(false);
	unsigned i, absent = 0;
	struct kv_value value;
	char key[32];
	int rc;

	ck_assert_uint_gt(put_back(before, FILE_SST), 0);
	harm(HARM_NO_BOTH);
	ck_ok(kv_repair(env, &report));
	ck_assert_uint_gt(report.values_lost, 0);
	ck_assert_uint_eq(report.blobs_missing, 0);
	open_repaired(2);
	ck_ok(kv_verify(kv));
	for (i = 0; i < MODEL_KEYS; i++) {
		rc = kv_get(kv, model_key(key, i), &value);
		ck_assert(rc == 0 || (rc == -ENOENT && !model.version[i]));
		absent += rc == -ENOENT;
		if (rc == 0)
			kv_value_release(&value);
	}
	ck_assert_uint_ge(absent, report.values_lost);
	close_repaired();
	env_free(before);
}
END_TEST

/* Keys that the model has; others may have come back, as repair.c says. */
static void expect_kept(void)
{
	uint8_t want[MODEL_VALUE_MAX];
	struct kv_value value;
	char key[32];
	unsigned i;

	ck_ok(kv_verify(kv));
	for (i = 0; i < MODEL_KEYS; i++) {
		if (!model.version[i])
			continue;
		ck_ok(kv_get(kv, model_key(key, i), &value));
		ck_assert(slice_eq(value.data,
				   model_value(want, model.version[i])));
		kv_value_release(&value);
	}
}

/* The power fails at call @k of a collection; true if it had as many. */
static bool collect_and_cut(uint64_t k, enum env_mem_loss loss)
{
	struct env *after;
	bool struck;

	make(SHAPE_TABLES, 3);
	ck_ok(kv_open(&kv, env, &small));
	env_mem_arm(env, ENV_MEM_CUT, k, true);
	if (try_delete_range(0, MODEL_KEYS) == 0 && kv_compact(kv) == 0)
		(void)!kv_collect(kv);
	struck = env_mem_faults(env) > 0;
	ck_ok(env_mem_cut(env, loss, k, &after));
	(void)!kv_close(kv);
	env_free(env);
	env = after;
	return struck;
}

/* What is in place by then, old files or new ones or both, is enough. */
START_TEST(a_cut_at_each_call_of_a_collection)
{
	uint64_t k;

	for (k = 1; collect_and_cut(k, (enum env_mem_loss)_i);
	     k += 1 + k / 12) {
		harm(HARM_NO_BOTH);
		ck_ok(kv_repair(env, &report));
		open_repaired(2);
		expect_kept();
		close_repaired();
	}
	env_free(env);
	ck_assert_uint_gt(k, 100);
}
END_TEST

/* Whatever call fails, the next attempt finds everything. */
START_TEST(a_fault_at_each_call)
{
	enum env_mem_fault fault = _i ? ENV_MEM_CUT : ENV_MEM_ENOSPC;
	bool struck = true;
	uint64_t k;
	int rc;

	for (k = 1; struck; k += 1 + k / 20) {
		make(SHAPE_LEVELS, 3);
		harm(HARM_NO_BOTH);
		env_mem_arm(env, fault, k, false);
		rc = kv_repair(env, &report);
		struck = env_mem_faults(env) > 0;
		ck_assert_int_eq(rc == 0, !struck);
		if (struck && !_i)
			ck_assert_int_eq(rc, -ENOSPC);
		if (struck) {
			take_disk(k);
			rc = kv_repair(env, &report);
			/* The last call, after SUPER was renamed. */
			ck_assert(rc == 0 || rc == -EEXIST);
		}
		open_repaired(2);
		check_model(true);
		close_repaired();
	}
	ck_assert_uint_gt(k, 10);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("repair");
	TCase *tc = suite_case(s, "repair");

	tcase_add_loop_test(tc, what_was_harmed_is_found_again, 0,
			    SHAPES * HARMS);
	tcase_add_test(tc, without_super_nothing_is_rewritten);
	tcase_add_test(tc, a_healthy_store_is_left_alone);
	tcase_add_test(tc, twice_is_as_once);
	tcase_add_test(tc, there_must_be_a_store);
	tcase_add_test(tc, one_that_is_open_is_left_alone);
	tcase_add_loop_test(tc, a_damaged_table_is_set_aside, 0, 4);
	tcase_add_test(tc, a_missing_blob_file_is_reported);
	tcase_add_loop_test(tc, a_collected_blob_file_says_its_id, 0, 4);
	tcase_add_loop_test(tc, a_manifest_says_which_of_two_blob_files_counts,
			    0, 2);
	tcase_add_loop_test(tc, a_damaged_directory_is_set_aside, 0, 2);
	tcase_add_test(tc, what_was_collected_is_not_promised);
	tcase_add_loop_test(tc, a_cut_at_each_call_of_a_collection, 0, 4);
	tcase_add_loop_test(tc, a_fault_at_each_call, 0, 2);
	return suite_run(s);
}
