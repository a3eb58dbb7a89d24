/*
 * After a call that failed, the files of a store are those that it names: what
 * was begun is gone, and what was replaced, too.  A file that nobody names
 * would take room until the store is opened again.
 *
 * For each k the k-th call to the env fails, once, in whatever a store does, on
 * one that has work for all of it.
 */
#include "tests/suite.h"

#include "engine/base/env_mem.h"
#include "engine/file_format.h"
#include "engine/store.h"
#include "tests/engine/model.h"

/* Tiny: each of the calls makes several files, and drops several. */
static const struct kv_options options = {
	.create = true,
	.memtable_bytes_max = 64 * KIB,
	.tree_memory_bytes = 64 * KIB,
	.blob_cache_bytes = 64 * KIB,
	.separate_at = 500,
	.block_bytes = 512,
	.sst_bytes_max = 4 * KIB,
	.level_base_bytes = 1 * MIB,
	.blob_file_bytes_max = 8 * KIB,
};

static struct env *env;
static struct kv *kv;

static int put_some(uint32_t version)
{
	struct kv_batch *batch = kv_batch_new();
	uint8_t value[MODEL_VALUE_MAX];
	char key[32];
	unsigned i;
	int rc;

	for (i = 0; i < 30; i++)
		kv_batch_put(batch, model_key(key, i),
			     model_value(value, version + i));
	kv_batch_delete_range(batch, model_key(key, 3), slice_str("b"));
	rc = kv_write(kv, batch);
	kv_batch_free(batch);
	return rc;
}

/* Tables, garbage in blob files, and something in the memtable. */
static void fill(void)
{
	uint32_t version;

	ck_ok(env_mem_new(&env, 1));
	ck_ok(kv_open(&kv, env, &options));
	for (version = 5; version < 300; version += 105) {
		ck_ok(put_some(version));
		ck_ok(kv_flush(kv));
	}
	ck_ok(put_some(version));
}

/* ------------------------------------------------------ what should be -- */

static void expect(struct env_names *names, enum file_kind kind,
		   uint64_t number)
{
	char name[ENV_NAME_MAX + 1];

	file_name(name, kind, number);
	ck_ok(env_names_add(names, name));
}

static void expect_view(struct env_names *names, const struct view *v)
{
	unsigned level;
	size_t i;

	for (level = 0; level < VERSION_LEVELS; level++)
		for (i = 0; i < v->version->levels[level]->count; i++)
			expect(names, FILE_SST,
			       v->version->levels[level]->ssts[i]->number);
	for (i = 0; i < v->version->blob_count; i++)
		expect(names, FILE_BLOB, v->version->blobs[i].blob->number);
	for (i = 0; i < v->frozen_count; i++)
		expect(names, FILE_WAL, v->frozen[i].wal->number);
	expect(names, FILE_WAL, v->active.wal->number);
}

static void expect_all(struct env_names *names)
{
	struct view *v = store_view(kv);

	expect_view(names, v);
	view_unref(v);
	if (kv->spare_wal.number != 0)
		expect(names, FILE_WAL, kv->spare_wal.number);
	expect(names, FILE_MANIFEST, kv->manifest.super.manifest);
	ck_ok(env_names_add(names, FILE_SUPER_NAME));
	ck_ok(env_names_add(names, FILE_LOCK_NAME));
}

static bool has(const struct env_names *names, const char *name)
{
	size_t i = 0;

	while (i < names->count && strcmp(names->names[i], name) != 0)
		i++;
	return i < names->count;
}

/* All that is named is there; @extra files more may be. */
static void check_files(size_t extra, const char *after, uint64_t k)
{
	struct env_names are = { 0 }, named = { 0 };
	size_t i, unnamed = 0;

	ck_ok(env_list(env, &are));
	expect_all(&named);
	for (i = 0; i < named.count; i++)
		if (!has(&are, named.names[i]))
			ck_abort_msg("%s, call %u: %s is missing", after,
				     (unsigned)k, named.names[i]);
	for (i = 0; i < are.count; i++)
		if (!has(&named, are.names[i]) && ++unnamed > extra)
			ck_abort_msg("%s, call %u: %s is left", after,
				     (unsigned)k, are.names[i]);
	env_names_fini(&are);
	env_names_fini(&named);
}

/* --------------------------------------------------------------- faults -- */

static int checkpoint(struct kv *store)
{
	struct env *target;
	int rc;

	ck_ok(env_mem_new(&target, 2));
	rc = kv_checkpoint(store, target);
	env_free(target);
	return rc;
}

/* Values that take several blob files. */
static int put(struct kv *store UNUSED)
{
	return put_some(400);
}

/* As an edit does when the manifest has grown. */
static int rewrite(struct kv *store)
{
	struct view *v;
	int rc;

	mutex_lock(&store->manifest.lock);
	v = store_view(store);
	rc = manifest_rewrite(&store->manifest, v->version);
	if (rc == -EIO)
		store_poison(store, rc);
	view_unref(v);
	mutex_unlock(&store->manifest.lock);
	return rc;
}

static const struct {
	const char *name;
	int (*call)(struct kv *kv);
} jobs[] = {
	{ "flush", kv_flush },
	{ "compact", kv_compact },
	{ "collect", kv_collect },
	{ "checkpoint", checkpoint },
	{ "put", put },
	{ "rewrite", rewrite },
};

static const enum env_mem_fault faults[] = { ENV_MEM_EIO, ENV_MEM_ENOSPC,
					     ENV_MEM_SHORT };

/* What a poisoned store has left goes when it is opened again. */
static void reopen(void)
{
	struct env *next;

	ck_ok(env_mem_cut(env, ENV_MEM_LOSE_NOTHING, 1, &next));
	(void)!kv_close(kv);
	env_free(env);
	env = next;
	ck_ok(kv_open(&kv, env, &options));
}

/*
 * A call that failed without consequence was the removal of a file, which is
 * tried once: that one may be there still.
 */
START_TEST(nothing_is_left_behind)
{
	enum env_mem_fault fault = faults[_i % (int)ARRAY_SIZE(faults)];
	unsigned job = (unsigned)_i / ARRAY_SIZE(faults), failed = 0;
	bool struck = true;
	uint64_t k;
	int rc;

	for (k = 1; struck; k++) {
		fill();
		env_mem_arm(env, fault, k, false);
		rc = jobs[job].call(kv);
		struck = env_mem_faults(env) > 0;
		env_mem_arm(env, ENV_MEM_NONE, 0, false);
		failed += rc < 0;
		if (kv->poison != 0)
			reopen();
		check_files(struck && rc == 0, jobs[job].name, k);
		ck_ok(jobs[job].call(kv));
		check_files(struck && rc == 0, jobs[job].name, k);
		ck_ok(kv_close(kv));
		env_free(env);
	}
	ck_assert_uint_ge(failed, 3);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("leftovers");
	TCase *tc = suite_case(s, "files");

	tcase_add_loop_test(tc, nothing_is_left_behind, 0,
			    ARRAY_SIZE(jobs) * ARRAY_SIZE(faults));
	return suite_run(s);
}
