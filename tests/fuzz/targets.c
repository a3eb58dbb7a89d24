#include "tests/fuzz/fuzz.h"

#include "engine/base/env_mem.h"

const struct fuzz_target fuzz_targets[] = {
	{ "log", fuzz_log },
	{ "table", fuzz_table },
	{ "blobs", fuzz_blobs },
	{ "super", fuzz_super },
	{ "block", fuzz_block },
	{ "props", fuzz_props },
	{ "edit", fuzz_edit },
	{ "record", fuzz_record },
	{ "ordinals", fuzz_ordinals },
	{ "key", fuzz_key },
	{ "superblock", fuzz_superblock },
	{ "inode", fuzz_inode },
	{ "dentry", fuzz_dentry },
	{ "orphan", fuzz_orphan },
	{ "acl", fuzz_acl },
	{ "wire", fuzz_wire },
	{ "store", fuzz_store },
	{ "dump", fuzz_dump },
};

const size_t fuzz_target_count = ARRAY_SIZE(fuzz_targets);

const struct fuzz_target *fuzz_find(const char *name)
{
	size_t i;

	for (i = 0; i < fuzz_target_count; i++)
		if (strcmp(fuzz_targets[i].name, name) == 0)
			return &fuzz_targets[i];
	return NULL;
}

void fuzz_add_file(struct env *env, const char *name, struct slice bytes)
{
	struct env_file *f;

	fuzz_check(env_open(env, name, ENV_CREATE, &f) == 0);
	fuzz_check(env_write_at(f, &bytes, 1, 0) == 0);
	env_close(f);
}

struct env *fuzz_env(const char *name, struct slice bytes)
{
	struct env *env;

	fuzz_check(env_mem_new(&env, 1) == 0);
	fuzz_add_file(env, name, bytes);
	return env;
}
