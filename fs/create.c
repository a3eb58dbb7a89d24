/*
 * Creation: a name, and the inode that it leads to, in one batch with the
 * directory's record, so that a crash leaves all of it or nothing.  What is
 * made without a name is an orphan from the beginning.
 */
#include "fs/dentry.h"

#include <stdlib.h>
#include <sys/sysmacros.h>

#include "fs/flags.h"
#include "fs/namei.h"
#include "fs/orphan.h"
#include "fs/schema.h"
#include "fs/xattr.h"

/* What is to be created. */
struct creation {
	const char *name; /* NULL: none, and no link */
	mode_t umask;
	struct inode_record rec;
	struct slice target; /* of a symlink */
};

static void creation_init(struct creation *c, const char *name, mode_t mode,
			  const struct fs_cred *cred, int64_t now_ns)
{
	*c = (struct creation){
		.name = name,
		.umask = cred->umask,
		.rec = {
			.mode = mode,
			.uid = cred->uid,
			.gid = cred->gid,
			.nlink = S_ISDIR(mode) ? 2 : name ? 1 : 0,
			.generation = 1,
			.atime_ns = now_ns,
			.mtime_ns = now_ns,
			.ctime_ns = now_ns,
			.btime_ns = now_ns,
		},
	};
}

static void stage_target(struct kv_batch *batch, uint64_t ino,
			 struct slice target)
{
	struct schema_key key;

	schema_key_chunk(&key, ino, 0);
	kv_batch_put(batch, schema_slice(&key), target);
}

/*
 * A setgid directory hands on its group, and the bit to directories; flags that
 * restrict nobody go to all.
 */
static void inherit(struct creation *c, const struct inode *dir)
{
	c->rec.flags |= dir->rec.flags & (INODE_NODUMP | INODE_NOATIME);
	if (S_ISDIR(c->rec.mode))
		c->rec.parent = dir->ino;
	if (!(dir->rec.mode & S_ISGID))
		return;
	c->rec.gid = dir->rec.gid;
	if (S_ISDIR(c->rec.mode))
		c->rec.mode |= S_ISGID;
}

/* A default ACL takes the place of the umask; a symlink heeds neither. */
static int stage_mode(struct fs *fs, struct kv_batch *batch,
		      const struct inode *dir, uint64_t ino, struct creation *c)
	NEEDS(dir->lock)
{
	if (S_ISLNK(c->rec.mode))
		return 0;
	if (dir->rec.flags & INODE_ACL_DEFAULT)
		return xattr_stage_inherited(fs, batch, dir, ino, &c->rec);
	c->rec.mode &= ~(uint32_t)(c->umask & 0777);
	return 0;
}

static void stage_name(struct fs *fs, struct kv_batch *batch,
		       const struct inode *dir, const struct inode *child,
		       const struct creation *c, struct inode_record *dir_rec)
{
	if (!c->name) {
		orphan_stage(batch, child->ino, 0, true);
		return;
	}
	namei_touch(dir_rec, 1, S_ISDIR(c->rec.mode), c->rec.btime_ns);
	dentry_stage(fs, batch, dir->ino, c->name, child->ino, c->rec.mode);
	inode_stage(batch, dir->ino, dir_rec);
}

/* Writes it all and, if that worked, makes memory agree. */
static int write_creation(struct fs *fs, struct inode *dir, struct inode *child,
			  struct creation *c) NEEDS(dir->lock, child->lock)
{
	struct inode_record dir_rec = dir->rec;
	struct kv_batch *batch = kv_batch_new();
	int rc;

	if (!batch)
		return -ENOMEM;
	rc = stage_mode(fs, batch, dir, child->ino, c);
	if (rc < 0) {
		kv_batch_free(batch);
		return rc;
	}
	stage_name(fs, batch, dir, child, c, &dir_rec);
	inode_stage(batch, child->ino, &c->rec);
	if (c->target.size)
		stage_target(batch, child->ino, c->target);
	rc = inode_commit(fs, batch);
	if (rc < 0)
		return rc;

	dir->rec = dir_rec;
	if (c->name)
		dir->names_seq++;
	child->linkable = !c->name;
	child->rec = c->rec;
	atomic_store(&child->loaded, true);
	atomic_fetch_add(&fs->inodes, 1);
	return 0;
}

