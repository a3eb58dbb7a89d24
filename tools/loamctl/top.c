/*
 * top: what a mount is doing, on a live screen, or once.
 *
 * It looks at the daemon by its control socket alone, never through the mount,
 * so that it causes no request that it would count.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine/base/error.h"
#include "tools/loamctl/loamctl.h"
#include "tools/loamctl/out.h"
#include "tools/loamctl/screen.h"
#include "tools/loamctl/top_sample.h"

#define INTERVAL_MIN_MS 50
#define INTERVAL_MAX_MS 3600000
#define KINDS_SHOWN     12
#define PROCESSES_SHOWN 8
#define FIRST_MS        200 /* before the first picture, which needs two looks */

static const char *const spreads[] = { "get",  "seek",       "write",
				       "sync", "table_read", "blob_read" };

struct top {
	struct target target;
	unsigned interval_ms;
	struct sample samples[2];
	unsigned turn; /* which of them is the newer one */
};

static const struct sample *newer(const struct top *top)
{
	return &top->samples[top->turn];
}

static const struct sample *older(const struct top *top)
{
	return &top->samples[!top->turn];
}

static int look(struct top *top)
{
	top->turn = !top->turn;
	return sample_take(&top->samples[top->turn], &top->target);
}

/* ----------------------------------------------------------- the frame -- */

static int put(struct buf *out, const char *fmt, ...) PRINTF(2, 3);

static int put(struct buf *out, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return buf_append(out, text, size_min((size_t)n, sizeof(text) - 1));
}

static int put_requests(const struct top *top, struct buf *out)
{
	struct sample_count kinds[SAMPLE_KINDS];
	size_t n = sample_kinds(older(top), newer(top), kinds), i;
	uint64_t all = 0;
	int rc;

	for (i = 0; i < n; i++)
		all += kinds[i].count;
	rc = put(out, "requests  %8" PRIu64 "/s", all);
	for (i = 0; rc == 0 && i < KINDS_SHOWN && i < n; i++)
		rc = put(out, "%s  %-15s %6" PRIu64 "/s", i % 3 ? "" : "\n",
			 kinds[i].name, kinds[i].count);
	return rc < 0 ? rc : put(out, "\n\n");
}

static int put_spreads(const struct top *top, struct buf *out)
{
	char a[OUT_NUMBER_SIZE], b[OUT_NUMBER_SIZE], c[OUT_NUMBER_SIZE],
		d[OUT_NUMBER_SIZE];
	const struct measures *m = &newer(top)->m;
	size_t i;
	int rc;

	rc = put(out, "%-12s %10s %10s %10s %10s\n", "latency", "now", "p50",
		 "p99", "max");
	for (i = 0; rc == 0 && i < ARRAY_SIZE(spreads); i++) {
		const char *name = spreads[i];

		if (measures_value(m, name, "count") == 0)
			continue;
		rc = put(
			out, "  %-10s %10s %10s %10s %10s\n", name,
			out_ns(a, sample_mean_ns(older(top), newer(top), name)),
			out_ns(b, measures_value(m, name, "p50_ns")),
			out_ns(c, measures_value(m, name, "p99_ns")),
			out_ns(d, measures_value(m, name, "max_ns")));
	}
	return rc;
}

static int put_cache(const struct top *top, struct buf *out, const char *name)
{
	uint64_t hits, misses, all;
	char number[OUT_NUMBER_SIZE], member[3][32];

	snprintf(member[0], sizeof(member[0]), "%s_hits", name);
	snprintf(member[1], sizeof(member[1]), "%s_misses", name);
	snprintf(member[2], sizeof(member[2]), "%s_cached_bytes", name);
	hits = sample_rate(older(top), newer(top), "caches", member[0]);
	misses = sample_rate(older(top), newer(top), "caches", member[1]);
	all = hits + misses;
	return put(out, "  %-10s %8" PRIu64 "/s  %3.0f %% hits  %10s\n", name,
		   all, all ? 100 * (double)hits / (double)all : 100,
		   out_bytes(number, measures_value(&newer(top)->m, "caches",
						    member[2])));
}

