/*
 * opts: the command line.
 *
 *      loamfs [options] STORE MOUNTPOINT
 *      mount.loamfs STORE MOUNTPOINT [-sfnv] [-N SPACE] [-t TYPE] [-o OPTIONS]
 *
 * The second is how mount(8) calls its helpers: so it is by any name that
 * begins with `mount.`, and -f means there to do all but mount.
 *
 * Our own options are taken out, and so are those that are for mount(8),
 * systemd or fstab(5) alone (nofail, x-*, user, ...).  All other -o options
 * stay in args and pass on to libfuse, which knows its own and refuses the
 * rest by name.  Whatever is wrong is said in one line.
 */
#ifndef SRC_OPTS_H
#define SRC_OPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "fs/fs.h"
#include "src/fuse.h"
#include "src/log.h"
#include "src/view.h"

struct opts {
	char *store;      /* owned; absolute after paths_check() */
	char *mountpoint; /* owned; absolute after paths_check() */
	bool helper;      /* called as mount(8) does */
	bool fake;        /* do all but mount */
	bool remount;     /* change the mount that is there */
	bool foreground;  /* stay, and log to stderr */
	bool read_only;   /* libfuse gets it too */
	bool chattr;      /* the kernel is to ask before each open */
	bool trace;       /* a line for each request */
	bool no_status;   /* there is no /.loamfs */
	char *trace_path; /* owned; NULL: to the log */
	uint64_t idle_ms; /* unmount after so long; 0: never */
	enum fs_atime atime;
	struct view view;
	unsigned max_background; /* requests; 0: the default */
	size_t memory_bytes;     /* for caches and buffers; 0: the default */
	int sync_interval_ms;    /* of the background sync; -1: the default */
	struct fuse_args args;   /* owned; what remains for libfuse */
};

/*
 * Returns 0; 1 if all that was asked for, a help text or the version, has been
 * printed; or -EINVAL or -ENOMEM after a line that says why.  @o is ended with
 * opts_fini() in any case.  A level of the log counts from here on.
 */
int opts_parse(struct opts *o, int argc, char **argv);
void opts_fini(struct opts *o);

/*
 * Adds what libfuse is always told: who we are in the mount table, and that the
 * kernel shall check permissions.  What the user said goes before.
 */
int opts_complete(struct opts *o);

#endif
