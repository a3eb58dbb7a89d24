#include "fs/orphan.h"

#include <inttypes.h>

#include "engine/base/coding.h"
#include "engine/base/error.h"
#include "fs/schema.h"
#include "fs/truncate.h"
#include "fs/xattr.h"

int orphan_decode(struct orphan *out, struct slice value)
{
	const uint8_t *in = value.data;

	if (value.size != ORPHAN_FORMAT_SIZE || in[8] > 1)
		return error_set(-EUCLEAN, "orphan record: nonsense");
	out->first = get_le64(in);
	out->remove = in[8];
	return 0;
}

void orphan_stage(struct kv_batch *batch, uint64_t ino, uint64_t first,
		  bool remove)
{
	uint8_t bytes[ORPHAN_FORMAT_SIZE];
	struct schema_key key;

	schema_key_ino(&key, SCHEMA_ORPHAN, ino);
	put_le64(bytes, first);
	bytes[8] = remove;
	kv_batch_put(batch, schema_slice(&key), slice_of(bytes, sizeof(bytes)));
}

void orphan_stage_unlinked(struct kv_batch *batch, const struct inode *inode,
			   struct inode_record *rec)
{
	rec->nlink = 0;
	orphan_stage(batch, inode->ino, 0, true);
}

void orphan_stage_linked(struct kv_batch *batch, uint64_t ino)
{
	struct schema_key key;

	schema_key_ino(&key, SCHEMA_ORPHAN, ino);
	kv_batch_delete(batch, schema_slice(&key));
}

static int read_orphan(struct fs *fs, uint64_t ino, struct orphan *out)
{
	struct schema_key key;
	struct kv_value value;
	int rc;

	schema_key_ino(&key, SCHEMA_ORPHAN, ino);
	rc = kv_get(fs->kv, schema_slice(&key), &value);
	if (rc < 0)
		return rc;
	rc = orphan_decode(out, value.data);
	kv_value_release(&value);
	return rc;
}

/* The last batch of a trim. */
static void stage_trimmed(struct kv_batch *batch, const struct inode *inode)
{
	if (inode->rec.nlink == 0)
		orphan_stage(batch, inode->ino, 0, true);
	else
		orphan_stage_linked(batch, inode->ino);
}

/*
 * One batch.  The 'o' record is left as it is until the last: what it asks
 * for may be done again.
 */
static int step(struct fs *fs, struct inode *inode, uint64_t *first, bool *done)
{
	struct inode_record rec = inode->rec;
	struct kv_batch *batch = kv_batch_new();
	int rc;

	if (!batch)
		return -ENOMEM;
	kv_batch_use_reserve(batch);
	rc = truncate_stage_chunks(fs, batch, inode->ino, &rec, first, done);
	if (rc < 0) {
		kv_batch_free(batch);
		return rc;
	}
	if (*done) {
		rec.flags &= ~INODE_PURGE;
		stage_trimmed(batch, inode);
	}
	inode_stage(batch, inode->ino, &rec);
	rc = inode_commit(fs, batch);
	if (rc == 0)
		inode->rec = rec;
	return rc;
}

int orphan_trim(struct fs *fs, struct inode *inode)
{
	struct orphan orphan;
	bool done = false;
	int rc;

	mutex_assert_held(&inode->lock);
	if (inode->gone || !(inode->rec.flags & INODE_PURGE))
		return 0;
	rc = read_orphan(fs, inode->ino, &orphan);
	if (rc == -ENOENT)
		return error_set(-EUCLEAN,
				 "inode %" PRIu64 ": no orphan record",
				 inode->ino);
	while (rc == 0 && !done)
		rc = step(fs, inode, &orphan.first, &done);
	return rc;
}

int orphan_stage_removal(struct fs *fs, struct kv_batch *batch,
			 const struct inode *inode)
{
	const struct inode_record *rec = &inode->rec;
	struct schema_key key;

	mutex_assert_held(&inode->lock);
	assert(rec->nlink == 0);
	if (rec->flags & INODE_PURGE || rec->stored > 0)
		truncate_stage_all(batch, inode->ino, rec);
	schema_key_ino(&key, SCHEMA_ORPHAN, inode->ino);
	kv_batch_delete(batch, schema_slice(&key));
	schema_key_ino(&key, SCHEMA_INODE, inode->ino);
	kv_batch_delete(batch, schema_slice(&key));
	if (rec->flags & INODE_XATTRS)
		return xattr_stage_removal(fs, batch, inode->ino);
	return 0;
}

void orphan_count_removed(struct fs *fs, const struct inode *inode)
{
	atomic_fetch_sub(&fs->inodes, 1);
	if (S_ISREG(inode->rec.mode))
		atomic_fetch_sub(&fs->data_bytes, inode->rec.size);
}

int orphan_remove(struct fs *fs, struct inode *inode)
{
	struct kv_batch *batch;
	int rc;

	if (inode->gone)
		return 0;
	batch = kv_batch_new();
	if (!batch)
		return -ENOMEM;
	kv_batch_use_reserve(batch);
	rc = orphan_stage_removal(fs, batch, inode);
	if (rc < 0) {
		kv_batch_free(batch);
		return rc;
	}
	rc = inode_commit(fs, batch);
	if (rc < 0)
		return rc;
	inode->gone = true;
	orphan_count_removed(fs, inode);
	return 0;
}

static int sweep_one(struct fs *fs, struct slice raw_key) UNCHECKED
{
	struct schema_parsed key;
	struct inode *inode;
	int rc;

	rc = schema_parse(raw_key, &key);
	if (rc < 0)
		return rc;
	rc = inode_get_locked(fs, key.ino, &inode);
	if (rc == -ENOENT)
		return error_set(-EUCLEAN, "orphan %" PRIu64 ": no such inode",
				 key.ino);
	if (rc < 0)
		return rc;
	if (inode->rec.nlink == 0)
		rc = orphan_remove(fs, inode);
	else if (inode->rec.flags & INODE_PURGE)
		rc = orphan_trim(fs, inode);
	else
		rc = error_set(-EUCLEAN, "orphan %" PRIu64 ": is none",
			       key.ino);
	inode_put_locked(fs, inode);
	return rc;
}

int orphan_sweep(struct fs *fs)
{
	struct schema_key lower, upper;
	struct kv_iter *it;
	int rc;

	schema_key_kind(&lower, SCHEMA_ORPHAN);
	schema_key_kind(&upper, SCHEMA_ORPHAN + 1);
	rc = kv_iter_open(&it, fs->kv, schema_slice(&lower),
			  schema_slice(&upper));
	if (rc < 0)
		return rc;
	rc = kv_iter_first(it);
	while (rc > 0) {
		rc = sweep_one(fs, kv_iter_key(it));
		/* What cannot be read stays, and keeps nobody from the rest. */
		if (rc == 0 || error_is_damage(rc))
			rc = kv_iter_next(it);
	}
	kv_iter_close(it);
	return rc;
}
