#include "fs/flags.h"

#include <fcntl.h>

#include "fs/inode.h"

static const struct {
	unsigned flag;
	uint32_t inode;
} map[] = {
	{ FS_FLAG_IMMUTABLE, INODE_IMMUTABLE },
	{ FS_FLAG_APPEND, INODE_APPEND },
	{ FS_FLAG_NODUMP, INODE_NODUMP },
	{ FS_FLAG_NOATIME, INODE_NOATIME },
};

static unsigned from_inode(uint32_t inode_flags)
{
	unsigned flags = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(map); i++) {
		if (inode_flags & map[i].inode)
			flags |= map[i].flag;
	}
	return flags;
}

static uint32_t to_inode(unsigned flags)
{
	uint32_t inode_flags = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(map); i++) {
		if (flags & map[i].flag)
			inode_flags |= map[i].inode;
	}
	return inode_flags;
}

int fs_getflags(struct fs *fs, uint64_t ino, unsigned *flags) UNCHECKED
{
	struct inode *inode;
	int rc;

	rc = inode_get_locked(fs, ino, &inode);
	if (rc < 0)
		return rc;
	*flags = from_inode(inode->rec.flags);
	inode_put_locked(fs, inode);
	return 0;
}

static int set_locked(struct fs *fs, struct inode *inode, uint32_t flags)
	NEEDS(inode->lock)
{
	struct inode_record rec = inode->rec;
	struct kv_batch *batch;
	int rc;

	if (rec.flags & flags & INODE_IMMUTABLE &&
	    (rec.flags & INODE_USER_FLAGS) != flags)
		return -EPERM;
	rec.flags = (rec.flags & ~INODE_USER_FLAGS) | flags;
	rec.ctime_ns = superblock_now_ns(fs);
	batch = kv_batch_new();
	if (!batch)
		return -ENOMEM;
	/* Or what is immutable could not be deleted to make room. */
	kv_batch_use_reserve(batch);
	inode_stage(batch, inode->ino, &rec);
	rc = inode_commit(fs, batch);
	if (rc == 0)
		inode->rec = rec;
	return rc;
}

int fs_setflags(struct fs *fs, uint64_t ino, unsigned flags) UNCHECKED
{
	struct inode *inode;
	int rc = 0;

	if (flags)
		rc = superblock_need(fs, SUPERBLOCK_FLAGS);
	if (rc == 0)
		rc = inode_get_locked(fs, ino, &inode);
	if (rc < 0)
		return rc;
	rc = set_locked(fs, inode, to_inode(flags));
	inode_put_locked(fs, inode);
	return rc;
}

int fs_check_open(struct fs *fs, uint64_t ino, int flags) UNCHECKED
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
	struct inode *inode;
	int rc;

	if (!writes)
		return 0;
	rc = inode_get_locked(fs, ino, &inode);
	if (rc < 0)
		return rc;
	if (inode->rec.flags & INODE_IMMUTABLE)
		rc = -EPERM;
	else if (inode->rec.flags & INODE_APPEND &&
		 (!(flags & O_APPEND) || flags & O_TRUNC))
		rc = -EPERM;
	inode_put_locked(fs, inode);
	return rc;
}

bool fs_has_flags(struct fs *fs)
{
	return superblock_has(fs, SUPERBLOCK_FLAGS);
}
