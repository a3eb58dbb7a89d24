#include "fs/xattr.h"

#include <inttypes.h>
#include <linux/xattr.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "fs/acl.h"
#include "fs/flags.h"
#include "fs/schema.h"

/* -------------------------------------------------------------- names -- */

static bool is_acl(const char *name)
{
	return strcmp(name, ACL_ACCESS) == 0 || strcmp(name, ACL_DEFAULT) == 0;
}

static bool in_namespace(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static int check_name(const char *name)
{
	static const char *const prefixes[] = { XATTR_USER_PREFIX,
						XATTR_TRUSTED_PREFIX,
						XATTR_SECURITY_PREFIX };
	size_t i;

	if (name[0] == '\0' || strlen(name) > FS_NAME_MAX)
		return -ERANGE;
	if (is_acl(name))
		return 0;
	for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (in_namespace(name, prefixes[i]))
			return name[strlen(prefixes[i])] ? 0 : -EINVAL;
	}
	return -EOPNOTSUPP;
}

/* The flag that says that there is an xattr of this name, if there is one. */
static uint32_t flag_of(const char *name)
{
	if (strcmp(name, ACL_ACCESS) == 0)
		return INODE_ACL;
	return strcmp(name, ACL_DEFAULT) == 0 ? INODE_ACL_DEFAULT : 0;
}

/* Whether the flags alone say that there is no such xattr. */
static bool surely_absent(uint32_t flags, const char *name)
{
	uint32_t needed = INODE_XATTRS | flag_of(name);

	return (flags & needed) != needed;
}

/* An iterator over all xattrs of @ino. */
static int open_iter(struct fs *fs, uint64_t ino, struct kv_iter **out)
{
	struct schema_key lower, upper;

	schema_key_ino(&lower, SCHEMA_XATTR, ino);
	schema_key_ino(&upper, SCHEMA_XATTR, ino + 1);
	return kv_iter_open(out, fs->kv, schema_slice(&lower),
			    schema_slice(&upper));
}

/* ------------------------------------------------------------ reading -- */

static int flags_of(struct fs *fs, uint64_t ino, uint32_t *out) UNCHECKED
{
	struct inode *inode;
	int rc;

	rc = inode_get_locked(fs, ino, &inode);
	if (rc < 0)
		return rc;
	*out = inode->rec.flags;
	inode_put_locked(fs, inode);
	return 0;
}

ssize_t fs_getxattr(struct fs *fs, uint64_t ino, const char *name, void *buf,
		    size_t size)
{
	struct schema_key key;
	struct kv_value value;
	uint32_t flags = 0;
	ssize_t n;
	int rc;

	rc = check_name(name);
	if (rc == 0)
		rc = flags_of(fs, ino, &flags);
	if (rc < 0)
		return rc;
	if (surely_absent(flags, name))
		return -ENODATA;
	schema_key_xattr(&key, ino, name);
	rc = kv_get(fs->kv, schema_slice(&key), &value);
	if (rc < 0)
		return rc == -ENOENT ? -ENODATA : rc;
	n = (ssize_t)value.data.size;
	if (size > 0 && size < value.data.size)
		n = -ERANGE;
	else if (size > 0 && n > 0)
		memcpy(buf, value.data.data, value.data.size);
	kv_value_release(&value);
	return n;
}

/* Adds the name of the entry that @it is at to @list. */
static int list_one(struct kv_iter *it, bool trusted, struct buf *list)
{
	struct schema_parsed key;
	int rc;

	rc = schema_parse(kv_iter_key(it), &key);
	if (rc < 0)
		return rc;
	if (!trusted &&
	    slice_has_prefix(key.name, slice_str(XATTR_TRUSTED_PREFIX)))
		return 0;
	rc = buf_append(list, key.name.data, key.name.size);
	return rc == 0 ? buf_append(list, "", 1) : rc;
}

static int list_all(struct fs *fs, uint64_t ino, bool trusted, struct buf *list)
{
	struct kv_iter *it;
	int rc;

	rc = open_iter(fs, ino, &it);
	if (rc < 0)
		return rc;
	rc = kv_iter_first(it);
	while (rc > 0) {
		rc = list_one(it, trusted, list);
		if (rc == 0)
			rc = kv_iter_next(it);
	}
	kv_iter_close(it);
	return rc;
}

ssize_t fs_listxattr(struct fs *fs, uint64_t ino, char *buf, size_t size,
		     bool trusted)
{
	struct buf list = BUF_INIT;
	uint32_t flags = 0;
	ssize_t n;
	int rc;

	rc = flags_of(fs, ino, &flags);
	if (rc == 0 && (flags & INODE_XATTRS))
		rc = list_all(fs, ino, trusted, &list);
	n = rc < 0 ? rc : (ssize_t)list.size;
	if (rc == 0 && size > 0 && size < list.size)
		n = -ERANGE;
	else if (rc == 0 && size > 0 && list.size > 0)
		memcpy(buf, list.data, list.size);
	buf_fini(&list);
	return n;
}

