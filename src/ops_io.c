/* Contents of files. */
#include <errno.h>
#include <linux/fuse.h>

#include "fs/fs.h"
#include "src/device.h"
#include "src/ops.h"
#include "src/reply.h"
#include "src/scratch.h"

/* No state hangs on an open file or directory; see ops.h. */
void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	fuse_reply_err(req, ENOSYS);
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
	     struct fuse_file_info *fi)
{
	void *buf = scratch(size);
	ssize_t n;

	(void)fi;
	if (!buf) {
		reply_err(req, -ENOMEM);
		return;
	}
	n = fs_read(ops_fs(req), ino, buf, size, (uint64_t)offset);
	if (n < 0)
		reply_err(req, (int)n);
	else
		fuse_reply_buf(req, buf, (size_t)n);
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size,
	      off_t offset, struct fuse_file_info *fi)
{
	unsigned flags = fi->writepage ? FS_WRITE_CACHED : 0;
	ssize_t n;

	if (device_request_flags() & FUSE_WRITE_KILL_SUIDGID)
		flags |= FS_WRITE_KILL_PRIV;
	n = fs_write(ops_fs(req), ino, buf, size, (uint64_t)offset, flags);
	/* It leaves clearing the bits to us, and does not ask for the mode. */
	if (flags & FS_WRITE_KILL_PRIV)
		reply_forget_attr(req, ino);
	if (n < 0)
		reply_err(req, (int)n);
	else
		fuse_reply_write(req, (size_t)n);
}

void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync,
	      struct fuse_file_info *fi)
{
	(void)datasync;
	(void)fi;
	reply_rc(req, fs_fsync(ops_fs(req), ino));
}
