/* Attributes of inodes, and of the whole filesystem. */
#include <linux/fuse.h>

#include "fs/fs.h"
#include "src/device.h"
#include "src/ops.h"
#include "src/reply.h"
#include "src/transport.h"

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	bool unlink_pending;
	struct stat attr;
	int rc;

	(void)fi;
	rc = fs_getattr(ops_fs(req), ino, &attr, &unlink_pending);
	if (rc < 0) {
		reply_err(req, rc);
		return;
	}
	if (unlink_pending)
		reply_forget_attr(ops_session(req), ino);
	view_apply(ops_view(req), &attr);
	fuse_reply_attr(req, &attr, TRANSPORT_CACHE_SECONDS);
}

static unsigned set_of(int to_set)
{
	static const struct {
		int fuse;
		unsigned fs;
	} map[] = {
		{ FUSE_SET_ATTR_MODE, FS_SET_MODE },
		{ FUSE_SET_ATTR_UID, FS_SET_UID },
		{ FUSE_SET_ATTR_GID, FS_SET_GID },
		{ FUSE_SET_ATTR_SIZE, FS_SET_SIZE },
		{ FUSE_SET_ATTR_ATIME, FS_SET_ATIME },
		{ FUSE_SET_ATTR_MTIME, FS_SET_MTIME },
		{ FUSE_SET_ATTR_CTIME, FS_SET_CTIME },
		{ FUSE_SET_ATTR_ATIME_NOW, FS_SET_ATIME_NOW },
		{ FUSE_SET_ATTR_MTIME_NOW, FS_SET_MTIME_NOW },
	};
	unsigned set = 0;

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (to_set & map[i].fuse)
			set |= map[i].fs;
	}
	return set;
}

void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		struct fuse_file_info *fi)
{
	struct stat now;
	unsigned set;
	int rc;

	(void)fi;
	set = set_of(to_set);
	if (device_request_flags() & FATTR_KILL_SUIDGID)
		set |= FS_SET_KILL_PRIV;
	rc = fs_setattr(ops_fs(req), ino, attr, set, &now);
	if (rc < 0) {
		reply_err(req, rc);
		return;
	}
	view_apply(ops_view(req), &now);
	fuse_reply_attr(req, &now, TRANSPORT_CACHE_SECONDS);
}

void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs st;
	int rc;

	(void)ino;
	rc = fs_statfs(ops_fs(req), &st);
	if (rc < 0)
		reply_err(req, rc);
	else
		fuse_reply_statfs(req, &st);
}
