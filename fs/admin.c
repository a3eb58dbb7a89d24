#include "fs/admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "fs/info.h"
#include "fs/measure.h"
#include "fs/purge.h"
#include "fs/say.h"
#include "fs/scrub.h"
#include "fs/superblock.h"
#include "fs/tune.h"

struct request {
	struct fs *fs;
	const char *argument;
	const struct fs_sink *sink;
};

static int say_measure(void *arg, const struct measure *m)
{
	return say(arg, "%s %s %" PRIu64 "\n", m->group, m->name, m->value);
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

static int scrubbed(void *arg, uint64_t done, uint64_t total)
{
	return say_progress(arg, done, total);
}

/* A word of its own, whatever the path holds; for the caller to free. */
static char *escape(const char *path)
{
	char *word = malloc(4 * strlen(path) + 2), *to = word;

	if (!word)
		return NULL;
	for (; *path; path++) {
		uint8_t c = (uint8_t)*path;

		if (c > ' ' && c < 0x7f && c != '\\')
			*to++ = *path;
		else
			to += sprintf(to, "\\%03o", c);
	}
	if (to == word)
		*to++ = '-';
	*to = '\0';
	return word;
}

static int say_damaged(void *arg, const struct scrub_damage *damage)
{
	const struct fs_sink *sink = ((struct say_progress *)arg)->sink;
	char *path = escape(damage->path), *line = NULL;
	int n, rc = -ENOMEM;

	if (path) {
		n = asprintf(&line, "damaged %" PRIu64 " %s %s\n", damage->ino,
			     path, damage->words);
		if (n >= 0) {
			rc = sink->text(sink->arg, line, (size_t)n);
			free(line);
		}
	}
	free(path);
	return rc;
}

static int do_scrub(const struct request *r)
{
	struct say_progress progress = { .sink = r->sink, .env = r->fs->env };
	const struct scrub_sink sink = {
		.progress = scrubbed,
		.damaged = say_damaged,
		.arg = &progress,
	};

	return fs_scrub(r->fs->kv, &sink);
}

static int do_info(const struct request *r)
{
	uint64_t ino;
	int rc = info_resolve(r->fs, r->argument, &ino);

	return rc < 0 ? rc : info_tell(r->fs, ino, r->sink);
}

static int do_du(const struct request *r)
{
	uint64_t ino;
	int rc = info_resolve(r->fs, r->argument, &ino);

	return rc < 0 ? rc : du_tell(r->fs, ino, r->sink);
}

static int do_tune(const struct request *r)
{
	int rc = r->argument[0] ? tune_set(r->fs, r->argument) : 0;

	return rc < 0 ? rc : tune_show(r->fs, r->sink);
}

static const struct verb {
	const char *name;
	int (*run)(const struct request *r);
	enum { NONE, MAY, MUST } argument;
} verbs[] = {
	{ "stat", do_stat, NONE },
	{ "sync", do_sync, NONE },
	{ "flush", do_flush, NONE },
	{ "compact", do_compact, NONE },
	{ "gc", do_gc, NONE },
	{ "scrub", do_scrub, NONE },
	{ "check-point", do_checkpoint, MUST },
	{ "info", do_info, MUST },
	{ "du", do_du, MUST },
	{ "tune", do_tune, MAY },
};

int fs_admin(struct fs *fs, const char *verb, const char *argument,
	     const struct fs_sink *sink)
{
	struct request r = { .fs = fs, .argument = argument, .sink = sink };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(verbs[i].name, verb) != 0)
			continue;
		if (verbs[i].argument == NONE && argument[0])
			return error_set(-EINVAL, "%s: takes no argument",
					 verb);
		if (verbs[i].argument == MUST && !argument[0])
			return error_set(-EINVAL, "%s: needs an argument",
					 verb);
		purger_drain(fs->purger);
		return verbs[i].run(&r);
	}
	return error_set(-EOPNOTSUPP, "%s: no such verb", verb);
}
