#include "fs/superblock.h"

#include <sys/stat.h>

#include "engine/base/coding.h"
#include "engine/base/error.h"
#include "fs/inode_format.h"
#include "fs/schema.h"

#define FORMAT_VERSION 1
#define INCOMPAT_KNOWN \
	(SUPERBLOCK_XATTRS | SUPERBLOCK_FLAGS | SUPERBLOCK_BLOCKS)

/* Numbers that one write reserves: large, since it is rare and they are many.
 */
#define RESERVE_COUNT ((uint64_t)65536)

void superblock_encode(const struct superblock *super,
		       uint8_t out[SUPERBLOCK_FORMAT_SIZE])
{
	memset(out, 0, SUPERBLOCK_FORMAT_SIZE);
	put_le32(out + 0, FORMAT_VERSION);
	put_le32(out + 4, SCHEMA_CHUNK_BYTES);
	memcpy(out + 8, super->uuid, 16);
	put_le64(out + 24, super->compat);
	put_le64(out + 40, super->incompat);
	put_le64(out + 48, super->hash_seed);
	put_le64(out + 56, super->ino_reserved);
	out[64] = super->clean;
	put_le64(out + 72, super->inodes);
	put_le64(out + 80, super->data_bytes);
}

int superblock_decode(struct superblock *out, struct slice value)
{
	const uint8_t *in = value.data;
	struct superblock super;

	if (value.size < SUPERBLOCK_FORMAT_SIZE)
		return error_set(-EUCLEAN, "superblock: %zu bytes", value.size);
	if (get_le32(in) != FORMAT_VERSION || get_le64(in + 32) != 0 ||
	    (get_le64(in + 40) & ~INCOMPAT_KNOWN) != 0)
		return error_set(-EPROTONOSUPPORT,
				 "superblock: format %u with features %#llx, "
				 "%#llx is unknown to this program",
				 get_le32(in),
				 (unsigned long long)get_le64(in + 32),
				 (unsigned long long)get_le64(in + 40));
	if (value.size != SUPERBLOCK_FORMAT_SIZE ||
	    get_le32(in + 4) != SCHEMA_CHUNK_BYTES || in[64] > 1)
		return error_set(-EUCLEAN, "superblock: nonsense");

	memcpy(super.uuid, in + 8, 16);
	super.compat = get_le64(in + 24);
	super.incompat = get_le64(in + 40);
	super.hash_seed = get_le64(in + 48);
	super.ino_reserved = get_le64(in + 56);
	super.clean = in[64];
	super.inodes = get_le64(in + 72);
	super.data_bytes = get_le64(in + 80);
	if (super.ino_reserved <= FS_ROOT_INO || super.ino_reserved > INT64_MAX)
		return error_set(-EUCLEAN, "superblock: inode numbers");
	*out = super;
	return 0;
}

int superblock_read(struct kv *kv, struct superblock *out)
{
	struct schema_key key;
	struct kv_value value;
	int rc;

	schema_key_kind(&key, SCHEMA_SUPER);
	rc = kv_get(kv, schema_slice(&key), &value);
	if (rc < 0)
		return rc;
	rc = superblock_decode(out, value.data);
	kv_value_release(&value);
	return rc;
}

static void stage(struct kv_batch *batch, const struct superblock *super)
{
	uint8_t bytes[SUPERBLOCK_FORMAT_SIZE];
	struct schema_key key;

	schema_key_kind(&key, SCHEMA_SUPER);
	superblock_encode(super, bytes);
	kv_batch_put(batch, schema_slice(&key), slice_of(bytes, sizeof(bytes)));
}

/* Writes @super, and on success takes it for the one in memory. */
static int write_super(struct fs *fs, const struct superblock *super)
{
	struct kv_batch *batch;
	int rc;

	if (fs->read_only)
		return -EROFS;
	batch = kv_batch_new();
	if (!batch)
		return -ENOMEM;
	stage(batch, super);
	/* Or a full medium could not be mounted, to make room. */
	kv_batch_use_reserve(batch);
	rc = kv_write(fs->kv, batch);
	kv_batch_free(batch);
	if (rc == 0)
		fs->super = *super;
	return rc;
}

static int check_empty(struct fs *fs)
{
	struct kv_iter *it;
	int rc;

	rc = kv_iter_open(&it, fs->kv, slice_of(NULL, 0), slice_of(NULL, 0));
	if (rc < 0)
		return rc;
	rc = kv_iter_first(it);
	kv_iter_close(it);
	if (rc > 0)
		return error_set(-EUCLEAN, "the store has no superblock, "
					   "yet something else in it");
	return rc;
}

