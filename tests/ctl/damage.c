/*
 * Damages the tree in a store that nobody has open: takes the name of the file
 * NAME in the root away, and gives the root too many links.
 *
 * usage: damage STORE NAME
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/env.h"
#include "engine/kv.h"
#include "fs/inode_format.h"
#include "fs/schema.h"
#include "fs/superblock.h"

static int stage_unname(struct kv *kv, struct kv_batch *batch, const char *name)
{
	struct superblock super;
	struct schema_key key;
	int rc;

	rc = superblock_read(kv, &super);
	if (rc < 0)
		return rc;
	schema_key_dentry(&key, FS_ROOT_INO,
			  schema_name_hash(super.hash_seed, slice_str(name)),
			  slice_str(name));
	return kv_batch_delete(batch, schema_slice(&key));
}

static int stage_links(struct kv *kv, struct kv_batch *batch)
{
	uint8_t bytes[INODE_FORMAT_SIZE];
	struct inode_record rec;
	struct schema_key key;
	struct kv_value value;
	int rc;

	schema_key_ino(&key, SCHEMA_INODE, FS_ROOT_INO);
	rc = kv_get(kv, schema_slice(&key), &value);
	if (rc < 0)
		return rc;
	rc = inode_format_decode(&rec, FS_ROOT_INO, value.data);
	kv_value_release(&value);
	if (rc < 0)
		return rc;
	rec.nlink += 7;
	inode_format_encode(&rec, bytes);
	return kv_batch_put(batch, schema_slice(&key),
			    slice_of(bytes, sizeof(bytes)));
}

static int damage(struct kv *kv, const char *name)
{
	struct kv_batch *batch = kv_batch_new();
	int rc;

	if (!batch)
		return -ENOMEM;
	rc = stage_unname(kv, batch, name);
	if (rc == 0)
		rc = stage_links(kv, batch);
	if (rc == 0)
		rc = kv_write(kv, batch);
	kv_batch_free(batch);
	return rc;
}

int main(int argc, char **argv)
{
	struct env *env;
	struct kv *kv;
	int rc;

	if (argc != 3)
		return 2;
	rc = env_posix_new(&env, argv[1], false);
	if (rc == 0)
		rc = kv_open(&kv, env, NULL);
	if (rc == 0) {
		rc = damage(kv, argv[2]);
		if (rc == 0)
			rc = kv_close(kv);
		env_free(env);
	}
	if (rc < 0)
		fprintf(stderr, "damage: %s\n", kv_error_text(rc));
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
