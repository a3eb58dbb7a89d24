#include "config.h"

#include "src/opts.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/fs.h"
#include "fs/value.h"
#include "src/foreign.h"
#include "src/log.h"

#define IDLE_MS_MAX ((uint64_t)8760 * 3600 * 1000)

enum key {
	KEY_HELP,
	KEY_VERSION,
	KEY_FOREGROUND,
	KEY_DEBUG,
	KEY_READ_ONLY,
	KEY_READ_WRITE,
	KEY_REMOUNT,
	KEY_HELPERS,
	KEY_MEMORY,
	KEY_SYNC,
	KEY_CHATTR,
	KEY_NOATIME,
	KEY_RELATIME,
	KEY_STRICTATIME,
	KEY_UID,
	KEY_GID,
	KEY_UMASK,
	KEY_MAX_BACKGROUND,
	KEY_LOG_LEVEL,
	KEY_TRACE,
	KEY_TRACE_FILE,
	KEY_NO_STATUS,
	KEY_IDLE,
};

static const struct fuse_opt known[] = {
	FUSE_OPT_KEY("-h", KEY_HELP),
	FUSE_OPT_KEY("--help", KEY_HELP),
	FUSE_OPT_KEY("-V", KEY_VERSION),
	FUSE_OPT_KEY("--version", KEY_VERSION),
	FUSE_OPT_KEY("-f", KEY_FOREGROUND),
	FUSE_OPT_KEY("-d", KEY_DEBUG),
	FUSE_OPT_KEY("debug", KEY_DEBUG),
	FUSE_OPT_KEY("ro", KEY_READ_ONLY),
	FUSE_OPT_KEY("rw", KEY_READ_WRITE),
	FUSE_OPT_KEY("remount", KEY_REMOUNT),
	FUSE_OPT_KEY("chattr", KEY_CHATTR),
	FUSE_OPT_KEY("noatime", KEY_NOATIME),
	FUSE_OPT_KEY("atime", KEY_RELATIME),
	FUSE_OPT_KEY("relatime", KEY_RELATIME),
	FUSE_OPT_KEY("strictatime", KEY_STRICTATIME),
	FUSE_OPT_KEY("uid=", KEY_UID),
	FUSE_OPT_KEY("gid=", KEY_GID),
	FUSE_OPT_KEY("umask=", KEY_UMASK),
	FUSE_OPT_KEY("max_background=", KEY_MAX_BACKGROUND),
	FUSE_OPT_KEY("memory=", KEY_MEMORY),
	FUSE_OPT_KEY("sync=", KEY_SYNC),
	FUSE_OPT_KEY("log_level=", KEY_LOG_LEVEL),
	FUSE_OPT_KEY("trace", KEY_TRACE),
	FUSE_OPT_KEY("trace=", KEY_TRACE_FILE),
	FUSE_OPT_KEY("nostatus", KEY_NO_STATUS),
	FUSE_OPT_KEY("idle=", KEY_IDLE),
	/* mount(8) adds these, which its helpers know from the rest. */
	FUSE_OPT_KEY("-N ", KEY_HELPERS),
	FUSE_OPT_KEY("-t ", KEY_HELPERS),
	FUSE_OPT_END,
};

static const char help[] =
	"usage: loamfs [options] STORE MOUNTPOINT\n"
	"\n"
	"Mounts the filesystem in the directory STORE, which is made if it does\n"
	"not exist.  Unmount it with: fusermount3 -u MOUNTPOINT\n"
	"\n"
	"    -f                  stay in the foreground, log to stderr\n"
	"    -d                  as -f, and print every request\n"
	"    -o sync=TIME        make all durable this often (default 5)\n"
	"    -o memory=SIZE      for caches and buffers, with K, M, G (256M)\n"
	"    -o chattr           refuse to open what is made immutable from now on\n"
	"    -o uid=N,gid=N      show all files as theirs\n"
	"    -o umask=M          show all files with the permissions this leaves\n"
	"    -o log_level=LEVEL  error, warning (the default), info or debug\n"
	"    -o trace[=FILE]     a line for each request, to the log or FILE\n"
	"    -o idle=TIME        unmount when unused for so long: 90s, 10m, 2h\n"
	"    -o nostatus         no files about the mount in MOUNTPOINT/.loamfs\n"
	"    -o noatime          do not note when files are read; also\n"
	"                        strictatime, relatime (the default)\n"
	"    -o max_background=N requests of read-ahead and writeback (64)\n"
	"    -o OPTION[,...]     mount options: ro, allow_other, fsname=NAME, ...\n"
	"    -h, --help          print this; the rest is in the manual page\n"
	"    -V, --version       print the version\n";

