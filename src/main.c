/* loamfs: the daemon.  See loamfs.8. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fs/fs.h"
#include "src/daemon.h"
#include "src/log.h"
#include "src/ops.h"
#include "src/opts.h"
#include "src/paths.h"
#include "src/remount.h"
#include "src/serve.h"
#include "src/status.h"
#include "src/stop.h"
#include "src/trace.h"

#define BUSY_TRIES 30 /* a tenth of a second each */

/* Some texts begin with the path of what they are about. */
static void log_store(const struct opts *o, const char *what, int rc,
		      const char *cure)
{
	const char *text = fs_error_text(rc);
	size_t n = strlen(o->store);

	if (!strncmp(text, o->store, n) && (text[n] == ':' || text[n] == '/'))
		log_error("%s%s%s", what, text, cure);
	else
		log_error("%s%s: %s%s", what, o->store, text, cure);
}

/*
 * fusermount3 returns while the daemon is still ending: who mounts again at
 * once waits for it a little.
 */
static int open_patiently(struct fs **out, const struct opts *o,
			  const struct fs_options *options)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	int tries, rc;

	for (tries = 0; tries < BUSY_TRIES; tries++) {
		rc = fs_open(out, o->store, options);
		if (rc != -EBUSY)
			break;
		nanosleep(&pause, NULL);
	}
	return rc;
}

static int open_fs(struct fs **out, const struct opts *o)
{
	struct fs_options options = fs_options_default;
	int rc;

	options.create = !o->read_only;
	options.read_only = o->read_only;
	options.background = true;
	options.atime = o->atime;
	options.root_uid = getuid();
	options.root_gid = getgid();
	if (o->memory_bytes)
		options.memory_bytes = o->memory_bytes;
	if (o->sync_interval_ms >= 0)
		options.sync_interval_ms = (unsigned)o->sync_interval_ms;

	rc = open_patiently(out, o, &options);
	if (rc < 0)
		log_store(o, "", rc,
			  rc == -EBADMSG || rc == -EUCLEAN
				  ? "; loamctl fsck tells more"
				  : "");
	else if (o->read_only && !fs_was_clean(*out))
		log_warning("%s: was not closed in order; it has been "
			    "recovered in memory only, and stays as it is",
			    o->store);
	return rc;
}

static int close_fs(struct fs *fs, const struct opts *o)
{
	int rc = fs_close(fs);

	if (rc < 0)
		log_store(o, "not everything could be saved: ", rc, "");
	return rc;
}

/* Returns 0 if all went well to the end of the mount. */
static int run(struct opts *o)
{
	struct fuse_session *session;
	struct ops ops = { .store = o->store };
	int rc, close_rc;

	stop_block_signals();
	session = serve_new(o, &ops);
	if (!session)
		return -1;

	rc = open_fs(&ops.fs, o);
	if (rc < 0)
		goto free_session;

	ops.read_only = o->read_only;
	ops.view = o->view;
	ops.max_background = o->max_background;
	ops.asks_open = o->chattr || fs_has_flags(ops.fs);
	if (!o->no_status)
		status_begin(ops.fs);
	log_info("%s: mounting %s", o->mountpoint, o->store);
	rc = serve(&ops, o);
	status_end();
	close_rc = close_fs(ops.fs, o);
	log_info("%s: unmounted", o->mountpoint);
	if (rc == 0)
		rc = close_rc;

free_session:
	serve_free(session);
	return rc;
}

int main(int argc, char **argv)
{
	struct opts opts;
	int rc;

	log_init();
	umask(0);
	fs_tune_heap();

	rc = opts_parse(&opts, argc, argv);
	if (rc == 0 && opts.remount)
		rc = remount_exec(&opts);
	if (rc == 0)
		rc = paths_check(&opts);
	if (rc == 0 && opts.trace)
		rc = trace_begin(opts.trace_path);
	if (rc == 0 && !opts.fake) {
		if (!opts.foreground)
			rc = daemon_fork();
		if (rc == 0)
			rc = run(&opts);
	}

	trace_end();
	opts_fini(&opts);
	log_end();
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
