#include "fs/dentry.h"

#include <dirent.h>

#include "engine/base/coding.h"
#include "engine/base/error.h"
#include "fs/schema.h"

void dentry_encode(uint64_t ino, mode_t mode, uint8_t out[DENTRY_FORMAT_SIZE])
{
	put_le64(out, ino);
	out[8] = IFTODT(mode);
}

int dentry_decode(struct dentry *out, struct slice value)
{
	const uint8_t *in = value.data;

	if (value.size != DENTRY_FORMAT_SIZE || get_le64(in) == 0)
		return error_set(-EUCLEAN, "dentry: nonsense");
	out->ino = get_le64(in);
	out->type = in[8];
	return 0;
}

int dentry_check_name(const char *name)
{
	if (name[0] == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0 || strchr(name, '/'))
		return -EINVAL;
	return strlen(name) > FS_NAME_MAX ? -ENAMETOOLONG : 0;
}

static void make_key(struct fs *fs, struct schema_key *key, uint64_t dir,
		     const char *name)
{
	struct slice s = slice_str(name);

	schema_key_dentry(key, dir, schema_name_hash(fs->hash_seed, s), s);
}

int dentry_get(struct fs *fs, uint64_t dir, const char *name,
	       struct dentry *out)
{
	struct schema_key key;
	struct kv_value value;
	int rc;

	if (strlen(name) > FS_NAME_MAX)
		return -ENAMETOOLONG;
	make_key(fs, &key, dir, name);
	rc = kv_get(fs->kv, schema_slice(&key), &value);
	if (rc < 0)
		return rc;
	rc = dentry_decode(out, value.data);
	kv_value_release(&value);
	return rc;
}

int dentry_check_absent(struct fs *fs, uint64_t dir, const char *name)
{
	struct schema_key key;
	size_t size;
	int rc;

	make_key(fs, &key, dir, name);
	rc = kv_size(fs->kv, schema_slice(&key), &size);
	if (rc == -ENOENT)
		return 0;
	return rc < 0 ? rc : -EEXIST;
}

void dentry_stage(struct fs *fs, struct kv_batch *batch, uint64_t dir,
		  const char *name, uint64_t ino, mode_t mode)
{
	uint8_t bytes[DENTRY_FORMAT_SIZE];
	struct schema_key key;

	make_key(fs, &key, dir, name);
	dentry_encode(ino, mode, bytes);
	kv_batch_put(batch, schema_slice(&key), slice_of(bytes, sizeof(bytes)));
}

void dentry_stage_removal(struct fs *fs, struct kv_batch *batch, uint64_t dir,
			  const char *name)
{
	struct schema_key key;

	make_key(fs, &key, dir, name);
	kv_batch_delete(batch, schema_slice(&key));
}
