/*
 * ioctls: the flags of chattr(1), in both forms that Linux has for them, and
 * where the store is (place.h).
 *
 * The kernel has checked the caller's rights, and it copies what goes in and
 * out: an int for FS_IOC_GETFLAGS, whatever its number says.
 */
#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>

#include "fs/fs.h"
#include "src/flusher.h"
#include "src/ops.h"
#include "src/place.h"
#include "src/reply.h"
#include "src/scratch.h"

/* FS_SYNC_FL is not there: the kernel's cache would not keep its promise. */
static const struct {
	unsigned fs;
	unsigned fl;
	unsigned xflag;
} map[] = {
	{ FS_FLAG_IMMUTABLE, FS_IMMUTABLE_FL, FS_XFLAG_IMMUTABLE },
	{ FS_FLAG_APPEND, FS_APPEND_FL, FS_XFLAG_APPEND },
	{ FS_FLAG_NODUMP, FS_NODUMP_FL, FS_XFLAG_NODUMP },
	{ FS_FLAG_NOATIME, FS_NOATIME_FL, FS_XFLAG_NOATIME },
};

#define MAP_SIZE (sizeof(map) / sizeof(map[0]))

/* Both leave what is not known in *@rest. */
static unsigned from_fl(unsigned fl, unsigned *rest)
{
	unsigned flags = 0;

	for (size_t i = 0; i < MAP_SIZE; i++) {
		if (fl & map[i].fl)
			flags |= map[i].fs;
		fl &= ~map[i].fl;
	}
	*rest = fl;
	return flags;
}

static unsigned from_xflags(unsigned xflags, unsigned *rest)
{
	unsigned flags = 0;

	for (size_t i = 0; i < MAP_SIZE; i++) {
		if (xflags & map[i].xflag)
			flags |= map[i].fs;
		xflags &= ~map[i].xflag;
	}
	*rest = xflags;
	return flags;
}

static void get(fuse_req_t req, fuse_ino_t ino, bool extended)
{
	struct fsxattr x = { .fsx_xflags = 0 };
	unsigned flags = 0, fl = 0;
	int rc;

	rc = fs_getflags(ops_fs(req), ino, &flags);
	if (rc < 0) {
		reply_err(req, rc);
		return;
	}
	for (size_t i = 0; i < MAP_SIZE; i++) {
		if (flags & map[i].fs) {
			fl |= map[i].fl;
			x.fsx_xflags |= map[i].xflag;
		}
	}
	if (extended)
		fuse_reply_ioctl(req, 0, &x, sizeof(x));
	else
		fuse_reply_ioctl(req, 0, &fl, sizeof(fl));
}

static void answer_set(struct fs *fs, const struct flusher_job *job)
{
	int rc = fs_setflags(fs, job->ino, job->flags);

	if (rc < 0) {
		reply_err(job->req, rc);
		return;
	}
	reply_forget_attr(ops_session(job->req), job->ino);
	fuse_reply_ioctl(job->req, 0, NULL, 0);
}

/* What was written before the flags were set is not their business. */
static void set(fuse_req_t req, fuse_ino_t ino, unsigned flags)
{
	struct flusher_job job = {
		.req = req,
		.ino = ino,
		.flags = flags,
		.answer = answer_set,
	};

	flusher_ask(ops_flusher(req), &job);
}

static void set_from_fl(fuse_req_t req, fuse_ino_t ino, const void *in)
{
	unsigned fl, flags, rest;

	memcpy(&fl, in, sizeof(fl));
	flags = from_fl(fl, &rest);
	if (rest)
		reply_err(req, -EOPNOTSUPP);
	else
		set(req, ino, flags);
}

static void set_from_x(fuse_req_t req, fuse_ino_t ino, const void *in)
{
	unsigned flags, rest;
	struct fsxattr x;

	memcpy(&x, in, sizeof(x));
	flags = from_xflags(x.fsx_xflags, &rest);
	if (rest || x.fsx_extsize || x.fsx_projid || x.fsx_cowextsize)
		reply_err(req, -EOPNOTSUPP);
	else
		set(req, ino, flags);
}

static void tell_place(fuse_req_t req)
{
	const struct ops *ops = fuse_req_userdata(req);
	struct place_answer *place = scratch(sizeof(*place));

	if (!place) {
		reply_err(req, -ENOMEM);
		return;
	}
	memset(place, 0, sizeof(*place));
	snprintf(place->store, sizeof(place->store), "%s", ops->store);
	fuse_reply_ioctl(req, 0, place, sizeof(*place));
}

void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned cmd, void *arg,
	      struct fuse_file_info *fi, unsigned flags, const void *in,
	      size_t in_size, size_t out_size)
{
	(void)arg;
	(void)fi;
	(void)flags;
	if (cmd == FS_IOC_GETFLAGS && out_size >= sizeof(unsigned))
		get(req, ino, false);
	else if (cmd == FS_IOC_FSGETXATTR && out_size >= sizeof(struct fsxattr))
		get(req, ino, true);
	else if (cmd == FS_IOC_SETFLAGS && in_size >= sizeof(unsigned))
		set_from_fl(req, ino, in);
	else if (cmd == FS_IOC_FSSETXATTR && in_size >= sizeof(struct fsxattr))
		set_from_x(req, ino, in);
	else if (cmd == PLACE_IOCTL && out_size >= sizeof(struct place_answer))
		tell_place(req);
	else
		reply_err(req, -ENOTTY);
}