/* Superblock and root in one batch: a filesystem is there or it is not. */
static int make(struct fs *fs, const struct fs_options *options)
{
	int64_t now_ns = superblock_now_ns(fs);
	struct inode_record root = {
		.mode = S_IFDIR | 0755,
		.uid = options->root_uid,
		.gid = options->root_gid,
		.nlink = 2,
		.generation = 1,
		.atime_ns = now_ns,
		.mtime_ns = now_ns,
		.ctime_ns = now_ns,
		.btime_ns = now_ns,
		.parent = FS_ROOT_INO,
	};
	struct superblock super = {
		.ino_reserved = FS_ROOT_INO + 1,
		.clean = true,
		.inodes = 1,
	};
	uint8_t bytes[INODE_FORMAT_SIZE];
	struct kv_batch *batch;
	struct schema_key key;
	int rc;

	env_random(fs->env, super.uuid, sizeof(super.uuid));
	env_random(fs->env, &super.hash_seed, sizeof(super.hash_seed));

	batch = kv_batch_new();
	if (!batch)
		return -ENOMEM;
	stage(batch, &super);
	schema_key_ino(&key, SCHEMA_INODE, FS_ROOT_INO);
	inode_format_encode(&root, bytes);
	kv_batch_put(batch, schema_slice(&key), slice_of(bytes, sizeof(bytes)));
	rc = kv_write(fs->kv, batch);
	kv_batch_free(batch);
	if (rc == 0)
		fs->super = super;
	return rc;
}

static int count_inode(struct superblock *super, struct kv_iter *it)
{
	struct schema_parsed key;
	struct inode_record rec;
	struct slice value;
	int rc;

	rc = schema_parse(kv_iter_key(it), &key);
	if (rc == 0)
		rc = kv_iter_value(it, &value);
	if (rc == 0)
		rc = inode_format_decode(&rec, key.ino, value);
	if (rc < 0)
		return rc;
	super->inodes++;
	if (S_ISREG(rec.mode))
		super->data_bytes += rec.size;
	return 0;
}

/* Makes the counters true by looking at every inode. */
static int recount(struct fs *fs)
{
	struct superblock super = fs->super;
	struct schema_key lower, upper;
	struct kv_iter *it;
	int rc;

	super.inodes = 0;
	super.data_bytes = 0;
	schema_key_kind(&lower, SCHEMA_INODE);
	schema_key_kind(&upper, SCHEMA_INODE + 1);
	rc = kv_iter_open(&it, fs->kv, schema_slice(&lower),
			  schema_slice(&upper));
	if (rc < 0)
		return rc;
	rc = kv_iter_first(it);
	while (rc > 0) {
		rc = count_inode(&super, it);
		if (rc == 0)
			rc = kv_iter_next(it);
	}
	kv_iter_close(it);
	/* A part that cannot be read leaves a count that is too small. */
	fs->counters_true = rc == 0;
	if (rc < 0 && !error_is_damage(rc))
		return rc;
	fs->super = super;
	return 0;
}

int superblock_open(struct fs *fs, const struct fs_options *options)
{
	struct superblock super;
	int rc;

	fs->counters_true = true;
	rc = superblock_read(fs->kv, &fs->super);
	if (rc == -ENOENT) {
		rc = check_empty(fs);
		if (rc == 0 && (!options->create || fs->read_only))
			rc = error_set(-ENOENT, "the store is empty");
		if (rc == 0)
			rc = make(fs, options);
	}
	fs->was_clean = fs->super.clean;
	if (rc == 0 && !fs->super.clean)
		rc = recount(fs);
	super = fs->super;
	super.clean = false;
	if (rc == 0 && !fs->read_only)
		rc = write_super(fs, &super);
	if (rc < 0)
		return rc;
	fs->hash_seed = super.hash_seed;
	fs->ino_next = super.ino_reserved;
	atomic_store(&fs->inodes, super.inodes);
	atomic_store(&fs->data_bytes, super.data_bytes);
	return 0;
}

int superblock_close(struct fs *fs)
{
	struct superblock super = fs->super;

	super.clean = fs->counters_true;
	super.ino_reserved = fs->ino_next;
	super.inodes = atomic_load(&fs->inodes);
	super.data_bytes = atomic_load(&fs->data_bytes);
	return write_super(fs, &super);
}

int superblock_need(struct fs *fs, uint64_t feature)
{
	int rc = 0;

	mutex_lock(&fs->super_lock);
	if (!(fs->super.incompat & feature)) {
		struct superblock super = fs->super;

		super.incompat |= feature;
		rc = write_super(fs, &super);
	}
	mutex_unlock(&fs->super_lock);
	return rc;
}

bool superblock_has(struct fs *fs, uint64_t feature)
{
	bool has;

	mutex_lock(&fs->super_lock);
	has = fs->super.incompat & feature;
	mutex_unlock(&fs->super_lock);
	return has;
}

int superblock_reserve(struct fs *fs, uint64_t count, uint64_t *first)
{
	int rc = 0;

	assert(count <= RESERVE_COUNT);
	mutex_lock(&fs->super_lock);
	if (fs->super.ino_reserved - fs->ino_next < count) {
		struct superblock super = fs->super;

		super.ino_reserved += RESERVE_COUNT;
		rc = super.ino_reserved > INT64_MAX ? -ENOSPC
						    : write_super(fs, &super);
	}
	if (rc == 0) {
		*first = fs->ino_next;
		fs->ino_next += count;
	}
	mutex_unlock(&fs->super_lock);
	return rc;
}
