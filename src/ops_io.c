/* Contents of files. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fuse.h>
#include <string.h>

#include "fs/fs.h"
#include "src/device.h"
#include "src/flusher.h"
#include "src/log.h"
#include "src/ops.h"
#include "src/reply.h"
#include "src/scratch.h"

/* No state hangs on an open file or directory; see ops.h. */
void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	fuse_reply_err(req, ENOSYS);
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	int rc;

	if (!ops_asks_open(req)) {
		fuse_reply_err(req, ENOSYS);
		return;
	}
	rc = fs_check_open(ops_fs(req), ino, fi->flags);
	if (rc < 0) {
		reply_err(req, rc);
		return;
	}
	/* As it is without OPEN. */
	fi->keep_cache = 1;
	fi->noflush = 1;
	fuse_reply_open(req, fi);
}

/*
 * Who has mapped the file gets no error but a signal, whatever the cause, and
 * who asked for more than is needed now nothing at all.
 */
static void reply_unreadable(fuse_req_t req, fuse_ino_t ino, int rc)
{
	int err = reply_errno(rc);

	if (err != EIO)
		log_error("inode %" PRIu64 " cannot be read: %s", ino,
			  strerror(err));
	fuse_reply_err(req, err);
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
	     struct fuse_file_info *fi)
{
	void *buf = scratch(size);
	ssize_t n;

	if (!buf) {
		reply_unreadable(req, ino, -ENOMEM);
		return;
	}
	n = fs_read(ops_fs(req), ino, buf, size, (uint64_t)offset);
	/* Before the answer, after which the kernel may ask for atime. */
	if (n > 0 && !(fi->flags & O_NOATIME))
		ops_accessed(req, ino);
	if (n < 0)
		reply_unreadable(req, ino, (int)n);
	else
		fuse_reply_buf(req, buf, (size_t)n);
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size,
	      off_t offset, struct fuse_file_info *fi)
{
	unsigned flags = fi->writepage ? FS_WRITE_CACHED : 0;
	bool changed;
	ssize_t n;

	if (device_request_flags() & FUSE_WRITE_KILL_SUIDGID)
		flags |= FS_WRITE_KILL_PRIV;
	n = fs_write(ops_fs(req), ino, buf, size, (uint64_t)offset, flags,
		     &changed);
	if (n >= 0 && changed)
		reply_forget_attr(ops_session(req), ino);
	if (n < 0)
		reply_err(req, (int)n);
	else
		fuse_reply_write(req, (size_t)n);
}

static void answer_seek(struct fs *fs, const struct flusher_job *job)
{
	off_t found = fs_seek(fs, job->ino, job->offset, job->whence);

	if (found < 0)
		reply_err(job->req, (int)found);
	else
		fuse_reply_lseek(job->req, found);
}

void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence,
	      struct fuse_file_info *fi)
{
	struct flusher_job job = {
		.req = req,
		.ino = ino,
		.offset = offset,
		.whence = whence,
		.answer = answer_seek,
	};

	(void)fi;
	flusher_ask(ops_flusher(req), &job);
}

/* The kernel does not say whether the caller may keep the bits: root may. */
static bool kills_priv(fuse_req_t req)
{
	return fuse_req_ctx(req)->uid != 0;
}

void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset,
		  off_t size, struct fuse_file_info *fi)
{
	bool kill = kills_priv(req);
	int rc;

	(void)fi;
	rc = fs_fallocate(ops_fs(req), ino, mode, (uint64_t)offset,
			  (uint64_t)size, kill);
	if (kill)
		reply_forget_attr(ops_session(req), ino);
	reply_rc(req, rc);
}

/* The kernel has written out the source, and drops what it has of the target.
 */
void op_copy_file_range(fuse_req_t req, fuse_ino_t in_ino, off_t in,
			struct fuse_file_info *in_fi, fuse_ino_t out_ino,
			off_t out, struct fuse_file_info *out_fi, size_t size,
			int flags)
{
	bool kill = kills_priv(req);
	ssize_t n;

	(void)in_fi;
	(void)out_fi;
	(void)flags;
	n = fs_copy(ops_fs(req), in_ino, (uint64_t)in, out_ino, (uint64_t)out,
		    size, kill);
	if (kill)
		reply_forget_attr(ops_session(req), out_ino);
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
