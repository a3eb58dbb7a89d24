#include "src/ops.h"

#include <string.h>

#include "fs/fs.h"
#include "src/daemon.h"
#include "src/log.h"
#include "src/transport.h"

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	const struct ops *ops = userdata;
	int rc;

	transport_agree(conn, ops->max_background);
	/* ACLs would grant other rights than those that are shown. */
	if (!view_is_plain(&ops->view))
		conn->want &= ~(unsigned)FUSE_CAP_POSIX_ACL;

	/* Who waited is gone: a mount that nobody asked for any more is still a
	 * good one, so say it and go on. */
	rc = daemon_ready();
	if (rc < 0)
		log_error("cannot tell that the mount is ready: %s",
			  strerror(-rc));
}

void ops_accessed(fuse_req_t req, fuse_ino_t ino)
{
	const struct ops *ops = fuse_req_userdata(req);

	if (!atomic_load_explicit(&ops->traceless, memory_order_relaxed))
		fs_accessed(ops->fs, ino);
}

const struct fuse_lowlevel_ops ops_table = {
	.init = op_init,

	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.symlink = op_symlink,
	.readlink = op_readlink,
	.link = op_link,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.rename = op_rename,

	.getattr = op_getattr,
	.setattr = op_setattr,
	.statfs = op_statfs,

	.getxattr = op_getxattr,
	.listxattr = op_listxattr,
	.setxattr = op_setxattr,
	.removexattr = op_removexattr,

	.open = op_open,
	.read = op_read,
	.write = op_write,
	.lseek = op_lseek,
	.fallocate = op_fallocate,
	.copy_file_range = op_copy_file_range,
	.fsync = op_fsync,
	.ioctl = op_ioctl,

	.opendir = op_opendir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.fsyncdir = op_fsync,
};
