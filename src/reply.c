#include "src/reply.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>

#include "fs/fs.h"
#include "src/log.h"
#include "src/ops.h"
#include "src/transport.h"

/* A mount that is read-only by choice gets no writes from the kernel. */
static void log_poisoned(void)
{
	static atomic_bool logged;

	if (!atomic_exchange(&logged, true))
		log_error("no more writes after an earlier write error: %s; "
			  "mounting again recovers",
			  fs_error_text(-EROFS));
}

int reply_errno(int rc)
{
	assert(rc < 0);
	switch (rc) {
	case -EBADMSG:
	case -EUCLEAN:
	case -EPROTONOSUPPORT:
	case -EIO:
		log_error("%s", fs_error_text(rc));
		return EIO;
	case -EROFS:
		log_poisoned();
		break;
	}
	return -rc;
}

void reply_err(fuse_req_t req, int rc)
{
	fuse_reply_err(req, reply_errno(rc));
}

void reply_rc(fuse_req_t req, int rc)
{
	if (rc < 0)
		reply_err(req, rc);
	else
		fuse_reply_err(req, 0);
}

void reply_forget_attr(struct fuse_session *session, uint64_t ino)
{
	/* An inode that the kernel does not know has nothing to forget. */
	(void)fuse_lowlevel_notify_inval_inode(session, ino, -1, 0);
}

struct fuse_entry_param reply_param(fuse_req_t req,
				    const struct fs_entry *entry)
{
	struct stat attr = entry->attr;

	if (entry->unlink_pending)
		reply_forget_attr(ops_session(req), entry->ino);
	view_apply(ops_view(req), &attr);
	return (struct fuse_entry_param){
		.ino = entry->ino,
		.generation = entry->generation,
		.attr = attr,
		.attr_timeout = TRANSPORT_CACHE_SECONDS,
		.entry_timeout = TRANSPORT_CACHE_SECONDS,
	};
}

void reply_entry(fuse_req_t req, struct fs *fs, const struct fs_entry *entry)
{
	struct fuse_entry_param param = reply_param(req, entry);

	/* A reply that was not sent gave the kernel no reference. */
	if (fuse_reply_entry(req, &param) != 0)
		fs_forget(fs, entry->ino, 1);
}

void reply_no_entry(fuse_req_t req)
{
	struct fuse_entry_param param = {
		.ino = 0,
		.entry_timeout = TRANSPORT_CACHE_SECONDS,
	};

	fuse_reply_entry(req, &param);
}
