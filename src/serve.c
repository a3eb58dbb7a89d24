#include "src/serve.h"

#include <errno.h>
#include <string.h>

#include "src/fuse.h"
#include "src/control.h"
#include "src/device.h"
#include "src/log.h"
#include "src/loop.h"
#include "src/ops.h"
#include "src/opts.h"
#include "src/own.h"
#include "src/flusher.h"
#include "src/stop.h"
#include "src/tally.h"
#include "src/trace.h"
#include "src/transport.h"

struct fuse_session *serve_new(struct opts *o, struct ops *ops)
{
	if (opts_complete(o) < 0)
		return NULL;
	ops->session = fuse_session_new(&o->args, &ops_table, sizeof(ops_table),
					ops);
	return ops->session;
}

void serve_free(struct fuse_session *session)
{
	if (session)
		fuse_session_destroy(session);
}

static void request_came(const struct fuse_in_header *in)
{
	trace_request(in);
	tally_request(in);
}

static const struct device_hooks hooks = {
	.request = request_came,
	.reply = trace_reply,
	.answer = own_answer,
};

int serve(struct ops *ops, const struct opts *o)
{
	struct fuse_session *session = ops->session;
	struct control control;
	struct transport_tuner tuner;
	struct flusher flusher;
	struct stop stop;
	int rc;

	transport_tuner_init(&tuner, o->mountpoint);
	/* libfuse has printed why. */
	if (fuse_session_mount(session, o->mountpoint) != 0)
		return -EIO;

	rc = device_hook(session, &hooks);
	if (rc < 0) {
		log_error("cannot serve: %s", strerror(-rc));
		goto unmount;
	}
	rc = flusher_begin(&flusher, ops->fs, session);
	if (rc < 0)
		goto unmount;
	ops->flusher = &flusher;
	rc = stop_begin(&stop, session, o->mountpoint, o->idle_ms);
	if (rc < 0)
		goto end_flusher;
	control_begin(&control, ops, o->mountpoint);
	transport_tuner_begin(&tuner);
	rc = loop_run(session);
	if (rc < 0)
		log_error("cannot go on serving: %s", strerror(-rc));
	/* Closes the device: what still waits for an answer gets an error. */
	fuse_session_unmount(session);
	transport_tuner_end(&tuner);
	stop_end(&stop);
	flusher_end(&flusher);
	control_end(&control);
	return rc;

end_flusher:
	fuse_session_unmount(session);
	flusher_end(&flusher);
	return rc;

unmount:
	fuse_session_unmount(session);
	return rc;
}
