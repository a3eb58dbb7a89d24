/* Entries of directories: find, make, link, remove, rename. */
#include <errno.h>

#include "fs/fs.h"
#include "src/ops.h"
#include "src/reply.h"
#include "src/scratch.h"

static struct fs_cred cred_of(fuse_req_t req)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);

	return (struct fs_cred){
		.uid = ctx->uid,
		.gid = ctx->gid,
		.umask = ctx->umask,
	};
}

static void reply_made(fuse_req_t req, int rc, const struct fs_entry *entry)
{
	if (rc < 0)
		reply_err(req, rc);
	else
		reply_entry(req, ops_fs(req), entry);
}

void op_lookup(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	struct fs_entry found;
	int rc;

	rc = fs_lookup(ops_fs(req), dir, name, &found);
	if (rc == -ENOENT)
		reply_no_entry(req);
	else
		reply_made(req, rc, &found);
}

void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
	fs_forget(ops_fs(req), ino, count);
	fuse_reply_none(req);
}

void op_forget_multi(fuse_req_t req, size_t count,
		     struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++)
		fs_forget(ops_fs(req), forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

void op_mknod(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode,
	      dev_t rdev)
{
	struct fs_cred cred = cred_of(req);
	struct fs_entry made;
	int rc;

	rc = fs_mknod(ops_fs(req), dir, name, mode, rdev, &cred, &made);
	reply_made(req, rc, &made);
}

void op_mkdir(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode)
{
	struct fs_cred cred = cred_of(req);
	struct fs_entry made;
	int rc;

	rc = fs_mkdir(ops_fs(req), dir, name, mode, &cred, &made);
	reply_made(req, rc, &made);
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t dir,
		const char *name)
{
	struct fs_cred cred = cred_of(req);
	struct fs_entry made;
	int rc;

	rc = fs_symlink(ops_fs(req), dir, name, target, &cred, &made);
	reply_made(req, rc, &made);
}

void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	char *buf = scratch(FS_SYMLINK_MAX + 1);
	ssize_t n;

	if (!buf) {
		reply_err(req, -ENOMEM);
		return;
	}
	n = fs_readlink(ops_fs(req), ino, buf, FS_SYMLINK_MAX);
	if (n < 0) {
		reply_err(req, (int)n);
		return;
	}
	buf[n] = '\0';
	ops_accessed(req, ino);
	fuse_reply_readlink(req, buf);
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t dir, const char *name)
{
	struct fs_entry made;
	int rc;

	rc = fs_link(ops_fs(req), ino, dir, name, &made);
	reply_made(req, rc, &made);
}

void op_unlink(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	reply_rc(req, fs_unlink(ops_fs(req), dir, name));
}

void op_rmdir(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	reply_rc(req, fs_rmdir(ops_fs(req), dir, name));
}

void op_rename(fuse_req_t req, fuse_ino_t dir, const char *name,
	       fuse_ino_t newdir, const char *newname, unsigned flags)
{
	struct fs_cred cred = cred_of(req);

	reply_rc(req, fs_rename(ops_fs(req), dir, name, newdir, newname, flags,
				&cred));
}
