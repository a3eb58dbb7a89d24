/*
 * limit: a filesystem in memory, served as loamfs serves its own.
 *
 * usage: limit MOUNTPOINT      stays in the foreground until it is unmounted
 *
 * What it is for: to show what the way through the kernel and libfuse costs by
 * itself.  Its loop, what it agrees on with the kernel, and which requests it
 * leaves to the kernel are those of src/, by the same code; behind them there
 * is nothing but a hash table and memory.  So no filesystem that is served this
 * way can be faster, up to noise, and what loamfs takes longer is what its
 * store takes.
 *
 * Its files end with it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/device.h"
#include "src/fuse.h"
#include "src/loop.h"
#include "src/transport.h"
#include "tools/fsbench/limit_ops.h"
#include "tools/fsbench/limit_tree.h"

/* Reachable to the end: it goes with the process. */
static struct tree tree;

static int serve(struct fuse_session *session, const char *mountpoint)
{
	struct transport_tuner tuner;
	int rc;

	transport_tuner_init(&tuner, mountpoint);
	if (fuse_session_mount(session, mountpoint) != 0)
		return -EIO;
	rc = device_hook(session, &(struct device_hooks){ 0 });
	if (rc < 0) {
		fuse_session_unmount(session);
		return rc;
	}
	transport_tuner_begin(&tuner);
	rc = loop_run(session);
	fuse_session_unmount(session);
	transport_tuner_end(&tuner);
	return rc;
}

static int run(const char *program, const char *mountpoint)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *session = NULL;
	int rc = -ENOMEM;

	if (fuse_opt_add_arg(&args, program) == 0 &&
	    fuse_opt_add_arg(&args, "-ofsname=limit,subtype=limit,"
				    "default_permissions") == 0)
		session = fuse_session_new(&args, &limit_ops_table,
					   sizeof(limit_ops_table), &tree);
	if (session) {
		rc = fuse_set_signal_handlers(session);
		if (rc == 0)
			rc = serve(session, mountpoint);
		fuse_remove_signal_handlers(session);
		fuse_session_destroy(session);
	}
	fuse_opt_free_args(&args);
	return rc;
}

int main(int argc, char **argv)
{
	int rc;

	if (argc != 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: limit MOUNTPOINT\n");
		return 2;
	}
	umask(0);
	rc = tree_init(&tree);
	if (rc == 0)
		rc = run(argv[0], argv[1]);
	if (rc < 0)
		fprintf(stderr, "limit: %s: %s\n", argv[1], strerror(-rc));
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
