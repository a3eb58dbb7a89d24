#include "src/own.h"

#include <linux/fuse.h>
#include <linux/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#include "fs/fs.h"
#include "src/device.h"
#include "src/ops.h"
#include "src/own_format.h"
#include "src/reply.h"
#include "src/status.h"
#include "src/transport.h"

bool own_reply(int fd, const struct fuse_in_header *in, int rc, void *out,
	       size_t size)
{
	struct fuse_out_header header = {
		.unique = in->unique,
		.error = rc < 0 ? -reply_errno(rc) : 0,
		.len = (uint32_t)(sizeof(header) + (rc < 0 ? 0 : size)),
	};
	struct iovec iov[2] = {
		{ .iov_base = &header, .iov_len = sizeof(header) },
		{ .iov_base = out, .iov_len = size },
	};

	return device_reply(fd, iov, rc < 0 ? 1 : 2);
}

static uint32_t device_number(dev_t dev)
{
	return (uint32_t)((minor(dev) & 0xff) | (major(dev) << 8) |
			  ((minor(dev) & ~0xffu) << 12));
}

struct fuse_attr own_attr(const struct stat *st)
{
	return (struct fuse_attr){
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.blocks = (uint64_t)st->st_blocks,
		.atime = (uint64_t)st->st_atim.tv_sec,
		.mtime = (uint64_t)st->st_mtim.tv_sec,
		.ctime = (uint64_t)st->st_ctim.tv_sec,
		.atimensec = (uint32_t)st->st_atim.tv_nsec,
		.mtimensec = (uint32_t)st->st_mtim.tv_nsec,
		.ctimensec = (uint32_t)st->st_ctim.tv_nsec,
		.mode = st->st_mode,
		.nlink = (uint32_t)st->st_nlink,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.rdev = device_number(st->st_rdev),
		.blksize = (uint32_t)st->st_blksize,
	};
}

/* ------------------------------------------------------------ TMPFILE -- */

/* As the kernel reads what TMPFILE is answered with. */
struct made {
	struct fuse_entry_out entry;
	struct fuse_open_out open;
};

static void tmpfile_of(struct ops *ops, int fd, const struct fuse_in_header *in)
{
	const struct fuse_create_in *arg = (const void *)(in + 1);
	struct fs_cred cred = {
		.uid = in->uid,
		.gid = in->gid,
		.umask = arg->umask,
	};
	struct fs_entry entry;
	struct made made;
	int rc;

	rc = fs_tmpfile(ops->fs, in->nodeid, arg->mode & 07777, &cred, &entry);
	if (rc == 0) {
		view_apply(&ops->view, &entry.attr);
		made = (struct made){
			.entry = {
				.nodeid = entry.ino,
				.generation = entry.generation,
				.attr_valid = (uint64_t)TRANSPORT_CACHE_SECONDS,
				.entry_valid = (uint64_t)TRANSPORT_CACHE_SECONDS,
				.attr = own_attr(&entry.attr),
			},
			.open = {
				.open_flags = FOPEN_KEEP_CACHE | FOPEN_NOFLUSH,
			},
		};
	}
	/* A reply that was not sent gave the kernel no reference. */
	if (!own_reply(fd, in, rc, &made, sizeof(made)) && rc == 0)
		fs_forget(ops->fs, entry.ino, 1);
}

/* -------------------------------------------------------------- STATX -- */

static struct own_time time_of(struct timespec t)
{
	return (struct own_time){ .s = t.tv_sec, .ns = (uint32_t)t.tv_nsec };
}

static struct own_statx_out statx_of(const struct stat *st,
				     struct timespec birth)
{
	return (struct own_statx_out){
		.valid_s = (uint64_t)TRANSPORT_CACHE_SECONDS,
		.mask = STATX_BASIC_STATS | STATX_BTIME,
		.blksize = (uint32_t)st->st_blksize,
		.nlink = (uint32_t)st->st_nlink,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.mode = (uint16_t)st->st_mode,
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.blocks = (uint64_t)st->st_blocks,
		.atime = time_of(st->st_atim),
		.btime = time_of(birth),
		.ctime = time_of(st->st_ctim),
		.mtime = time_of(st->st_mtim),
		.rdev_major = major(st->st_rdev),
		.rdev_minor = minor(st->st_rdev),
	};
}

void own_reply_statx(int fd, const struct fuse_in_header *in,
		     const struct stat *st, struct timespec birth)
{
	struct own_statx_out out = statx_of(st, birth);

	own_reply(fd, in, 0, &out, sizeof(out));
}

static void stat_of(struct ops *ops, int fd, const struct fuse_in_header *in)
{
	struct timespec birth;
	bool unlink_pending;
	struct stat st;
	int rc;

	rc = fs_getattr(ops->fs, in->nodeid, &st, &unlink_pending);
	if (rc == 0)
		rc = fs_birth(ops->fs, in->nodeid, &birth);
	if (rc == 0 && unlink_pending)
		reply_forget_attr(ops->session, in->nodeid);
	if (rc < 0) {
		own_reply(fd, in, rc, NULL, 0);
		return;
	}
	view_apply(&ops->view, &st);
	own_reply_statx(fd, in, &st, birth);
}

bool own_answer(void *ops, int fd, const struct fuse_in_header *in)
{
	if (status_answer(ops, fd, in))
		return true;
	switch (in->opcode) {
	case FUSE_TMPFILE:
		tmpfile_of(ops, fd, in);
		return true;
	case OWN_STATX:
		stat_of(ops, fd, in);
		return true;
	default:
		return false;
	}
}
