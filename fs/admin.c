#include "fs/admin.h"

#include <inttypes.h>
#include <stdio.h>

#include "engine/base/error.h"
#include "fs/measure.h"
#include "fs/superblock.h"

#define LINE_SIZE 128 /* bytes: a group, a name and a number fit */

struct request {
	struct fs *fs;
	const char *argument;
	const struct fs_sink *sink;
};

static int say_measure(void *arg, const struct measure *m)
{
	const struct fs_sink *sink = arg;
	char line[LINE_SIZE];
	int n;

	n = snprintf(line, sizeof(line), "%s %s %" PRIu64 "\n", m->group,
		     m->name, m->value);
	assert(n > 0 && (size_t)n < sizeof(line));
	return sink->text(sink->arg, line, (size_t)n);
}

static int do_stat(const struct request *r)
{
	return measure_all(r->fs, say_measure, (void *)r->sink);
}

static int do_sync(const struct request *r)
{
	return fs_sync(r->fs);
}

static int do_flush(const struct request *r)
{
	return kv_flush(r->fs->kv);
}

static int do_compact(const struct request *r)
{
	return kv_compact(r->fs->kv);
}

static int do_gc(const struct request *r)
{
	return kv_collect(r->fs->kv);
}

static int do_checkpoint(const struct request *r)
{
	struct error_words words;
	struct env *target;
	int rc;

	/* The daemon's working directory is not the asker's. */
	if (r->argument[0] != '/')
		return error_set(-EINVAL, "%s: not an absolute path",
				 r->argument);
	rc = env_posix_new(&target, r->argument, true);
	if (rc < 0)
		return rc;
	rc = kv_checkpoint(r->fs->kv, target);
	error_take(&words);
	env_free(target);
	error_put_back(&words);
	return rc;
}

static const struct verb {
	const char *name;
	int (*run)(const struct request *r);
	bool argument; /* takes one */
} verbs[] = {
	{ "stat", do_stat, false },   { "sync", do_sync, false },
	{ "flush", do_flush, false }, { "compact", do_compact, false },
	{ "gc", do_gc, false },       { "check-point", do_checkpoint, true },
};

int fs_admin(struct fs *fs, const char *verb, const char *argument,
	     const struct fs_sink *sink)
{
	struct request r = { .fs = fs, .argument = argument, .sink = sink };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(verbs[i].name, verb) != 0)
			continue;
		if (verbs[i].argument != (argument[0] != '\0'))
			return error_set(-EINVAL, "%s: %s", verb,
					 verbs[i].argument
						 ? "needs an argument"
						 : "takes no argument");
		return verbs[i].run(&r);
	}
	return error_set(-EOPNOTSUPP, "%s: no such verb", verb);
}
