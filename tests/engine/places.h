/*
 * Where checkpoints are made, in memory and on disk, and how the small stores
 * are opened that they are made of.
 */
#ifndef TESTS_ENGINE_PLACES_H
#define TESTS_ENGINE_PLACES_H

#include "tests/suite.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/base/env_mem.h"
#include "engine/kv.h"

static const struct kv_options places_options = {
	.create = true,
	.memtable_bytes_max = 512 * KIB,
	.tree_memory_bytes = 0,
	.blob_cache_bytes = 0,
	.separate_at = 1024,
	.block_bytes = 512,
	.sst_bytes_max = 16 * KIB,
	.level_base_bytes = 32 * KIB,
	.blob_file_bytes_max = 32 * KIB,
};

/* Made by places_on_disk(), removed by places_remove(); empty: there is none.
 */
static char places_dirs[2][PATH_MAX];

static inline struct env *places_on_disk(unsigned i)
{
	const char *tmp = getenv("TMPDIR");
	struct env *env;

	snprintf(places_dirs[i], sizeof(places_dirs[i]),
		 "%s/test_checkpoint.XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(places_dirs[i]));
	ck_ok(env_posix_new(&env, places_dirs[i], false));
	return env;
}

static inline void places_remove(void)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		DIR *d = places_dirs[i][0] ? opendir(places_dirs[i]) : NULL;
		struct dirent *de;

		if (!d)
			continue;
		while ((de = readdir(d)))
			unlinkat(dirfd(d), de->d_name, 0);
		closedir(d);
		rmdir(places_dirs[i]);
		places_dirs[i][0] = '\0';
	}
}

static inline struct env *places_in_memory(uint64_t seed)
{
	struct env *env;

	ck_ok(env_mem_new(&env, seed));
	return env;
}

/* What the disk holds if the power fails now. */
static inline struct env *places_cut(struct env *env, enum env_mem_loss loss,
				     uint64_t seed)
{
	struct env *after;

	ck_ok(env_mem_cut(env, loss, seed, &after));
	return after;
}

#endif
