/*
 * A small store in memory, with keys and values that follow from numbers.
 */
#ifndef TESTS_ENGINE_SMALL_H
#define TESTS_ENGINE_SMALL_H

#include "tests/suite.h"

#include <stdio.h>

#include "engine/base/env_mem.h"
#include "engine/base/mem_rand.h"
#include "engine/kv.h"

static const struct kv_options small_options = {
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

static inline struct env *small_env(void)
{
	struct env *env;

	ck_ok(env_mem_new(&env, 1));
	return env;
}

static inline struct kv *small_open(struct env *env)
{
	struct kv *kv;

	ck_ok(kv_open(&kv, env, &small_options));
	return kv;
}

static inline int small_put(struct kv *kv, struct slice key, struct slice value)
{
	struct kv_batch *batch = kv_batch_new();
	int rc;

	kv_batch_put(batch, key, value);
	rc = kv_write(kv, batch);
	kv_batch_free(batch);
	return rc;
}

static inline struct slice small_key(char buf[32], unsigned i)
{
	int n = snprintf(buf, 32, "key/%06u", i);

	return slice_of(buf, (size_t)n);
}

/* Bytes that do not compress, so that sizes can be told. */
static inline struct slice small_value(uint8_t *out, unsigned i, size_t size)
{
	struct mem_rand rand = { .state = i };

	mem_rand_fill(&rand, out, size);
	return slice_of(out, size);
}

/* Keys from @from on, @count of them, with values of @size bytes. */
static inline void small_fill(struct kv *kv, unsigned from, unsigned count,
			      size_t size)
{
	uint8_t value[4096];
	char key[32];
	unsigned i;

	for (i = from; i < from + count; i++)
		ck_ok(small_put(kv, small_key(key, i),
				small_value(value, i, size)));
}

/* 0 if key @i has the value that small_fill() gave it, or why not. */
static inline int small_check(struct kv *kv, unsigned i, size_t size)
{
	uint8_t want[4096];
	struct kv_value value;
	char key[32];
	int rc = kv_get(kv, small_key(key, i), &value);

	if (rc < 0)
		return rc;
	if (!slice_eq(value.data, small_value(want, i, size)))
		ck_abort_msg("key %u: wrong value", i);
	kv_value_release(&value);
	return 0;
}

#endif