static int put_work(const struct top *top, struct buf *out)
{
	static const struct {
		const char *label, *bytes, *count;
	} rows[] = {
		{ "flush", "flushes_bytes", "flushes" },
		{ "compaction", "compactions_in_bytes", "compactions" },
		{ "collection", "collections_bytes", "collections" },
	};
	const struct measures *m = &newer(top)->m;
	char number[OUT_NUMBER_SIZE];
	size_t i;
	int rc = put(out, "work\n");

	for (i = 0; rc == 0 && i < ARRAY_SIZE(rows); i++)
		rc = put(out, "  %-10s %10s/s  %8" PRIu64 " so far\n",
			 rows[i].label,
			 out_bytes(number, sample_rate(older(top), newer(top),
						       "work", rows[i].bytes)),
			 measures_value(m, "work", rows[i].count));
	return rc;
}

static int put_memory(const struct top *top, struct buf *out)
{
	char a[OUT_NUMBER_SIZE], b[OUT_NUMBER_SIZE], c[OUT_NUMBER_SIZE];
	const struct measures *m = &newer(top)->m;

	return put(out, "memory      %s, memtables %s;  not in tables: %s\n",
		   out_bytes(a, newer(top)->daemon_bytes),
		   out_bytes(b, measures_value(m, "space", "memtables_bytes")),
		   out_bytes(c, measures_value(m, "space", "unflushed_bytes")));
}

static int put_processes(const struct top *top, struct buf *out)
{
	struct sample_count at[SAMPLE_PROCESSES];
	size_t n = sample_processes(older(top), newer(top), at), i;
	char name[32];
	int rc;

	rc = put(out, "\n%8s  %-20s %10s\n", "PID", "process", "requests/s");
	for (i = 0; rc == 0 && i < PROCESSES_SHOWN && i < n; i++) {
		if (strcmp(at[i].name, "0") == 0)
			snprintf(name, sizeof(name), "(kernel)");
		else
			sample_process_name(at[i].name, name, sizeof(name));
		if (!*name)
			snprintf(name, sizeof(name), "(gone)");
		rc = put(out, "%8s  %-20s %10" PRIu64 "\n", at[i].name, name,
			 at[i].count);
	}
	return rc;
}

/* The text of a whole picture, with a NUL. */
static int draw(const struct top *top, struct buf *out)
{
	int rc;

	buf_reset(out);
	rc = put(out, "%s  process %d  every %.1f s\n\n", top->target.store,
		 (int)top->target.pid, top->interval_ms / 1000.0);
	if (rc == 0)
		rc = put_requests(top, out);
	if (rc == 0)
		rc = put_spreads(top, out);
	if (rc == 0)
		rc = put(out, "caches\n");
	if (rc == 0)
		rc = put_cache(top, out, "block");
	if (rc == 0)
		rc = put_cache(top, out, "blob");
	if (rc == 0)
		rc = put_work(top, out);
	if (rc == 0)
		rc = put_memory(top, out);
	if (rc == 0)
		rc = put_processes(top, out);
	return rc < 0 ? rc : buf_append(out, "", 1);
}

/* ----------------------------------------------------------- for programs --
 */

static void json_rates(const struct top *top)
{
	const struct measures *m = &newer(top)->m;
	size_t i, end, j;

	for (i = 0; i < m->count; i = end) {
		end = measures_end(m, i);
		out_json_object(m->at[i].group);
		for (j = i; j < end; j++)
			out_json_number(m->at[j].name,
					sample_rate(older(top), newer(top),
						    m->at[j].group,
						    m->at[j].name));
		out_json_end();
	}
}

