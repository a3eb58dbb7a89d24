/*
 * Names: looked up, linked and removed.  create.c makes what they lead to.
 *
 * Each operation that changes something is one batch, so a crash leaves the
 * tree before it or after it.  What each batch writes is in README.md.
 */
#include "fs/dentry.h"

#include "engine/base/error.h"
#include "fs/flags.h"
#include "fs/namei.h"
#include "fs/orphan.h"

/* ------------------------------------------------------------- lookup -- */

/* Where @name leads, "." and ".." included. */
static int find(struct fs *fs, uint64_t dir_ino, const char *name,
		uint64_t *out)
{
	struct dentry dentry;
	struct inode *dir;
	uint64_t parent;
	bool is_dir;
	int rc;

	rc = inode_get_locked(fs, dir_ino, &dir);
	if (rc < 0)
		return rc;
	is_dir = S_ISDIR(dir->rec.mode);
	parent = dir->rec.parent;
	inode_put_locked(fs, dir);
	/* Of anything: how the kernel finds what a file handle stands for. */
	if (strcmp(name, ".") == 0) {
		*out = dir_ino;
		return 0;
	}
	if (!is_dir)
		return -ENOTDIR;
	if (strcmp(name, "..") == 0) {
		*out = parent;
		return 0;
	}
	rc = dentry_get(fs, dir_ino, name, &dentry);
	if (rc < 0)
		return rc;
	*out = dentry.ino;
	return 0;
}

int namei_entry(struct fs *fs, uint64_t ino, struct fs_entry *out) UNCHECKED
{
	uint64_t unlinked_in, unlinked_seq;
	struct inode *inode;
	int rc;

	rc = inode_get_locked(fs, ino, &inode);
	if (rc < 0)
		return rc;
	if (inode->rec.nlink == 0)
		rc = -ENOENT;
	else
		inode_entry(fs, inode, out);
	unlinked_in = inode->unlinked_in;
	unlinked_seq = inode->unlinked_seq;
	inode_put_locked(fs, inode);
	if (rc == 0)
		out->unlink_pending = inode_unlink_pending(fs, unlinked_in,
							   unlinked_seq);
	return rc;
}

/*
 * Reads the name without a lock, so that lookups in one directory do not wait
 * for each other.  The inode it led to may have lost its last link before it
 * was locked; then the name leads elsewhere now, or nowhere, and is read
 * again.  It cannot lead to the same inode twice: one without links stays so.
 */
int fs_lookup(struct fs *fs, uint64_t dir, const char *name,
	      struct fs_entry *out)
{
	uint64_t last = 0, ino;
	int rc;

	for (;;) {
		rc = find(fs, dir, name, &ino);
		if (rc < 0)
			return rc;
		rc = namei_entry(fs, ino, out);
		if (rc != -ENOENT || ino == dir || strcmp(name, "..") == 0)
			return rc;
		if (ino == last)
			return error_set(-EUCLEAN, "%s: leads to no inode",
					 name);
		last = ino;
	}
}

void fs_forget(struct fs *fs, uint64_t ino, uint64_t count)
{
	struct inode *inode = icache_find(&fs->icache, ino);

	if (!inode)
		return;
	icache_forget(&fs->icache, inode, count);
	inode_put(fs, inode);
}

/* ------------------------------------------------------------ linking -- */

void namei_touch(struct inode_record *dir, int names, int subdirs,
		 int64_t now_ns)
{
	dir->size += (uint64_t)(int64_t)names;
	dir->nlink += (uint32_t)subdirs;
	dir->mtime_ns = now_ns;
	dir->ctime_ns = now_ns;
}

/* Both are locked. */
static int link_in(struct fs *fs, struct inode *dir, struct inode *inode,
		   const char *name) NEEDS(dir->lock, inode->lock)
{
	int64_t now_ns = superblock_now_ns(fs);
	struct inode_record dir_rec = dir->rec;
	struct inode_record rec = inode->rec;
	struct kv_batch *batch;
	int rc;

	rc = inode_check_dir(dir);
	if (rc < 0)
		return rc;
	if (S_ISDIR(rec.mode))
		return -EPERM;
	if (rec.nlink == 0 && !inode->linkable)
		return -ENOENT;
	if (rec.nlink >= FS_LINK_MAX)
		return -EMLINK;
	rc = dentry_check_absent(fs, dir->ino, name);
	if (rc == 0)
		rc = flags_check_add(&dir->rec);
	if (rc == 0 && flags_is_kept(&rec))
		rc = -EPERM;
	if (rc == 0 && rec.nlink == 0)
		rc = orphan_trim(fs, inode);
	if (rc < 0)
		return rc;

	batch = kv_batch_new();
	if (!batch)
		return -ENOMEM;
	rec = inode->rec;
	if (rec.nlink == 0)
		orphan_stage_linked(batch, inode->ino);
	rec.nlink++;
	rec.ctime_ns = now_ns;
	namei_touch(&dir_rec, 1, 0, now_ns);
	dentry_stage(fs, batch, dir->ino, name, inode->ino, rec.mode);
	inode_stage(batch, inode->ino, &rec);
	inode_stage(batch, dir->ino, &dir_rec);
	rc = inode_commit(fs, batch);
	if (rc < 0)
		return rc;
	dir->rec = dir_rec;
	dir->names_seq++;
	inode->rec = rec;
	inode->linkable = false;
	inode->unlinked_in = 0;
	return 0;
}

