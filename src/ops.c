#include "src/ops.h"

#include <linux/fuse.h>
#include <string.h>

#include "src/daemon.h"
#include "src/device.h"
#include "src/log.h"

#define WRITE_BYTES_MAX (1u << 20) /* a request; the kernel's own limit */
#define BACKGROUND_MAX  64         /* requests of read-ahead and writeback */

/*
 * Wanted, if the kernel offers it.  Not wanted: ATOMIC_O_TRUNC (there is no
 * OPEN to truncate in), AUTO_INVAL_DATA (nobody else changes files), splice
 * (the data do not lie in files of their own), HANDLE_KILLPRIV (there is a
 * second version).
 */
static const unsigned wanted = FUSE_CAP_ASYNC_READ | FUSE_CAP_ASYNC_DIO |
			       FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_DONT_MASK |
			       FUSE_CAP_EXPORT_SUPPORT | FUSE_CAP_IOCTL_DIR |
			       FUSE_CAP_NO_OPENDIR_SUPPORT |
			       FUSE_CAP_NO_OPEN_SUPPORT |
			       FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_POSIX_ACL |
			       FUSE_CAP_READDIRPLUS |
			       FUSE_CAP_READDIRPLUS_AUTO |
			       FUSE_CAP_WRITEBACK_CACHE;

/*
 * What libfuse does not pass on; see device.h.
 *
 * HANDLE_KILLPRIV_V2: fs clears setuid and setgid when a file is written,
 * truncated or given away.  Without it the kernel asks for the xattr
 * security.capability before each single write(2).
 */
static const uint32_t wanted_by_hand = FUSE_PARALLEL_DIROPS |
				       FUSE_HANDLE_KILLPRIV_V2 |
				       FUSE_SETXATTR_EXT;

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	const struct ops *ops = userdata;
	int rc;

	conn->want = conn->capable & wanted;
	/* ACLs would grant other rights than those that are shown. */
	if (!view_is_plain(&ops->view))
		conn->want &= ~(unsigned)FUSE_CAP_POSIX_ACL;
	conn->max_write = WRITE_BYTES_MAX;
	conn->max_background = ops->max_background ? ops->max_background
						   : BACKGROUND_MAX;
	conn->congestion_threshold = conn->max_background * 3 / 4;
	device_add_flags(wanted_by_hand);

	/* Who waited is gone: a mount that nobody asked for any more is still a
	 * good one, so say it and go on. */
	rc = daemon_ready();
	if (rc < 0)
		log_error("cannot tell that the mount is ready: %s",
			  strerror(-rc));
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
