#include "fs/admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "fs/measure.h"
#include "fs/scrub.h"
#include "fs/superblock.h"

#define LINE_SIZE 128 /* bytes: a group, a name and a number fit */

#define PROGRESS_NS (200 * NS_PER_MS) /* between two lines */

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

struct scrubbing {
	const struct request *request;
	uint64_t told_ns;
};

static int say_progress(void *arg, uint64_t done, uint64_t total)
{
	struct scrubbing *s = arg;
	const struct fs_sink *sink = s->request->sink;
	uint64_t now_ns = env_monotonic_ns(s->request->fs->env);
	char line[LINE_SIZE];
	int n;

	if (now_ns - s->told_ns < PROGRESS_NS)
		return 0;
	s->told_ns = now_ns;
	n = snprintf(line, sizeof(line), "progress %" PRIu64 " %" PRIu64 "\n",
		     done, total);
	return sink->text(sink->arg, line, (size_t)n);
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
	const struct fs_sink *sink = ((struct scrubbing *)arg)->request->sink;
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
	struct scrubbing s = { .request = r };
	const struct scrub_sink sink = {
		.progress = say_progress,
		.damaged = say_damaged,
		.arg = &s,
	};

	return fs_scrub(r->fs->kv, &sink);
}

static const struct verb {
	const char *name;
	int (*run)(const struct request *r);
	bool argument; /* takes one */
} verbs[] = {
	{ "stat", do_stat, false },
	{ "sync", do_sync, false },
	{ "flush", do_flush, false },
	{ "compact", do_compact, false },
	{ "gc", do_gc, false },
	{ "scrub", do_scrub, false },
	{ "check-point", do_checkpoint, true },
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
