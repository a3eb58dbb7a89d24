/*
 * stat, metrics and version: what the lines of fs_admin() say, for people and
 * for programs.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/error.h"
#include "src/report.h"
#include "tools/loamctl/lines.h"
#include "tools/loamctl/loamctl.h"
#include "tools/loamctl/measures.h"
#include "tools/loamctl/out.h"
#include "tools/loamctl/target.h"

#define SPREAD_GROUP "p50"

static void print_json(const struct target *t, const struct measures *m)
{
	size_t i, end;

	out_json_begin();
	out_json_string("store", t->store);
	out_json_bool("mounted", target_is_mounted(t));
	if (target_is_mounted(t))
		out_json_number("pid", (uint64_t)t->pid);
	for (i = 0; i < m->count; i = end) {
		end = measures_end(m, i);
		out_json_object(m->at[i].group);
		for (size_t j = i; j < end; j++)
			out_json_number(m->at[j].name, m->at[j].value);
		out_json_end();
	}
	out_json_end();
}

static void print_group(const struct measures *m, size_t i, size_t end)
{
	char number[OUT_NUMBER_SIZE];

	printf("\n%s%s%s\n", out_bold(), m->at[i].group, out_plain());
	for (; i < end; i++) {
		const struct measure_item *item = &m->at[i];

		printf("  %-24s %12s\n", item->name,
		       out_measure(number, item->name, item->value));
	}
}

/* A row of the table of spreads. */
static void print_spread(const struct measures *m, size_t i, size_t end)
{
	static const char *const columns[] = { "count", "p50",  "p90",
					       "p99",   "p999", "max" };
	char number[OUT_NUMBER_SIZE];
	const struct measure_item *item;
	size_t c;

	printf("  %-12s", m->at[i].group);
	for (c = 0; c < ARRAY_SIZE(columns); c++) {
		item = measures_find(m, i, end, columns[c]);
		printf(" %9s",
		       item ? out_measure(number, item->name, item->value)
			    : "-");
	}
	putchar('\n');
}

/* Groups one below the other, then one table of those that are spreads. */
static void print_people(const struct target *t, const struct measures *m)
{
	bool spreads = false;
	size_t i, end;

	printf("%s%s%s", out_bold(), t->store, out_plain());
	if (target_is_mounted(t))
		printf(" (mounted, process %d)", (int)t->pid);
	putchar('\n');
	for (i = 0; i < m->count; i = end) {
		end = measures_end(m, i);
		if (!measures_find(m, i, end, SPREAD_GROUP))
			print_group(m, i, end);
	}
	for (i = 0; i < m->count; i = end) {
		const struct measure_item *count;

		end = measures_end(m, i);
		count = measures_find(m, i, end, "count");
		if (!measures_find(m, i, end, SPREAD_GROUP) || !count ||
		    count->value == 0)
			continue;
		if (!spreads)
			printf("\n  %s%-12s %9s %9s %9s %9s %9s %9s%s\n",
			       out_bold(), "latency", "count", "p50", "p90",
			       "p99", "p999", "max", out_plain());
		spreads = true;
		print_spread(m, i, end);
	}
}

static int run_metrics(struct target *t)
{
	struct report *report;
	struct fs_sink sink;
	char *text;
	size_t size;
	int rc = report_new(&report, REPORT_METRICS);

	if (rc < 0)
		return rc;
	sink = report_sink(report);
	rc = target_run(t, "stat", "", &sink);
	rc = report_end(report, rc, &text, &size);
	if (rc < 0)
		return rc;
	rc = fwrite(text, 1, size, stdout) == size ? 0 : -EIO;
	free(text);
	return rc;
}

static int run_stat(struct target *t)
{
	static struct measures m;
	int rc = measures_get(&m, t);

	if (rc == 0 && loamctl_json)
		print_json(t, &m);
	else if (rc == 0)
		print_people(t, &m);
	measures_fini(&m);
	return rc;
}

int stat_run(const struct command *c, char **arguments)
{
	struct target t;
	int rc;

	rc = target_open(&t, arguments[0]);
	if (rc < 0) {
		out_failed(c->name, arguments[0], rc);
		return EXITS_FAILED;
	}
	/* As JSON, both are the same. */
	rc = strcmp(c->name, "metrics") == 0 && !loamctl_json ? run_metrics(&t)
							      : run_stat(&t);
	rc = target_close(&t, rc);
	if (rc < 0)
		out_failed(c->name, arguments[0], rc);
	return rc < 0 ? EXITS_FAILED : EXITS_DONE;
}

/* ------------------------------------------------------------ version -- */

static int print_about(void *arg UNUSED, const char *text, size_t size)
{
	return fwrite(text, 1, size, stdout) == size ? 0 : -EIO;
}

/* "NAME VALUE" */
static int json_about(void *arg UNUSED, char *line)
{
	char *rest = line, *name = lines_word(&rest);

	if (name && strcmp(name, "pid") == 0)
		out_json_number(name, strtoull(rest, NULL, 10));
	else if (name && rest)
		out_json_string(name, rest);
	return 0;
}

/* Of the daemon that has the store open. */
static int print_daemon(const char *path)
{
	const struct lines lines = { .line = json_about };
	const struct fs_sink plain = { .text = print_about };
	const struct fs_sink sink = loamctl_json ? lines_sink(&lines) : plain;
	struct target t;
	int rc;

	rc = target_open(&t, path);
	if (rc < 0)
		return rc;
	if (!target_is_mounted(&t))
		return target_close(
			&t, error_set(-ENOENT, "%s: not mounted", path));
	if (loamctl_json)
		out_json_object("daemon");
	else
		puts("daemon:");
	rc = target_run(&t, "about", "", &sink);
	if (loamctl_json)
		out_json_end();
	return target_close(&t, rc);
}

int version_run(const struct command *c, char **arguments)
{
	int rc = 0;

	if (loamctl_json) {
		out_json_begin();
		out_json_string("version", PACKAGE_VERSION);
	} else {
		puts("loamctl " PACKAGE_VERSION);
	}
	if (arguments[0])
		rc = print_daemon(arguments[0]);
	if (loamctl_json)
		out_json_end();
	if (rc < 0)
		out_failed(c->name, arguments[0], rc);
	return rc < 0 ? EXITS_FAILED : EXITS_DONE;
}