int fs_link(struct fs *fs, uint64_t ino, uint64_t dir_ino, const char *name,
	    struct fs_entry *out) UNCHECKED
{
	struct inode_set set = { .count = 0 };
	struct inode *dir, *inode;
	int rc;

	rc = dentry_check_name(name);
	if (rc == 0)
		rc = inode_get(fs, dir_ino, &dir);
	if (rc < 0)
		return rc;
	rc = inode_get(fs, ino, &inode);
	if (rc == 0) {
		inode_set_add(&set, dir);
		inode_set_add(&set, inode);
		inode_set_lock(&set);
		rc = link_in(fs, dir, inode, name);
		if (rc == 0)
			inode_entry(fs, inode, out);
		inode_set_unlock(&set);
		inode_put(fs, inode);
	}
	inode_put(fs, dir);
	return rc;
}

/* ----------------------------------------------------------- removing -- */

int namei_find(struct fs *fs, struct inode *dir, const char *name,
	       struct namei_found *out)
{
	struct dentry dentry;
	uint64_t seq;
	int rc;

	for (;;) {
		mutex_lock(&dir->lock);
		rc = inode_check_dir(dir);
		seq = dir->names_seq;
		mutex_unlock(&dir->lock);
		if (rc == 0)
			rc = dentry_get(fs, dir->ino, name, &dentry);
		if (rc < 0)
			return rc;
		rc = inode_get(fs, dentry.ino, &out->inode);
		if (rc == 0) {
			out->names_seq = seq;
			return 0;
		}
		if (rc != -ENOENT)
			return rc;

		/* Removed meanwhile, or damaged. */
		mutex_lock(&dir->lock);
		rc = seq == dir->names_seq ? -EUCLEAN : 0;
		mutex_unlock(&dir->lock);
		if (rc < 0)
			return error_set(rc, "%s: leads to no inode", name);
	}
}

/* Both are locked, and @name leads from @dir to @inode. */
static int remove_locked(struct fs *fs, struct inode *dir, struct inode *inode,
			 const char *name, bool want_dir)
	NEEDS(dir->lock, inode->lock)
{
	int64_t now_ns = superblock_now_ns(fs);
	struct inode_record dir_rec, rec;
	struct kv_batch *batch;
	int rc;

	rc = inode_check_dir(dir);
	if (rc == 0)
		rc = flags_check_remove(&dir->rec, &inode->rec);
	if (rc < 0)
		return rc;
	if (want_dir && !S_ISDIR(inode->rec.mode))
		return -ENOTDIR;
	if (!want_dir && S_ISDIR(inode->rec.mode))
		return -EISDIR;
	if (want_dir && inode->rec.size > 0)
		return -ENOTEMPTY;
	rc = orphan_trim(fs, inode);
	if (rc < 0)
		return rc;

	batch = kv_batch_new();
	if (!batch)
		return -ENOMEM;
	dir_rec = dir->rec;
	rec = inode->rec;
	namei_touch(&dir_rec, -1, want_dir ? -1 : 0, now_ns);
	namei_stage_unlink(batch, inode, &rec, now_ns);
	dentry_stage_removal(fs, batch, dir->ino, name);
	inode_stage(batch, dir->ino, &dir_rec);
	kv_batch_use_reserve(batch);
	rc = inode_commit(fs, batch);
	if (rc < 0)
		return rc;
	dir->rec = dir_rec;
	dir->names_seq++;
	inode->rec = rec;
	inode_note_unlinked(inode, dir);
	return 0;
}

void namei_stage_unlink(struct kv_batch *batch, const struct inode *inode,
			struct inode_record *rec, int64_t now_ns)
{
	rec->ctime_ns = now_ns;
	if (S_ISDIR(rec->mode) || rec->nlink <= 1)
		orphan_stage_unlinked(batch, inode, rec);
	else
		rec->nlink--;
	inode_stage(batch, inode->ino, rec);
}

static int remove_name(struct fs *fs, uint64_t dir_ino, const char *name,
		       bool want_dir) UNCHECKED
{
	struct namei_found found;
	struct inode *dir;
	bool again = true;
	int rc;

	rc = dentry_check_name(name);
	if (rc == 0)
		rc = inode_get(fs, dir_ino, &dir);
	if (rc < 0)
		return rc;
	while (again) {
		struct inode_set set = { .count = 0 };

		rc = namei_find(fs, dir, name, &found);
		if (rc < 0)
			break;
		inode_set_add(&set, dir);
		inode_set_add(&set, found.inode);
		inode_set_lock(&set);
		again = found.names_seq != dir->names_seq;
		if (!again)
			rc = remove_locked(fs, dir, found.inode, name,
					   want_dir);
		inode_set_unlock(&set);
		inode_put(fs, found.inode);
	}
	inode_put(fs, dir);
	return rc;
}

int fs_unlink(struct fs *fs, uint64_t dir, const char *name)
{
	return remove_name(fs, dir, name, false);
}

int fs_rmdir(struct fs *fs, uint64_t dir, const char *name)
{
	return remove_name(fs, dir, name, true);
}
