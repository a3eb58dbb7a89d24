#include "config.h"

#include "src/opts.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/log.h"

#define MEMORY_MIN       ((uint64_t)16 << 20) /* bytes */
#define SYNC_SECONDS_MAX 3600u

enum key {
	KEY_HELP,
	KEY_VERSION,
	KEY_FOREGROUND,
	KEY_DEBUG,
	KEY_READ_ONLY,
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
	FUSE_OPT_KEY("chattr", KEY_CHATTR),
	FUSE_OPT_KEY("noatime", KEY_NOATIME),
	FUSE_OPT_KEY("relatime", KEY_RELATIME),
	FUSE_OPT_KEY("strictatime", KEY_STRICTATIME),
	FUSE_OPT_KEY("uid=", KEY_UID),
	FUSE_OPT_KEY("gid=", KEY_GID),
	FUSE_OPT_KEY("umask=", KEY_UMASK),
	FUSE_OPT_KEY("max_background=", KEY_MAX_BACKGROUND),
	FUSE_OPT_KEY("memory=", KEY_MEMORY),
	FUSE_OPT_KEY("sync=", KEY_SYNC),
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
	"    -o sync=SECONDS     make all durable this often (default 5)\n"
	"    -o memory=SIZE      for caches and buffers, with K, M, G (256M)\n"
	"    -o chattr           refuse to open what is made immutable from now on\n"
	"    -o uid=N,gid=N      show all files as theirs\n"
	"    -o umask=M          show all files with the permissions this leaves\n"
	"    -o noatime          do not note when files are read; also\n"
	"                        strictatime, relatime (the default)\n"
	"    -o max_background=N requests of read-ahead and writeback (64)\n"
	"    -o OPTION[,...]     mount options: ro, allow_other, fsname=NAME, ...\n"
	"    -h, --help          print this\n"
	"    -V, --version       print the version\n"
	"\n"
	"More is in the manual page: man loamfs\n";

/* A number and nothing else; strtoull() would take a sign and blanks. */
static int parse_number(const char *text, const char **end, uint64_t *out)
{
	uint64_t v = 0;
	const char *c;

	for (c = text; *c >= '0' && *c <= '9'; c++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*c - '0'), &v))
			return -ERANGE;
	}
	if (c == text)
		return -EINVAL;

	*end = c;
	*out = v;
	return 0;
}

static int parse_memory(struct opts *o, const char *text)
{
	const char *end;
	uint64_t v;
	int shift = 0;

	if (parse_number(text, &end, &v) < 0)
		goto bad;

	switch (*end) {
	case 'K':
	case 'k':
		shift = 10;
		break;
	case 'M':
	case 'm':
		shift = 20;
		break;
	case 'G':
	case 'g':
		shift = 30;
		break;
	}
	if (shift)
		end++;
	if (*end || v > SIZE_MAX >> shift || v << shift < MEMORY_MIN)
		goto bad;

	o->memory_bytes = v << shift;
	return 0;

bad:
	log_error("memory=%s: not a size of 16M or more", text);
	return -EINVAL;
}

static int parse_sync(struct opts *o, const char *text)
{
	const char *end;
	uint64_t v;

	if (parse_number(text, &end, &v) < 0 || *end || v < 1 ||
	    v > SYNC_SECONDS_MAX) {
		log_error("sync=%s: not a number of seconds from 1 to %u", text,
			  SYNC_SECONDS_MAX);
		return -EINVAL;
	}

	o->sync_interval_ms = (int)v * 1000;
	return 0;
}

/* uid_t and gid_t; the last number means none. */
static int parse_id(const char *arg, bool *has, unsigned *id)
{
	const char *end;
	uint64_t v;

	if (parse_number(strchr(arg, '=') + 1, &end, &v) < 0 || *end ||
	    v >= UINT32_MAX) {
		log_error("%s: not a number of a user or group", arg);
		return -EINVAL;
	}
	*has = true;
	*id = (unsigned)v;
	return 0;
}

static int parse_umask(struct opts *o, const char *text)
{
	const char *c;
	mode_t v = 0;

	for (c = text; *c >= '0' && *c <= '7' && v <= 0777; c++)
		v = v * 8 + (mode_t)(*c - '0');
	if (c == text || *c || v > 0777) {
		log_error("umask=%s: not an octal number up to 777", text);
		return -EINVAL;
	}
	o->view.has_umask = true;
	o->view.umask = v;
	return 0;
}

static int parse_max_background(struct opts *o, const char *text)
{
	const char *end;
	uint64_t v;

	if (parse_number(text, &end, &v) < 0 || *end || v < 1 ||
	    v > UINT16_MAX) {
		log_error("max_background=%s: not a number from 1 to %d", text,
			  UINT16_MAX);
		return -EINVAL;
	}
	o->max_background = (unsigned)v;
	return 0;
}

/* Options that have a value; 0, or a negative errno after a line. */
static int take_value(struct opts *o, const char *arg, int key)
{
	const char *value = strchr(arg, '=') + 1;

	switch (key) {
	case KEY_MEMORY:
		return parse_memory(o, value);
	case KEY_SYNC:
		return parse_sync(o, value);
	case KEY_UID:
		return parse_id(arg, &o->view.has_uid, &o->view.uid);
	case KEY_GID:
		return parse_id(arg, &o->view.has_gid, &o->view.gid);
	case KEY_UMASK:
		return parse_umask(o, value);
	default:
		return parse_max_background(o, value);
	}
}

static int take_path(struct opts *o, const char *arg)
{
	char **where = !o->store ? &o->store : &o->mountpoint;

	if (*where) {
		log_error("one argument too many: %s", arg);
		return -EINVAL;
	}
	*where = strdup(arg);
	if (!*where) {
		log_error("out of memory");
		return -ENOMEM;
	}
	return 0;
}

/* Called for each option: 1 leaves it to libfuse, 0 takes it, -1 ends. */
static int take(void *data, const char *arg, int key, struct fuse_args *rest)
{
	struct opts *o = data;

	(void)rest;
	switch (key) {
	case KEY_FOREGROUND:
		o->foreground = true;
		return 0;
	case KEY_DEBUG:
		o->foreground = true;
		return 1;
	case KEY_READ_ONLY:
		o->read_only = true;
		return 1;
	case KEY_CHATTR:
		o->chattr = true;
		return 0;
	case KEY_NOATIME:
		o->atime = FS_ATIME_NEVER;
		return 1;
	case KEY_RELATIME:
		o->atime = FS_ATIME_RELATIVE;
		return 0;
	case KEY_STRICTATIME:
		o->atime = FS_ATIME_ALWAYS;
		return 0;
	case KEY_MEMORY:
	case KEY_SYNC:
	case KEY_UID:
	case KEY_GID:
	case KEY_UMASK:
	case KEY_MAX_BACKGROUND:
		return take_value(o, arg, key) < 0 ? -1 : 0;
	case FUSE_OPT_KEY_NONOPT:
		return take_path(o, arg) < 0 ? -1 : 0;
	default:
		if (arg[0] != '-')
			return 1;
		log_error("unknown option: %s", arg);
		return -1;
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