/* Makes the inode and its name; @dir is locked. */
static int create_in(struct fs *fs, struct inode *dir, struct creation *c,
		     struct fs_entry *out) NEEDS(dir->lock)
{
	struct inode *child;
	uint64_t ino;
	int rc;

	rc = inode_check_dir(dir);
	if (rc == 0 && c->name)
		rc = dentry_check_absent(fs, dir->ino, c->name);
	if (rc == 0)
		rc = flags_check_add(&dir->rec);
	if (rc == 0 && S_ISDIR(c->rec.mode) && dir->rec.nlink == UINT32_MAX)
		rc = -EMLINK;
	if (rc == 0)
		rc = inode_number(fs, dir, &ino);
	if (rc < 0)
		return rc;
	inherit(c, dir);

	child = icache_ref(&fs->icache, ino);
	if (!child)
		return -ENOMEM;
	mutex_lock(&child->lock);
	rc = write_creation(fs, dir, child, c);
	if (rc == 0)
		inode_entry(fs, child, out);
	mutex_unlock(&child->lock);
	/* Not inode_put(): the directory is locked, and nothing is to go. */
	icache_unref(&fs->icache, child, true);
	return rc;
}

static int create(struct fs *fs, uint64_t dir_ino, struct creation *c,
		  struct fs_entry *out) UNCHECKED
{
	struct inode *dir;
	int rc = 0;

	if (c->name)
		rc = dentry_check_name(c->name);
	if (rc == 0)
		rc = inode_get_locked(fs, dir_ino, &dir);
	if (rc < 0)
		return rc;
	rc = create_in(fs, dir, c, out);
	inode_put_locked(fs, dir);
	return rc;
}

int fs_mknod(struct fs *fs, uint64_t dir, const char *name, mode_t mode,
	     dev_t rdev, const struct fs_cred *cred, struct fs_entry *out)
{
	mode_t type = mode & S_IFMT;
	struct creation c;

	if (type == S_IFDIR || type == S_IFLNK)
		return -EINVAL;
	if (type == 0)
		type = S_IFREG;
	creation_init(&c, name, type | (mode & 07777), cred,
		      superblock_now_ns(fs));
	if (S_ISCHR(type) || S_ISBLK(type)) {
		c.rec.rdev_major = major(rdev);
		c.rec.rdev_minor = minor(rdev);
	} else if (!S_ISREG(type) && !S_ISFIFO(type) && !S_ISSOCK(type)) {
		return -EINVAL;
	}
	return create(fs, dir, &c, out);
}

int fs_mkdir(struct fs *fs, uint64_t dir, const char *name, mode_t mode,
	     const struct fs_cred *cred, struct fs_entry *out)
{
	struct creation c;

	creation_init(&c, name, S_IFDIR | (mode & 07777), cred,
		      superblock_now_ns(fs));
	return create(fs, dir, &c, out);
}

int fs_tmpfile(struct fs *fs, uint64_t dir, mode_t mode,
	       const struct fs_cred *cred, struct fs_entry *out)
{
	struct creation c;

	creation_init(&c, NULL, S_IFREG | (mode & 07777), cred,
		      superblock_now_ns(fs));
	return create(fs, dir, &c, out);
}

int fs_symlink(struct fs *fs, uint64_t dir, const char *name,
	       const char *target, const struct fs_cred *cred,
	       struct fs_entry *out)
{
	struct creation c;

	creation_init(&c, name, S_IFLNK | 0777, cred, superblock_now_ns(fs));
	c.target = slice_str(target);
	if (c.target.size == 0)
		return -ENOENT;
	if (c.target.size > FS_SYMLINK_MAX)
		return -ENAMETOOLONG;
	c.rec.size = c.target.size;
	c.rec.stored = c.target.size;
	return create(fs, dir, &c, out);
}

int namei_stage_whiteout(struct fs *fs, struct kv_batch *batch,
			 struct inode *dir, const char *name,
			 const struct fs_cred *cred, int64_t now_ns)
{
	struct creation c;
	uint64_t ino;
	int rc;

	rc = inode_number(fs, dir, &ino);
	if (rc < 0)
		return rc;
	creation_init(&c, name, S_IFCHR, cred, now_ns);
	inherit(&c, dir);
	dentry_stage(fs, batch, dir->ino, name, ino, c.rec.mode);
	inode_stage(batch, ino, &c.rec);
	return 0;
}