/* ----------------------------------------------------------- changing -- */

/* A change that is being put together. */
struct change {
	struct fs *fs;
	struct inode *inode;     /* locked */
	struct inode_record rec; /* as it will be */
	struct kv_batch *batch;
};

static int is_there(const struct change *c, const char *name, bool *out)
{
	struct schema_key key;
	size_t size;
	int rc;

	*out = false;
	if (surely_absent(c->rec.flags, name))
		return 0;
	schema_key_xattr(&key, c->inode->ino, name);
	rc = kv_size(c->fs->kv, schema_slice(&key), &size);
	*out = rc == 0;
	return rc == -ENOENT ? 0 : rc;
}

/* One more name must fit in the list. */
static int check_room(const struct change *c, const char *name)
{
	struct buf list = BUF_INIT;
	int rc = 0;

	if (c->rec.flags & INODE_XATTRS)
		rc = list_all(c->fs, c->inode->ino, true, &list);
	if (rc == 0 && list.size + strlen(name) + 1 > FS_XATTR_LIST_MAX)
		rc = -ENOSPC;
	buf_fini(&list);
	return rc;
}

static void stage_put(struct change *c, const char *name, struct slice value)
{
	struct schema_key key;

	schema_key_xattr(&key, c->inode->ino, name);
	kv_batch_put(c->batch, schema_slice(&key), value);
	c->rec.flags |= INODE_XATTRS | flag_of(name);
}

/* Sets *@out if there is another xattr than @name. */
static int has_others(const struct change *c, const char *name, bool *out)
{
	struct schema_key key;
	struct kv_iter *it;
	int rc;

	schema_key_xattr(&key, c->inode->ino, name);
	rc = open_iter(c->fs, c->inode->ino, &it);
	if (rc < 0)
		return rc;
	rc = kv_iter_first(it);
	if (rc > 0 && slice_eq(kv_iter_key(it), schema_slice(&key)))
		rc = kv_iter_next(it);
	kv_iter_close(it);
	if (rc >= 0)
		*out = rc > 0;
	return rc < 0 ? rc : 0;
}

/* @name is there. */
static int stage_delete(struct change *c, const char *name)
{
	struct schema_key key;
	bool others;
	int rc;

	rc = has_others(c, name, &others);
	if (rc < 0)
		return rc;
	schema_key_xattr(&key, c->inode->ino, name);
	kv_batch_delete(c->batch, schema_slice(&key));
	c->rec.flags &= ~flag_of(name);
	if (!others)
		c->rec.flags &= ~INODE_XATTRS;
	return 0;
}

/*
 * An access ACL gives the file its mode, and is kept only if it says more than
 * that.
 */
static int stage_access_acl(struct change *c, struct slice acl, bool there,
			    bool kill_sgid)
{
	bool plain;
	int rc = 0;

	c->rec.mode = acl_mode(acl, c->rec.mode, &plain);
	if (kill_sgid)
		c->rec.mode &= ~(uint32_t)S_ISGID;
	if (!plain)
		stage_put(c, ACL_ACCESS, acl);
	else if (there)
		rc = stage_delete(c, ACL_ACCESS);
	return rc;
}

static int check_acl(const struct change *c, const char *name,
		     struct slice value)
{
	if (!is_acl(name))
		return 0;
	if (S_ISLNK(c->rec.mode))
		return -EOPNOTSUPP;
	if (flag_of(name) == INODE_ACL_DEFAULT && !S_ISDIR(c->rec.mode))
		return -EACCES;
	return acl_check(value);
}

static int stage_set(struct change *c, const char *name, struct slice value,
		     unsigned flags)
{
	bool there;
	int rc;

	rc = check_acl(c, name, value);
	if (rc == 0)
		rc = is_there(c, name, &there);
	if (rc < 0)
		return rc;
	if (there && (flags & FS_XATTR_CREATE))
		return -EEXIST;
	if (!there && (flags & FS_XATTR_REPLACE))
		return -ENODATA;
	if (!there)
		rc = check_room(c, name);
	if (rc < 0)
		return rc;
	if (flag_of(name) == INODE_ACL)
		return stage_access_acl(c, value, there,
					flags & FS_XATTR_KILL_SGID);
	stage_put(c, name, value);
	return 0;
}

/* Linux has it that an ACL that is not there can be removed. */
static int stage_remove(struct change *c, const char *name)
{
	bool there;
	int rc;

	rc = is_there(c, name, &there);
	if (rc < 0)
		return rc;
	if (!there)
		return is_acl(name) ? 0 : -ENODATA;
	kv_batch_use_reserve(c->batch);
	return stage_delete(c, name);
}

