/*
 * Verbs that do something and have nothing to tell but that it is done: sync,
 * flush, compact, gc, check-point.
 */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "tools/loamctl/loamctl.h"
#include "tools/loamctl/out.h"
#include "tools/loamctl/target.h"
#include "tools/loamctl/watch.h"

static int no_text(void *arg UNUSED, const char *text UNUSED,
		   size_t size UNUSED)
{
	return -EPROTO;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Says what became of the verb, and how long it took. */
static int report(const struct command *c, const char *path, int rc,
		  uint64_t begin_ns)
{
	if (rc < 0) {
		out_failed(c->name, path, rc);
		return EXITS_FAILED;
	}
	if (loamctl_json) {
		out_json_begin();
		out_json_string("verb", c->name);
		out_json_bool("done", true);
		out_json_number("took_ns", now_ns() - begin_ns);
		out_json_end();
	}
	return EXITS_DONE;
}

/* The same verb, watched by who has a terminal. */
static int run_watched(struct target *t, const char *verb, const char *argument)
{
	const struct fs_sink sink = { .text = no_text };
	struct watch watch;
	int rc;

	rc = target_prepare(t, verb);
	if (rc < 0)
		return rc;
	watch_begin(&watch, verb, t, *argument ? argument : NULL);
	rc = target_run(t, verb, argument, &sink);
	watch_end(&watch);
	return rc;
}

int act_run(const struct command *c, char **arguments)
{
	uint64_t begin_ns = now_ns();
	struct target t;
	int rc;

	rc = target_open(&t, arguments[0]);
	if (rc == 0)
		rc = target_close(&t, run_watched(&t, c->name, ""));
	return report(c, arguments[0], rc, begin_ns);
}

/* The daemon's working directory is not ours. */
static int absolute(const char *path, char **out)
{
	char *here = NULL;
	int n;

	if (path[0] != '/') {
		here = getcwd(NULL, 0);
		if (!here)
			return -errno;
	}
	n = asprintf(out, "%s%s%s", here ? here : "", here ? "/" : "", path);
	free(here);
	return n < 0 ? -ENOMEM : 0;
}

/* Whether the folder @path is @store, or lies in it. */
static bool lies_in(const char *path, const char *store)
{
	char *real = realpath(path, NULL);
	size_t n = strlen(store);
	bool lies = real && strncmp(real, store, n) == 0 &&
		    (real[n] == '/' || real[n] == '\0');

	free(real);
	return lies;
}

/*
 * A backup into the mount itself would grow while it is being made, and one
 * into the store's folder would be no store's file there.
 */
static int check_elsewhere(const struct target *t, const char *path)
{
	char *copy = strdup(path), *folder;
	char *store = NULL;
	int rc;

	if (!copy)
		return -ENOMEM;
	folder = dirname(copy);
	rc = target_mount_of(folder, &store);
	if (rc == 0 && ((store && strcmp(store, t->store) == 0) ||
			lies_in(folder, t->store)))
		rc = error_set(-EINVAL, "%s: lies in what is to be saved",
			       path);
	free(store);
	free(copy);
	return rc;
}

int checkpoint_run(const struct command *c, char **arguments)
{
	uint64_t begin_ns = now_ns();
	char *dir = NULL;
	struct target t;
	int rc;

	rc = target_open(&t, arguments[0]);
	if (rc < 0)
		return report(c, arguments[0], rc, begin_ns);
	rc = absolute(arguments[1], &dir);
	if (rc == 0)
		rc = check_elsewhere(&t, dir);
	if (rc == 0)
		rc = run_watched(&t, c->name, dir);
	free(dir);
	return report(c, arguments[0], target_close(&t, rc), begin_ns);
}
