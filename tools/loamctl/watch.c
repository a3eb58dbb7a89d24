#include "tools/loamctl/watch.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tools/loamctl/measures.h"
#include "tools/loamctl/out.h"

#define LOOK_MS 500

/* What background work has read or written, all together. */
static uint64_t work_done(const struct measures *m)
{
	return measures_value(m, "work", "flushes_bytes") +
	       measures_value(m, "work", "compactions_in_bytes") +
	       measures_value(m, "work", "collections_bytes");
}

static int look(struct watch *w, struct measures *m)
{
	int rc = 0;

	if (!w->target.fs)
		rc = target_again(&w->target);
	return rc < 0 ? rc : measures_get(m, &w->target);
}

static void *run(void *arg)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * NS_PER_MS };
	struct measures *m = calloc(1, sizeof(*m));
	struct watch *w = arg;
	uint64_t before = 0, total = 0, done;
	int rc = m ? look(w, m) : -1;

	if (rc == 0) {
		before = work_done(m);
		/* A compaction reads all tables; what else is due, who knows.
		 */
		if (strcmp(w->verb, "compact") == 0)
			total = measures_value(m, "space", "tables_bytes") +
				measures_value(m, "space", "memtables_bytes");
	}
	while (rc == 0 && !w->ended) {
		done = work_done(m) - before;
		/* It begins to count with the first. */
		out_progress(w->verb, false, done + 1, total);
		nanosleep(&pause, NULL);
		rc = look(w, m);
	}
	if (m)
		measures_fini(m);
	free(m);
	return NULL;
}

void watch_begin(struct watch *w, const char *verb, const struct target *t)
{
	*w = (struct watch){ .verb = verb, .target = *t };
	w->target.fd = -1;
	if (!out_is_screen(STDERR_FILENO) || (!t->fs && t->fd < 0))
		return;
	w->runs = pthread_create(&w->thread, NULL, run, w) == 0;
}

void watch_end(struct watch *w)
{
	if (!w->runs)
		return;
	w->ended = true;
	pthread_join(w->thread, NULL);
	if (w->target.fd >= 0)
		close(w->target.fd);
	out_progress_end();
}
