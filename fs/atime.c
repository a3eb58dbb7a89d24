/*
 * When something was read last.  The kernel keeps no atime for files behind
 * FUSE: it tells us of reads that its cache cannot answer, and asks for the
 * time when somebody wants it.  So it is kept here, by the rule that Linux has
 * for all filesystems unless told otherwise (relatime, mount(8)): it need not
 * be newer than the last change plus a day, which saves nearly all writes.
 */
#include "fs/inode.h"

#define STALE_NS ((int64_t)(24 * 3600 * NS_PER_S))

static bool is_due(const struct fs *fs, const struct inode_record *rec,
		   int64_t now_ns)
{
	if (rec->flags & INODE_NOATIME)
		return false;
	if (fs->atime == FS_ATIME_ALWAYS)
		return true;
	return rec->atime_ns <= rec->mtime_ns ||
	       rec->atime_ns <= rec->ctime_ns ||
	       now_ns - rec->atime_ns >= STALE_NS;
}

static int set(struct fs *fs, struct inode *inode, int64_t now_ns)
	NEEDS(inode->lock)
{
	struct inode_record rec = inode->rec;
	struct kv_batch *batch = kv_batch_new();
	int rc;

	if (!batch)
		return -ENOMEM;
	rec.atime_ns = now_ns;
	inode_stage(batch, inode->ino, &rec);
	rc = inode_commit(fs, batch);
	if (rc == 0)
		inode->rec = rec;
	return rc;
}

void fs_accessed(struct fs *fs, uint64_t ino) UNCHECKED
{
	struct inode *inode;
	int64_t now_ns;

	if (fs->atime == FS_ATIME_NEVER || fs->read_only)
		return;
	if (inode_get_locked(fs, ino, &inode) < 0)
		return;
	now_ns = superblock_now_ns(fs);
	/* It has been read, whether that can be noted or not. */
	if (is_due(fs, &inode->rec, now_ns))
		(void)!set(fs, inode, now_ns);
	inode_put_locked(fs, inode);
}
