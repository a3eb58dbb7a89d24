#include "src/device.h"

#include <linux/fuse.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/uio.h>
#include <unistd.h>

#include "src/fuse.h"

static uint32_t flags_added;
static _Atomic uint64_t asked;
static _Atomic uint64_t answered;

void device_add_flags(uint32_t flags)
{
	flags_added |= flags;
}

uint64_t device_asked(void)
{
	return atomic_load(&asked);
}

bool device_is_idle(void)
{
	/* In this order: what is asked in between counts as not answered. */
	uint64_t done = atomic_load(&answered);

	return done == atomic_load(&asked);
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
	out->flags |= flags_added;
}

static ssize_t reply(int fd, struct iovec *iov, int count, void *userdata)
{
	ssize_t n;

	(void)userdata;
	if (atomic_load(&answered) == 0)
		patch_init(iov, count);
	n = writev(fd, iov, count);
	atomic_fetch_add(&answered, 1);
	return n;
}

static bool is_owed_a_reply(const struct fuse_in_header *in)
{
	return in->opcode != FUSE_FORGET && in->opcode != FUSE_BATCH_FORGET &&
	       in->opcode != FUSE_INTERRUPT;
}

static ssize_t request(int fd, void *buf, size_t size, void *userdata)
{
	ssize_t n = read(fd, buf, size);

	(void)userdata;
	if (n >= (ssize_t)sizeof(struct fuse_in_header) && is_owed_a_reply(buf))
		atomic_fetch_add(&asked, 1);
	return n;
}

int device_hook(struct fuse_session *session)
{
	static const struct fuse_custom_io io = {
		.writev = reply,
		.read = request,
	};

	return fuse_session_custom_io(session, &io, fuse_session_fd(session));
}