/* @value NULL removes. */
static int change_locked(struct fs *fs, struct inode *inode, const char *name,
			 const struct slice *value, unsigned flags)
	NEEDS(inode->lock)
{
	struct change c = { .fs = fs, .inode = inode, .rec = inode->rec };
	int rc;

	if (fs->read_only)
		return -EROFS;
	if (flags_is_kept(&inode->rec))
		return -EPERM;
	c.batch = kv_batch_new();
	if (!c.batch)
		return -ENOMEM;
	if (value)
		rc = stage_set(&c, name, *value, flags);
	else
		rc = stage_remove(&c, name);
	if (rc == 0) {
		c.rec.ctime_ns = superblock_now_ns(fs);
		inode_stage(c.batch, inode->ino, &c.rec);
		rc = kv_write(fs->kv, c.batch);
	}
	if (rc == 0)
		inode->rec = c.rec;
	kv_batch_free(c.batch);
	return rc;
}

static int change(struct fs *fs, uint64_t ino, const char *name,
		  const struct slice *value, unsigned flags) UNCHECKED
{
	struct inode *inode;
	int rc;

	rc = check_name(name);
	if (rc == 0)
		rc = inode_get_locked(fs, ino, &inode);
	if (rc < 0)
		return rc;
	rc = change_locked(fs, inode, name, value, flags);
	inode_put_locked(fs, inode);
	return rc;
}

int fs_setxattr(struct fs *fs, uint64_t ino, const char *name,
		const void *value, size_t size, unsigned flags)
{
	struct slice s = slice_of(value, size);
	int rc;

	if (size > FS_XATTR_SIZE_MAX)
		return -E2BIG;
	rc = superblock_need(fs, SUPERBLOCK_XATTRS);
	return rc < 0 ? rc : change(fs, ino, name, &s, flags);
}

int fs_removexattr(struct fs *fs, uint64_t ino, const char *name)
{
	return change(fs, ino, name, NULL, 0);
}

/* -------------------------------------- as a part of other operations -- */

int xattr_stage_removal(struct fs *fs, struct kv_batch *batch, uint64_t ino)
{
	struct kv_iter *it;
	int rc;

	rc = open_iter(fs, ino, &it);
	if (rc < 0)
		return rc;
	rc = kv_iter_first(it);
	while (rc > 0) {
		kv_batch_delete(batch, kv_iter_key(it));
		rc = kv_iter_next(it);
	}
	kv_iter_close(it);
	return rc;
}

/*
 * A copy of an ACL, to be changed and freed.  One that is not valid is damage:
 * none such is ever written.
 */
static int copy_acl(struct fs *fs, uint64_t ino, const char *name,
		    struct buf *out)
{
	struct schema_key key;
	struct kv_value value;
	int rc;

	schema_key_xattr(&key, ino, name);
	rc = kv_get(fs->kv, schema_slice(&key), &value);
	if (rc == -ENOENT)
		return error_set(-EUCLEAN, "inode %" PRIu64 ": no %s", ino,
				 name);
	if (rc < 0)
		return rc;
	if (acl_check(value.data) < 0)
		rc = error_set(-EUCLEAN, "inode %" PRIu64 ": nonsense %s", ino,
			       name);
	else
		rc = buf_assign(out, value.data);
	kv_value_release(&value);
	return rc;
}

static void stage_copy(struct kv_batch *batch, uint64_t ino, const char *name,
		       const struct buf *value)
{
	struct schema_key key;

	schema_key_xattr(&key, ino, name);
	kv_batch_put(batch, schema_slice(&key), buf_slice(value));
}

int xattr_stage_chmod(struct fs *fs, struct kv_batch *batch, uint64_t ino,
		      const struct inode_record *rec)
{
	struct buf acl = BUF_INIT;
	int rc;

	rc = copy_acl(fs, ino, ACL_ACCESS, &acl);
	if (rc == 0) {
		acl_chmod(acl.data, acl.size, rec->mode);
		stage_copy(batch, ino, ACL_ACCESS, &acl);
	}
	buf_fini(&acl);
	return rc;
}

int xattr_stage_inherited(struct fs *fs, struct kv_batch *batch,
			  const struct inode *dir, uint64_t ino,
			  struct inode_record *rec)
{
	struct buf acl = BUF_INIT;
	bool plain;
	int rc;

	rc = copy_acl(fs, dir->ino, ACL_DEFAULT, &acl);
	if (rc < 0)
		goto out;
	if (S_ISDIR(rec->mode)) {
		stage_copy(batch, ino, ACL_DEFAULT, &acl);
		rec->flags |= INODE_XATTRS | INODE_ACL_DEFAULT;
	}
	rec->mode = acl_inherit(acl.data, acl.size, rec->mode, &plain);
	if (!plain) {
		stage_copy(batch, ino, ACL_ACCESS, &acl);
		rec->flags |= INODE_XATTRS | INODE_ACL;
	}
out:
	buf_fini(&acl);
	return rc;
}