/* The same for all that have a value. */
static int bad_value(const char *arg, const char *what)
{
	log_error("%s: not %s", arg, what);
	return -EINVAL;
}

/* uid_t and gid_t; the last number means none. */
static int take_id(const char *arg, const char *value, bool *has, unsigned *id)
{
	uint64_t v;

	if (value_number(value, 0, UINT32_MAX - 1, &v) < 0)
		return bad_value(arg, "a number of a user or group");
	*has = true;
	*id = (unsigned)v;
	return 0;
}

static int take_string(char **to, const char *value)
{
	char *copy = strdup(value);

	if (!copy) {
		log_error("out of memory");
		return -ENOMEM;
	}
	free(*to);
	*to = copy;
	return 0;
}

static int take_sync(struct opts *o, const char *arg, const char *value)
{
	uint64_t ms;

	if (value_ms(value, FS_SYNC_MS_MIN, FS_SYNC_MS_MAX, &ms) < 0)
		return bad_value(arg, "a time from " FS_SYNC_RANGE);
	o->sync_interval_ms = (int)ms;
	return 0;
}

static int take_log_level(const char *arg, const char *value)
{
	enum log_level level;

	if (log_parse_level(value, &level) < 0)
		return bad_value(arg, "error, warning, info or debug");
	log_set_level(level);
	return 0;
}

/* Options that have a value; 0, or a negative errno after a line. */
static int take_value(struct opts *o, const char *arg, int key)
{
	const char *value = strchr(arg, '=') + 1;
	uint64_t v;

	switch (key) {
	case KEY_MEMORY:
		if (value_size(value, FS_MEMORY_MIN, FS_MEMORY_MAX, &v) < 0)
			return bad_value(arg, "a size from " FS_MEMORY_RANGE);
		o->memory_bytes = v;
		return 0;
	case KEY_SYNC:
		return take_sync(o, arg, value);
	case KEY_UID:
		return take_id(arg, value, &o->view.has_uid, &o->view.uid);
	case KEY_GID:
		return take_id(arg, value, &o->view.has_gid, &o->view.gid);
	case KEY_UMASK:
		if (value_mode(value, &o->view.umask) < 0)
			return bad_value(arg, "an octal number up to 777");
		o->view.has_umask = true;
		return 0;
	case KEY_LOG_LEVEL:
		return take_log_level(arg, value);
	case KEY_TRACE_FILE:
		o->trace = true;
		return take_string(&o->trace_path, value);
	case KEY_IDLE:
		if (value_ms(value, 1000, IDLE_MS_MAX, &o->idle_ms) < 0)
			return bad_value(arg, "a time from 1s to 8760h");
		return 0;
	default:
		if (value_number(value, 1, UINT16_MAX, &v) < 0)
			return bad_value(arg, "a number from 1 to 65535");
		o->max_background = (unsigned)v;
		return 0;
	}
}

static int take_path(struct opts *o, const char *arg)
{
	char **where = !o->store ? &o->store : &o->mountpoint;

	if (*where) {
		log_error("one argument too many: %s", arg);
		return -EINVAL;
	}
	return take_string(where, arg);
}

/* -sfnv, each letter alone or several together, as mount(8) gives them. */
static bool take_helper_letters(struct opts *o, const char *arg)
{
	if (arg[0] != '-' || !arg[1] ||
	    strspn(arg + 1, "sfnv") < strlen(arg) - 1)
		return false;
	if (strchr(arg, 'f'))
		o->fake = true;
	return true;
}

/* An option that is not in the table; as take(). */
static int take_unknown(struct opts *o, const char *arg)
{
	if (arg[0] != '-')
		return !foreign_is(arg);
	if (o->helper && take_helper_letters(o, arg))
		return 0;
	log_error("unknown option: %s", arg);
	return -1;
}

