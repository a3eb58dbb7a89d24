#include "src/device.h"

#include <errno.h>
#include <linux/fuse.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "src/fuse.h"
#include "src/opcode.h"

#define SETTLE_PAUSE_NS     (20 * 1000 * 1000)
#define SETTLE_ROUNDS_QUIET 3
#define SETTLE_ROUNDS_MAX   500 /* 10 seconds, and the answers' time */

static struct device_hooks hooks;
static uint32_t flags_added;
static uint32_t flags_offered;
static _Thread_local uint32_t request_flags;
static _Atomic uint64_t asked;
static _Atomic uint64_t answered;

void device_add_flags(uint32_t flags)
{
	flags_added |= flags;
}

uint32_t device_request_flags(void)
{
	return request_flags;
}

uint64_t device_asked(void)
{
	return atomic_load(&asked);
}

/* Each request has been answered. */
static bool is_idle(void)
{
	/* In this order: what is asked in between counts as not answered. */
	uint64_t done = atomic_load(&answered);

	return done == atomic_load(&asked);
}

/*
 * A request of our own, behind all that wait for a worker, is the only one that
 * comes, and all are answered.  That must be so in a few rounds, as a worker
 * may have read a request and not yet have counted it.
 */
int device_settle(const char *mountpoint)
{
	struct timespec pause = { .tv_nsec = SETTLE_PAUSE_NS };
	struct statfs st;
	uint64_t before;
	int quiet = 0;

	for (int i = 0; i < SETTLE_ROUNDS_MAX; i++) {
		before = device_asked();
		(void)statfs(mountpoint, &st);
		nanosleep(&pause, NULL);
		if (is_idle() && device_asked() <= before + 1)
			quiet++;
		else
			quiet = 0;
		if (quiet == SETTLE_ROUNDS_QUIET)
			return 0;
	}
	return -EBUSY;
}

static void patch_init(struct iovec *iov, int count)
{
	struct fuse_init_out *out;
	size_t flags_end = offsetof(struct fuse_init_out, flags) +
			   sizeof(out->flags);

	/* An error has no second part. */
	if (count < 2 || iov[1].iov_len < flags_end)
		return;
	out = iov[1].iov_base;
	out->flags |= flags_added & flags_offered;
}

static ssize_t reply(int fd, struct iovec *iov, int count, void *userdata)
{
	ssize_t n;

	(void)userdata;
	if (hooks.reply)
		hooks.reply(iov[0].iov_base);
	if (atomic_load(&answered) == 0)
		patch_init(iov, count);
	n = writev(fd, iov, count);
	/* What the kernel is told unasked has no number. */
	if (((const struct fuse_out_header *)iov[0].iov_base)->unique != 0)
		atomic_fetch_add(&answered, 1);
	return n;
}

/* Takes the part that libfuse does not know out of a SETXATTR of @n bytes. */
static ssize_t shorten_setxattr(struct fuse_in_header *in, ssize_t n)
{
	uint8_t *arg = (uint8_t *)(in + 1);
	size_t extra = sizeof(struct fuse_setxattr_in) -
		       FUSE_COMPAT_SETXATTR_IN_SIZE;

	memmove(arg + FUSE_COMPAT_SETXATTR_IN_SIZE,
		arg + sizeof(struct fuse_setxattr_in),
		(size_t)n - sizeof(*in) - sizeof(struct fuse_setxattr_in));
	in->len -= (uint32_t)extra;
	return n - (ssize_t)extra;
}

/* Notes what libfuse will not pass on of a whole request; its new size. */
static ssize_t take_flags(struct fuse_in_header *in, ssize_t n)
{
	const void *arg = in + 1;

	request_flags = 0;
	switch (in->opcode) {
	case FUSE_INIT:
		flags_offered = ((const struct fuse_init_in *)arg)->flags;
		break;
	case FUSE_WRITE:
		request_flags =
			((const struct fuse_write_in *)arg)->write_flags &
			FUSE_WRITE_KILL_SUIDGID;
		break;
	case FUSE_SETATTR:
		request_flags = ((const struct fuse_setattr_in *)arg)->valid &
				FATTR_KILL_SUIDGID;
		break;
	case FUSE_SETXATTR:
		if (!(flags_added & flags_offered & FUSE_SETXATTR_EXT))
			break;
		request_flags =
			((const struct fuse_setxattr_in *)arg)->setxattr_flags;
		return shorten_setxattr(in, n);
	}
	return n;
}

bool device_reply(int fd, struct iovec *iov, int count)
{
	return reply(fd, iov, count, NULL) >= 0;
}

/* libfuse gets the first request that is not ours. */
static ssize_t request(int fd, void *buf, size_t size, void *userdata)
{
	const struct fuse_in_header *in = buf;
	ssize_t n;

	do {
		n = read(fd, buf, size);
		if (n < (ssize_t)sizeof(*in))
			return n;
		if (!opcode_is_never_answered(in->opcode))
			atomic_fetch_add(&asked, 1);
		if (hooks.request)
			hooks.request(in);
	} while (hooks.answer && hooks.answer(userdata, fd, buf));
	return take_flags(buf, n);
}

int device_hook(struct fuse_session *session, const struct device_hooks *h)
{
	static const struct fuse_custom_io io = {
		.writev = reply,
		.read = request,
	};

	hooks = *h;
	return fuse_session_custom_io(session, &io, fuse_session_fd(session));
}
