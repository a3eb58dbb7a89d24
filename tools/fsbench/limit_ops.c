#include "tools/fsbench/limit_ops.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "src/transport.h"

struct fuse_entry_param limit_entry(struct node *n)
{
	return (struct fuse_entry_param){
		.ino = (fuse_ino_t)n,
		.attr = node_attr(n),
		.attr_timeout = TRANSPORT_CACHE_SECONDS,
		.entry_timeout = TRANSPORT_CACHE_SECONDS,
	};
}

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	transport_agree(conn, 0);
}

static void op_lookup(fuse_req_t req, fuse_ino_t dir, const char *text)
{
	struct fuse_entry_param e = {
		.entry_timeout = TRANSPORT_CACHE_SECONDS,
	};
	struct name *name;

	limit_lock(req, false);
	name = tree_find(limit_tree(req), limit_node(req, dir), text);
	if (name) {
		atomic_fetch_add(&name->node->references, 1);
		e = limit_entry(name->node);
	}
	limit_unlock(req);
	fuse_reply_entry(req, &e);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
	if (ino != FUSE_ROOT_ID)
		tree_forget(limit_tree(req), limit_node(req, ino), count);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count,
			    struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++) {
		if (forgets[i].ino != FUSE_ROOT_ID)
			tree_forget(limit_tree(req),
				    limit_node(req, forgets[i].ino),
				    forgets[i].nlookup);
	}
	fuse_reply_none(req);
}

/* ---------------------------------------------------------- attributes -- */

static void op_getattr(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *fi)
{
	struct stat st;

	(void)fi;
	limit_lock(req, false);
	st = node_attr(limit_node(req, ino));
	limit_unlock(req);
	fuse_reply_attr(req, &st, TRANSPORT_CACHE_SECONDS);
}

static void set_attr(struct node *n, const struct stat *attr, int to_set)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	n->attr.st_ctim = ts;
	if (to_set & FUSE_SET_ATTR_MODE)
		n->attr.st_mode = (n->attr.st_mode & S_IFMT) |
				  (attr->st_mode & 07777);
	if (to_set & FUSE_SET_ATTR_UID)
		n->attr.st_uid = attr->st_uid;
	if (to_set & FUSE_SET_ATTR_GID)
		n->attr.st_gid = attr->st_gid;
	if (to_set & FUSE_SET_ATTR_ATIME)
		n->attr.st_atim = attr->st_atim;
	if (to_set & FUSE_SET_ATTR_ATIME_NOW)
		n->attr.st_atim = ts;
	if (to_set & FUSE_SET_ATTR_MTIME)
		n->attr.st_mtim = attr->st_mtim;
	if (to_set & FUSE_SET_ATTR_MTIME_NOW)
		n->attr.st_mtim = ts;
	if (to_set & FUSE_SET_ATTR_CTIME)
		n->attr.st_ctim = attr->st_ctim;
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr,
		       int to_set, struct fuse_file_info *fi)
{
	struct node *n = limit_node(req, ino);
	int rc = 0;

	pthread_rwlock_wrlock(&n->lock);
	if (to_set & FUSE_SET_ATTR_SIZE)
		rc = node_resize(n, (size_t)attr->st_size);
	if (rc == 0)
		set_attr(n, attr, to_set);
	pthread_rwlock_unlock(&n->lock);
	if (rc < 0)
		fuse_reply_err(req, -rc);
	else
		op_getattr(req, ino, fi);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	const struct statvfs st = {
		.f_bsize = 4096,
		.f_frsize = 4096,
		.f_blocks = 1 << 24,
		.f_bfree = 1 << 24,
		.f_bavail = 1 << 24,
		.f_files = 1 << 24,
		.f_ffree = 1 << 24,
		.f_namemax = 255,
	};

	(void)ino;
	fuse_reply_statfs(req, &st);
}

/* There are none; loamfs has them, and so the kernel may ask here, too. */
static void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name,
			size_t size)
{
	(void)ino;
	(void)name;
	(void)size;
	fuse_reply_err(req, ENODATA);
}

static void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	(void)ino;
	if (size == 0)
		fuse_reply_xattr(req, 0);
	else
		fuse_reply_buf(req, NULL, 0);
}

/* --------------------------------------------------------------- names -- */

/* Gives @n, which is new, a name, and answers. */
static void enter(fuse_req_t req, fuse_ino_t dir_ino, const char *text,
		  struct node *n)
{
	struct node *dir = limit_node(req, dir_ino);
	struct fuse_entry_param e;
	int rc = n ? 0 : -ENOMEM;

	limit_lock(req, true);
	if (rc == 0 && tree_find(limit_tree(req), dir, text))
		rc = -EEXIST;
	if (rc == 0)
		rc = tree_add(limit_tree(req), dir, text, n);
	if (rc == 0)
		e = limit_entry(n);
	limit_unlock(req);
	if (rc == 0) {
		fuse_reply_entry(req, &e);
		return;
	}
	if (n)
		tree_forget(limit_tree(req), n, 1);
	fuse_reply_err(req, -rc);
}

static struct node *new_node(fuse_req_t req, mode_t mode)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);

	return tree_new_node(limit_tree(req), mode & ~ctx->umask, ctx->uid,
			     ctx->gid);
}

