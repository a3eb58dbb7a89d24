/*
 * Attributes: read and set.  One batch writes the record, and what a new size
 * does to the data.
 */
#include "fs/flags.h"
#include "fs/orphan.h"
#include "fs/truncate.h"
#include "fs/xattr.h"

int fs_getattr(struct fs *fs, uint64_t ino, struct stat *out,
	       bool *unlink_pending) UNCHECKED
{
	uint64_t unlinked_in, unlinked_seq;
	struct inode *inode;
	int rc;

	rc = inode_get_locked(fs, ino, &inode);
	if (rc < 0)
		return rc;
	inode_stat(inode, out);
	unlinked_in = inode->unlinked_in;
	unlinked_seq = inode->unlinked_seq;
	inode_put_locked(fs, inode);
	if (unlink_pending)
		*unlink_pending = inode_unlink_pending(fs, unlinked_in,
						       unlinked_seq);
	return 0;
}

int fs_birth(struct fs *fs, uint64_t ino, struct timespec *out) UNCHECKED
{
	struct inode *inode;
	int rc;

	rc = inode_get_locked(fs, ino, &inode);
	if (rc < 0)
		return rc;
	*out = inode_timespec(inode->rec.btime_ns);
	inode_put_locked(fs, inode);
	return 0;
}

/*
 * The years 1677 to 2262 fit; what lies outside becomes the nearest that does,
 * as Linux does with timestamps that a filesystem cannot keep.
 */
