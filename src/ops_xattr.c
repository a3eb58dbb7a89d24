/* xattrs, ACLs among them. */
#include <errno.h>
#include <linux/fuse.h>
#include <sys/xattr.h>

#include "fs/fs.h"
#include "src/device.h"
#include "src/ops.h"
#include "src/reply.h"
#include "src/scratch.h"

/* @n is what fs returned when asked for at most @size bytes into @buf. */
static void reply_sized(fuse_req_t req, ssize_t n, const void *buf, size_t size)
{
	if (n < 0)
		reply_err(req, (int)n);
	else if (size == 0)
		fuse_reply_xattr(req, (size_t)n);
	else
		fuse_reply_buf(req, buf, (size_t)n);
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	char *buf = scratch(size);
	ssize_t n = -ENOMEM;

	if (buf)
		n = fs_getxattr(ops_fs(req), ino, name, buf, size);
	reply_sized(req, n, buf, size);
}

/* Linux shows the names of trusted to whoever may read their values. */
void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	bool trusted = fuse_req_ctx(req)->uid == 0;
	char *buf = scratch(size);
	ssize_t n = -ENOMEM;

	if (buf)
		n = fs_listxattr(ops_fs(req), ino, buf, size, trusted);
	reply_sized(req, n, buf, size);
}

void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name,
		 const char *value, size_t size, int flags)
{
	unsigned how = 0;

	if (flags & XATTR_CREATE)
		how |= FS_XATTR_CREATE;
	if (flags & XATTR_REPLACE)
		how |= FS_XATTR_REPLACE;
	if (device_request_flags() & FUSE_SETXATTR_ACL_KILL_SGID)
		how |= FS_XATTR_KILL_SGID;
	reply_rc(req, fs_setxattr(ops_fs(req), ino, name, value, size, how));
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	reply_rc(req, fs_removexattr(ops_fs(req), ino, name));
}
