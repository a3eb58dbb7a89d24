#include "src/transport.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "src/fuse.h"
#include "src/device.h"

#define WRITE_BYTES_MAX (1u << 20) /* a request; the kernel's own limit */
#define BACKGROUND_MAX  64         /* requests of read-ahead and writeback */
#define READ_AHEAD_KB   "512"
#define ROOT_INO        1

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

void transport_agree(struct fuse_conn_info *conn, unsigned max_background)
{
	conn->want = conn->capable & wanted;
	conn->max_write = WRITE_BYTES_MAX;
	conn->max_background = max_background ? max_background : BACKGROUND_MAX;
	conn->congestion_threshold = conn->max_background * 3 / 4;
	device_add_flags(wanted_by_hand);
}

static void set_read_ahead(dev_t dev)
{
	char path[64];
	ssize_t ignored;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb",
		 major(dev), minor(dev));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	/* It stays as it was if this kernel will not have it. */
	ignored = write(fd, READ_AHEAD_KB, strlen(READ_AHEAD_KB));
	(void)ignored;
	close(fd);
}

static void *tune(void *arg)
{
	const struct transport_tuner *t = arg;
	struct stat st;

	/* The kernel sends nothing else before it has the reply to INIT. */
	if (stat(t->mountpoint, &st) < 0)
		return NULL;
	/* Unmounted by now: what was there before is none of our business. */
	if (st.st_dev == t->before || major(st.st_dev) != 0 ||
	    st.st_ino != ROOT_INO)
		return NULL;
	set_read_ahead(st.st_dev);
	return NULL;
}

void transport_tuner_init(struct transport_tuner *t, const char *mountpoint)
{
	struct stat st;

	*t = (struct transport_tuner){ .mountpoint = mountpoint };
	if (stat(mountpoint, &st) == 0)
		t->before = st.st_dev;
}

void transport_tuner_begin(struct transport_tuner *t)
{
	t->running = pthread_create(&t->thread, NULL, tune, t) == 0;
}

void transport_tuner_end(struct transport_tuner *t)
{
	if (t->running)
		pthread_join(t->thread, NULL);
}