static int64_t ns_of(const struct timespec *t)
{
	int64_t ns;

	if (__builtin_mul_overflow((int64_t)t->tv_sec, (int64_t)NS_PER_S,
				   &ns) ||
	    __builtin_add_overflow(ns, (int64_t)t->tv_nsec, &ns))
		return t->tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

static void set_owner(struct inode_record *rec, const struct stat *attr,
		      unsigned set)
{
	if (set & FS_SET_UID)
		rec->uid = attr->st_uid;
	if (set & FS_SET_GID)
		rec->gid = attr->st_gid;
	if (set & (FS_SET_UID | FS_SET_GID | FS_SET_KILL_PRIV))
		inode_kill_privileges(rec);
	if (set & FS_SET_MODE)
		rec->mode = (rec->mode & S_IFMT) | (attr->st_mode & 07777);
}

static void set_times(struct inode_record *rec, const struct stat *attr,
		      unsigned set, int64_t now_ns)
{
	if (set & FS_SET_ATIME_NOW)
		rec->atime_ns = now_ns;
	else if (set & FS_SET_ATIME)
		rec->atime_ns = ns_of(&attr->st_atim);

	if (set & FS_SET_MTIME_NOW)
		rec->mtime_ns = now_ns;
	else if (set & FS_SET_MTIME)
		rec->mtime_ns = ns_of(&attr->st_mtim);
	else if (set & FS_SET_SIZE)
		rec->mtime_ns = now_ns;

	rec->ctime_ns = set & FS_SET_CTIME ? ns_of(&attr->st_ctim) : now_ns;
}

static int check_size(const struct inode *inode, const struct stat *attr)
	NEEDS(inode->lock)
{
	if (S_ISDIR(inode->rec.mode))
		return -EISDIR;
	if (!S_ISREG(inode->rec.mode) || attr->st_size < 0)
		return -EINVAL;
	return 0;
}

/*
 * What the kernel has kept of earlier writes and now sends: both times of a
 * write, none of them older than what is known.  A call that sets mtime alone
 * looks the same if it sets it to a time like these.
 */
static bool is_of_writes(const struct inode_record *rec,
			 const struct stat *attr, unsigned set)
{
	return set == (FS_SET_MTIME | FS_SET_CTIME) &&
	       ns_of(&attr->st_mtim) >= rec->mtime_ns &&
	       ns_of(&attr->st_mtim) <= ns_of(&attr->st_ctim);
}

/*
 * Of an immutable file nothing is set, of an append-only one only the time
 * that it is now.  But times of writes from before the flag was set are late.
 */
static int check_flags(const struct inode_record *rec, const struct stat *attr,
		       unsigned set)
{
	bool allowed;

	if (!flags_is_kept(rec))
		return 0;
	if (rec->flags & INODE_IMMUTABLE) {
		allowed = is_of_writes(rec, attr, set) &&
			  ns_of(&attr->st_ctim) <= rec->ctime_ns;
	} else {
		if (set & FS_SET_ATIME_NOW)
			set &= ~(unsigned)(FS_SET_ATIME | FS_SET_ATIME_NOW);
		if (set & FS_SET_MTIME_NOW)
			set &= ~(unsigned)(FS_SET_MTIME | FS_SET_MTIME_NOW);
		allowed = (set & ~(unsigned)FS_SET_CTIME) == 0 ||
			  is_of_writes(rec, attr, set);
	}
	return allowed ? 0 : -EPERM;
}

/*
 * Whether a change is kept in memory alone: of an inode without links, which
 * nobody finds after a crash.  The kernel sends the ctime of each unlink so.
 * If it gets a link, that writes all of its record.
 */
static bool is_of_orphan(const struct fs *fs, const struct inode *inode,
			 unsigned set) NEEDS(inode->lock)
{
	return inode->rec.nlink == 0 && !fs->read_only &&
	       !(set & FS_SET_SIZE) && !(inode->rec.flags & INODE_ACL);
}

static int set_locked(struct fs *fs, struct inode *inode,
		      const struct stat *attr, unsigned set) NEEDS(inode->lock)
{
	int64_t now_ns = superblock_now_ns(fs);
	struct inode_record rec;
	struct kv_batch *batch;
	int rc;

	rc = check_flags(&inode->rec, attr, set);
	if (rc == 0 && (set & FS_SET_SIZE))
		rc = check_size(inode, attr);
	if (rc == 0 && (set & FS_SET_SIZE))
		rc = orphan_trim(fs, inode);
	if (rc < 0)
		return rc;
	if (is_of_orphan(fs, inode, set)) {
		set_owner(&inode->rec, attr, set);
		set_times(&inode->rec, attr, set, now_ns);
		return 0;
	}
	batch = kv_batch_new();
	if (!batch)
		return -ENOMEM;
	/* Small, and perhaps the truncation that makes room. */
	kv_batch_use_reserve(batch);
	rec = inode->rec;
	set_owner(&rec, attr, set);
	set_times(&rec, attr, set, now_ns);
	if (set & FS_SET_SIZE)
		rc = truncate_stage_size(fs, batch, inode, &rec,
					 (uint64_t)attr->st_size);
	if (rc == 0 && (set & FS_SET_MODE) && (rec.flags & INODE_ACL))
		rc = xattr_stage_chmod(fs, batch, inode->ino, &rec);
	if (rc < 0) {
		kv_batch_free(batch);
		return rc;
	}
	inode_stage(batch, inode->ino, &rec);
	rc = inode_commit(fs, batch);
	if (rc < 0)
		return rc;

	if (S_ISREG(rec.mode))
		atomic_fetch_add(&fs->data_bytes, rec.size - inode->rec.size);
	inode->rec = rec;
	/*
	 * The file has its new size whatever becomes of this; what is left
	 * over is removed before the file grows, or by fs_open().
	 */
	(void)!orphan_trim(fs, inode);
	return 0;
}

int fs_setattr(struct fs *fs, uint64_t ino, const struct stat *attr,
	       unsigned set, struct stat *out) UNCHECKED
{
	struct inode *inode;
	int rc;

	rc = inode_get_locked(fs, ino, &inode);
	if (rc < 0)
		return rc;
	rc = set_locked(fs, inode, attr, set);
	if (rc == 0 && out)
		inode_stat(inode, out);
	inode_put_locked(fs, inode);
	return rc;
}