static void op_mknod(fuse_req_t req, fuse_ino_t dir, const char *text,
		     mode_t mode, dev_t rdev)
{
	struct node *n = new_node(req, mode);

	if (n)
		n->attr.st_rdev = rdev;
	enter(req, dir, text, n);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t dir, const char *text,
		     mode_t mode)
{
	enter(req, dir, text, new_node(req, S_IFDIR | mode));
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t dir,
		       const char *text)
{
	struct node *n = new_node(req, S_IFLNK | 0777);

	/* With its NUL, for the answer; the size is that without. */
	if (n && node_write(n, target, strlen(target) + 1, 0) < 0) {
		tree_forget(limit_tree(req), n, 1);
		n = NULL;
	}
	if (n)
		n->attr.st_size--;
	enter(req, dir, text, n);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	fuse_reply_readlink(req, limit_node(req, ino)->data);
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t dir,
		    const char *text)
{
	struct node *n = limit_node(req, ino);

	atomic_fetch_add(&n->references, 1);
	enter(req, dir, text, n);
}

/* Takes a name; the tree's lock is held.  A directory must be empty. */
static int take(fuse_req_t req, struct name *name)
{
	if (!name)
		return -ENOENT;
	if (name->node->names > 0)
		return -ENOTEMPTY;
	tree_remove(limit_tree(req), name);
	return 0;
}

/* The kernel has looked at the types. */
static void op_unlink(fuse_req_t req, fuse_ino_t dir, const char *text)
{
	int rc;

	limit_lock(req, true);
	rc = take(req, tree_find(limit_tree(req), limit_node(req, dir), text));
	limit_unlock(req);
	fuse_reply_err(req, -rc);
}

static int move(fuse_req_t req, struct node *dir, const char *text,
		struct node *newdir, const char *newtext, unsigned flags)
{
	struct tree *t = limit_tree(req);
	struct name *from = tree_find(t, dir, text);
	struct name *to = tree_find(t, newdir, newtext);
	int rc = 0;

	if (!from)
		return -ENOENT;
	if (flags & ~(unsigned)RENAME_NOREPLACE)
		return -EINVAL;
	if (to && (flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (to && to->node == from->node)
		return 0;
	if (to)
		rc = take(req, to);
	if (rc == 0)
		rc = tree_add(t, newdir, newtext, from->node);
	if (rc == 0)
		tree_remove(t, from);
	return rc;
}

static void op_rename(fuse_req_t req, fuse_ino_t dir, const char *text,
		      fuse_ino_t newdir, const char *newtext, unsigned flags)
{
	int rc;

	limit_lock(req, true);
	rc = move(req, limit_node(req, dir), text, limit_node(req, newdir),
		  newtext, flags);
	limit_unlock(req);
	fuse_reply_err(req, -rc);
}

/* ------------------------------------------------------------ contents -- */

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi)
{
	struct node *n = limit_node(req, ino);
	size_t left;

	(void)fi;
	/* Over the reply, so that nothing is copied twice. */
	pthread_rwlock_rdlock(&n->lock);
	left = offset < n->attr.st_size ? (size_t)(n->attr.st_size - offset)
					: 0;
	fuse_reply_buf(req, left > 0 ? n->data + offset : NULL,
		       size < left ? size : left);
	pthread_rwlock_unlock(&n->lock);
}

static void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf,
		     size_t size, off_t offset, struct fuse_file_info *fi)
{
	struct node *n = limit_node(req, ino);
	int rc;

	(void)fi;
	pthread_rwlock_wrlock(&n->lock);
	rc = node_write(n, buf, size, (size_t)offset);
	pthread_rwlock_unlock(&n->lock);
	if (rc < 0)
		fuse_reply_err(req, -rc);
	else
		fuse_reply_write(req, size);
}

static void op_copy_file_range(fuse_req_t req, fuse_ino_t in, off_t from,
			       struct fuse_file_info *in_fi, fuse_ino_t out,
			       off_t to, struct fuse_file_info *out_fi,
			       size_t size, int flags)
{
	ssize_t n = node_copy(limit_node(req, in), (size_t)from,
			      limit_node(req, out), (size_t)to, size);

	(void)in_fi;
	(void)out_fi;
	(void)flags;
	if (n < 0)
		fuse_reply_err(req, (int)-n);
	else
		fuse_reply_write(req, (size_t)n);
}

static void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync,
		     struct fuse_file_info *fi)
{
	(void)ino;
	(void)datasync;
	(void)fi;
	fuse_reply_err(req, 0);
}

const struct fuse_lowlevel_ops limit_ops_table = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.statfs = op_statfs,
	.getxattr = op_getxattr,
	.listxattr = op_listxattr,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.symlink = op_symlink,
	.readlink = op_readlink,
	.link = op_link,
	.unlink = op_unlink,
	.rmdir = op_unlink,
	.rename = op_rename,
	.read = op_read,
	.write = op_write,
	.copy_file_range = op_copy_file_range,
	.fsync = op_fsync,
	.fsyncdir = op_fsync,
	.readdir = limit_readdir,
	.readdirplus = limit_readdirplus,
};