/* Options that have none; as take(). */
static int take_word(struct opts *o, int key)
{
	switch (key) {
	case KEY_FOREGROUND:
		/* mount(8) means another thing. */
		*(o->helper ? &o->fake : &o->foreground) = true;
		return 0;
	case KEY_DEBUG:
		o->foreground = true;
		log_set_level(LOG_LEVEL_DEBUG);
		return 1;
	case KEY_READ_ONLY:
	case KEY_READ_WRITE:
		o->read_only = key == KEY_READ_ONLY;
		return 1;
	case KEY_REMOUNT:
		o->remount = true;
		return 0;
	case KEY_CHATTR:
		o->chattr = true;
		return 0;
	case KEY_TRACE:
		o->trace = true;
		return 0;
	case KEY_NO_STATUS:
		o->no_status = true;
		return 0;
	case KEY_NOATIME:
		o->atime = FS_ATIME_NEVER;
		return 1;
	case KEY_STRICTATIME:
		o->atime = FS_ATIME_ALWAYS;
		return 0;
	default:
		o->atime = FS_ATIME_RELATIVE;
		return 0;
	}
}

/* Called for each option: 1 leaves it to libfuse, 0 takes it, -1 ends. */
static int take(void *data, const char *arg, int key, struct fuse_args *rest)
{
	struct opts *o = data;

	(void)rest;
	switch (key) {
	case KEY_MEMORY:
	case KEY_SYNC:
	case KEY_UID:
	case KEY_GID:
	case KEY_UMASK:
	case KEY_LOG_LEVEL:
	case KEY_TRACE_FILE:
	case KEY_IDLE:
	case KEY_MAX_BACKGROUND:
		return take_value(o, arg, key) < 0 ? -1 : 0;
	case KEY_HELPERS:
		return o->helper ? 0 : take_unknown(o, arg);
	case FUSE_OPT_KEY_NONOPT:
		return take_path(o, arg) < 0 ? -1 : 0;
	case FUSE_OPT_KEY_OPT:
		return take_unknown(o, arg);
	default:
		return take_word(o, key);
	}
}

/* Help and version are answered whatever stands beside them. */
static bool print_and_be_done(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--"))
			return false;
		if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help")) {
			fputs(help, stdout);
			return true;
		}
		if (!strcmp(argv[i], "-V") || !strcmp(argv[i], "--version")) {
			puts(PACKAGE_STRING);
			return true;
		}
	}
	return false;
}

int opts_parse(struct opts *o, int argc, char **argv)
{
	*o = (struct opts){
		.sync_interval_ms = -1,
		.args = FUSE_ARGS_INIT(argc, argv),
	};

	o->helper = argc > 0 &&
		    strncmp(basename(argv[0]), "mount.", strlen("mount.")) == 0;
	if (print_and_be_done(argc, argv))
		return 1;
	if (fuse_opt_parse(&o->args, o, known, take) < 0)
		return -EINVAL;
	if (!o->mountpoint) {
		log_error("no %s given; loamfs -h prints what there is",
			  o->store ? "mount point" : "store");
		return -EINVAL;
	}
	return 0;
}

void opts_fini(struct opts *o)
{
	free(o->store);
	free(o->mountpoint);
	free(o->trace_path);
	fuse_opt_free_args(&o->args);
}

int opts_complete(struct opts *o)
{
	char *name = NULL, *always = NULL, *arg = NULL;
	int rc = -ENOMEM;

	if (asprintf(&name, "fsname=%s", o->store) < 0)
		name = NULL;
	if (!name || fuse_opt_add_opt_escaped(&always, name) < 0 ||
	    fuse_opt_add_opt(&always, "subtype=loamfs") < 0 ||
	    fuse_opt_add_opt(&always, "default_permissions") < 0)
		goto out;
	if (asprintf(&arg, "-o%s", always) < 0) {
		arg = NULL;
		goto out;
	}
	if (fuse_opt_insert_arg(&o->args, 1, arg) < 0)
		goto out;
	rc = 0;
out:
	if (rc < 0)
		log_error("out of memory");
	free(name);
	free(always);
	free(arg);
	return rc;
}
