#include "tools/loamctl/top_sample.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tools/loamctl/lines.h"

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* One name may come in several lines. */
static void add(struct sample_count *at, size_t *n, size_t max,
		const char *name, uint64_t count)
{
	size_t i;

	for (i = 0; i < *n; i++)
		if (strcmp(at[i].name, name) == 0)
			break;
	if (i == max)
		return;
	if (i == *n) {
		snprintf(at[i].name, sizeof(at[i].name), "%s", name);
		at[i].count = 0;
		++*n;
	}
	at[i].count += count;
}

/* "kind NAME COUNT", "process PID COUNT" */
static int take_line(void *arg, char *line)
{
	struct sample *s = arg;
	char *rest = line, *what = lines_word(&rest);
	char *name = what ? lines_word(&rest) : NULL;
	uint64_t count;

	if (!name || lines_number(&rest, &count) < 0)
		return -EPROTO;
	if (strcmp(what, "kind") == 0)
		add(s->kinds, &s->kind_count, SAMPLE_KINDS, name, count);
	else
		add(s->processes, &s->process_count, SAMPLE_PROCESSES, name,
		    count);
	return 0;
}

static uint64_t memory_of(pid_t pid)
{
	uint64_t pages = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%*u %" SCNu64, &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

int sample_take(struct sample *s, struct target *t)
{
	const struct lines lines = { .line = take_line, .arg = s };
	const struct fs_sink sink = lines_sink(&lines);
	int rc;

	s->kind_count = s->process_count = 0;
	rc = target_again(t);
	if (rc == 0)
		rc = target_run(t, "requests", "", &sink);
	s->at_ns = now_ns();
	if (rc == 0)
		rc = target_again(t);
	if (rc == 0)
		rc = measures_get(&s->m, t);
	s->daemon_bytes = memory_of(t->pid);
	return rc;
}

void sample_fini(struct sample *s)
{
	measures_fini(&s->m);
}

static uint64_t a_second(const struct sample *old, const struct sample *new,
			 uint64_t delta)
{
	double s = (double)(new->at_ns - old->at_ns) / (double)NS_PER_S;

	return s > 0 ? (uint64_t)((double)delta / s + 0.5) : 0;
}

static uint64_t growth(const struct sample *old, const struct sample *new,
		       const char *group, const char *name)
{
	uint64_t before = measures_value(&old->m, group, name);
	uint64_t after = measures_value(&new->m, group, name);

	return after - u64_min(before, after);
}

uint64_t sample_rate(const struct sample *old, const struct sample *new,
		     const char *group, const char *name)
{
	return a_second(old, new, growth(old, new, group, name));
}

uint64_t sample_mean_ns(const struct sample *old, const struct sample *new,
			const char *group)
{
	uint64_t count = growth(old, new, group, "count");

	return count ? growth(old, new, group, "sum_ns") / count : 0;
}

static int most_first(const void *a, const void *b)
{
	const struct sample_count *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* A count that is smaller than before is of one that was forgotten. */
static size_t differences(const struct sample *old, const struct sample *new,
			  const struct sample_count *a, size_t an,
			  const struct sample_count *b, size_t bn,
			  struct sample_count *out)
{
	size_t i, j, n = 0;

	for (i = 0; i < bn; i++) {
		uint64_t delta = b[i].count;

		for (j = 0; j < an; j++)
			if (strcmp(a[j].name, b[i].name) == 0 &&
			    a[j].count <= b[i].count)
				delta = b[i].count - a[j].count;
		if (delta == 0)
			continue;
		out[n] = b[i];
		out[n++].count = a_second(old, new, delta);
	}
	qsort(out, n, sizeof(*out), most_first);
	return n;
}

size_t sample_kinds(const struct sample *old, const struct sample *new,
		    struct sample_count out[SAMPLE_KINDS])
{
	return differences(old, new, old->kinds, old->kind_count, new->kinds,
			   new->kind_count, out);
}

size_t sample_processes(const struct sample *old, const struct sample *new,
			struct sample_count out[SAMPLE_PROCESSES])
{
	return differences(old, new, old->processes, old->process_count,
			   new->processes, new->process_count, out);
}

void sample_process_name(const char *pid, char *out, size_t size)
{
	char path[64];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (f) {
		n = fread(out, 1, size - 1, f);
		fclose(f);
	}
	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	for (; *out; out++)
		if (*out < ' ' || *out > '~')
			*out = '?';
}
