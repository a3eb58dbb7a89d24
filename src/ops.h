/*
 * ops: what the kernel asks, handed to fs.
 *
 * Each handler decodes, calls one function of fs and replies: no thought of its
 * own.  Files by topic: ops_name.c (entries of directories), ops_attr.c,
 * ops_io.c (contents), ops_dir.c (listings), ops_xattr.c, ops_ioctl.c.
 *
 * What is not there, and why
 *   - open and opendir answer ENOSYS: the kernel then sends neither them nor
 *     their releases any more, and keeps its caches from one open to the next.
 *     All state is found by inode; an unlinked inode lives until FORGET.
 *     But only OPEN can be refused for files that are immutable or append-only,
 *     and once it was answered ENOSYS it is gone for good; so it is answered
 *     where there are such files when a mount begins, or its options say so.
 *   - create: the kernel then sends MKNOD, and with the above that is all.
 *   - flush, access: nothing to do (the kernel checks permissions by itself).
 *   - flock, getlk, setlk: the kernel keeps the locks.
 *
 * Thread safety: handlers run in several threads at once.  No lock of fs is
 * held over a reply.
 */
#ifndef SRC_OPS_H
#define SRC_OPS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "src/fuse.h"
#include "src/view.h"

struct fs;
struct flusher;

/* What every handler gets: the session's user data. */
struct ops {
	struct fs *fs;                /* borrowed; set before the mount */
	struct fuse_session *session; /* borrowed; set by serve_new() */
	struct flusher *flusher;      /* borrowed; set by serve() */
	struct view view;             /* set before the mount */
	unsigned max_background;      /* 0: the default; set before the mount */
	bool asks_open; /* OPEN is answered, for flags; set before the mount */
	bool read_only; /* of the store, too; set before the mount */
	atomic_bool traceless; /* reading is not noted: remounted read-only */
	const char *store;     /* borrowed; set before the mount */
};

extern const struct fuse_lowlevel_ops ops_table;

static inline struct fs *ops_fs(fuse_req_t req)
{
	return ((struct ops *)fuse_req_userdata(req))->fs;
}

static inline const struct view *ops_view(fuse_req_t req)
{
	return &((struct ops *)fuse_req_userdata(req))->view;
}

static inline bool ops_asks_open(fuse_req_t req)
{
	return ((struct ops *)fuse_req_userdata(req))->asks_open;
}

static inline struct fuse_session *ops_session(fuse_req_t req)
{
	return ((struct ops *)fuse_req_userdata(req))->session;
}

static inline struct flusher *ops_flusher(fuse_req_t req)
{
	return ((struct ops *)fuse_req_userdata(req))->flusher;
}

/* As fs_accessed(), for handlers that have read something. */
void ops_accessed(fuse_req_t req, fuse_ino_t ino);

/* ops_name.c */
void op_lookup(fuse_req_t req, fuse_ino_t dir, const char *name);
void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count);
void op_forget_multi(fuse_req_t req, size_t count,
		     struct fuse_forget_data *forgets);
void op_mknod(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode,
	      dev_t rdev);
void op_mkdir(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode);
void op_symlink(fuse_req_t req, const char *target, fuse_ino_t dir,
		const char *name);
void op_readlink(fuse_req_t req, fuse_ino_t ino);
void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t dir, const char *name);
void op_unlink(fuse_req_t req, fuse_ino_t dir, const char *name);
void op_rmdir(fuse_req_t req, fuse_ino_t dir, const char *name);
void op_rename(fuse_req_t req, fuse_ino_t dir, const char *name,
	       fuse_ino_t newdir, const char *newname, unsigned flags);

/* ops_attr.c */
void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		struct fuse_file_info *fi);
void op_statfs(fuse_req_t req, fuse_ino_t ino);

/* ops_xattr.c */
void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name,
		 const char *value, size_t size, int flags);
void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);

/* ops_io.c */
void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
	     struct fuse_file_info *fi);
void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size,
	      off_t offset, struct fuse_file_info *fi);
void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence,
	      struct fuse_file_info *fi);
void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset,
		  off_t size, struct fuse_file_info *fi);
void op_copy_file_range(fuse_req_t req, fuse_ino_t in_ino, off_t in,
			struct fuse_file_info *in_fi, fuse_ino_t out_ino,
			off_t out, struct fuse_file_info *out_fi, size_t size,
			int flags);
void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync,
	      struct fuse_file_info *fi);

/* ops_ioctl.c */
void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned cmd, void *arg,
	      struct fuse_file_info *fi, unsigned flags, const void *in,
	      size_t in_size, size_t out_size);

/* ops_dir.c */
void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		struct fuse_file_info *fi);
void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi);

#endif