static void print_json(const struct top *top)
{
	struct sample_count at[SAMPLE_PROCESSES];
	char name[32];
	size_t n, i;

	out_json_begin();
	out_json_string("store", top->target.store);
	out_json_number("pid", (uint64_t)top->target.pid);
	out_json_number("interval_ns", newer(top)->at_ns - older(top)->at_ns);
	out_json_number("daemon_bytes", newer(top)->daemon_bytes);
	out_json_object("requests_per_second");
	n = sample_kinds(older(top), newer(top), at);
	for (i = 0; i < n; i++)
		out_json_number(at[i].name, at[i].count);
	out_json_end();
	out_json_array("processes");
	n = sample_processes(older(top), newer(top), at);
	for (i = 0; i < n; i++) {
		sample_process_name(at[i].name, name, sizeof(name));
		out_json_item();
		out_json_number("pid", strtoull(at[i].name, NULL, 10));
		out_json_string("name", name);
		out_json_number("requests_per_second", at[i].count);
		out_json_end();
	}
	out_json_end();
	out_json_object("growth_per_second");
	json_rates(top);
	out_json_end();
	out_json_end();
}

/* ------------------------------------------------------------ the verb -- */

static int show_once(struct top *top)
{
	const struct timespec pause = {
		.tv_sec = top->interval_ms / 1000,
		.tv_nsec = (long)(top->interval_ms % 1000) * (long)NS_PER_MS,
	};
	struct buf text = BUF_INIT;
	int rc;

	nanosleep(&pause, NULL);
	rc = look(top);
	if (rc == 0 && loamctl_json) {
		print_json(top);
	} else if (rc == 0) {
		rc = draw(top, &text);
		if (rc == 0)
			fputs((char *)text.data, stdout);
	}
	buf_fini(&text);
	return rc;
}

/* Until somebody has had enough of it, or the mount ends. */
static int show_live(struct top *top)
{
	struct buf text = BUF_INIT;
	enum screen_event event = SCREEN_TIME;
	char key = 0;
	int rc;

	rc = screen_begin();
	if (rc == 0)
		(void)screen_wait(FIRST_MS, &key);
	if (rc == 0)
		rc = look(top);
	if (rc == 0)
		rc = draw(top, &text);
	while (rc == 0) {
		screen_show((char *)text.data);
		event = screen_wait(top->interval_ms, &key);
		if (event == SCREEN_ENDED ||
		    (event == SCREEN_KEY && (key == 'q' || key == 'Q')))
			break;
		if (event == SCREEN_RESIZED ||
		    (event == SCREEN_KEY && key != ' '))
			continue;
		rc = look(top);
		if (rc == 0)
			rc = draw(top, &text);
	}
	screen_end();
	buf_fini(&text);
	return rc;
}

/* Seconds, with a point. */
static int parse_interval(struct top *top)
{
	char *end;
	double s;

	top->interval_ms = 1000;
	if (!loamctl_value)
		return 0;
	s = strtod(loamctl_value, &end);
	if (*end || end == loamctl_value || !(s * 1000 >= INTERVAL_MIN_MS) ||
	    !(s * 1000 <= INTERVAL_MAX_MS))
		return error_set(-EINVAL,
				 "--interval %s: not from 0.05 to 3600 seconds",
				 loamctl_value);
	top->interval_ms = (unsigned)(s * 1000);
	return 0;
}

static int run(struct top *top, const char *path)
{
	bool once = loamctl_json || strchr(loamctl_options, 'O') ||
		    !screen_possible();
	int rc;

	rc = target_open(&top->target, path);
	if (rc < 0)
		return rc;
	if (!target_is_mounted(&top->target))
		rc = error_set(-ENOENT, "%s: not mounted", path);
	if (rc == 0)
		rc = look(top);
	if (rc == 0)
		rc = once ? show_once(top) : show_live(top);
	return target_close(&top->target, rc);
}

int top_run(const struct command *c, char **arguments)
{
	static struct top top;
	int rc;

	rc = parse_interval(&top);
	if (rc < 0) {
		out_wrong("%s: %s", c->name, error_text(rc));
		return EXITS_USAGE;
	}
	rc = run(&top, arguments[0]);
	sample_fini(&top.samples[0]);
	sample_fini(&top.samples[1]);
	if (rc < 0)
		out_failed(c->name, arguments[0], rc);
	return rc < 0 ? EXITS_FAILED : EXITS_DONE;
}
