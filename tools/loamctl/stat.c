/*
 * stat, metrics and version: what the lines of fs_admin() say, for people and
 * for programs.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "tools/loamctl/lines.h"
#include "tools/loamctl/loamctl.h"
#include "tools/loamctl/out.h"
#include "tools/loamctl/target.h"

#define MEASURES_MAX 512
#define SPREAD_GROUP "p50"

/* A measurement as it was received. */
struct item {
	const char *group; /* both borrowed from the text */
	const char *name;
	uint64_t value;
};

struct items {
	struct buf text;
	struct item at[MEASURES_MAX];
	size_t count;
};

static int keep_text(void *arg, const char *text, size_t size)
{
	struct items *items = arg;

	return buf_append(&items->text, text, size);
}

/* "GROUP NAME NUMBER", with NULs put between them. */
static int parse_line(char *line, struct item *out)
{
	char *name, *number, *end;

	name = strchr(line, ' ');
	number = name ? strchr(name + 1, ' ') : NULL;
	if (!number || number[1] < '0' || number[1] > '9')
		return -EPROTO;
	*name++ = '\0';
	*number++ = '\0';
	errno = 0;
	out->value = strtoull(number, &end, 10);
	if (errno || *end || !*line || !*name)
		return -EPROTO;
	out->group = line;
	out->name = name;
	return 0;
}

static int parse(struct items *items)
{
	char *line, *end, *next;
	int rc;

	rc = buf_append(&items->text, "", 1);
	if (rc < 0)
		return rc;
	for (line = (char *)items->text.data; *line; line = next) {
		end = strchr(line, '\n');
		if (!end || items->count == MEASURES_MAX)
			return error_set(-EPROTO, "not understood: %s", line);
		*end = '\0';
		next = end + 1;
		rc = parse_line(line, &items->at[items->count]);
		if (rc < 0)
			return error_set(rc, "not understood: %s", line);
		items->count++;
	}
	return 0;
}

static bool begins_group(const struct items *items, size_t i)
{
	return i == 0 ||
	       strcmp(items->at[i].group, items->at[i - 1].group) != 0;
}

/* Where the group that begins at @i ends. */
static size_t group_end(const struct items *items, size_t i)
{
	do
		i++;
	while (i < items->count && !begins_group(items, i));
	return i;
}

/* The member of a group whose name is @name, or begins with it and a unit. */
static const struct item *find(const struct items *items, size_t i, size_t end,
			       const char *name)
{
	size_t n = strlen(name);

	for (; i < end; i++)
		if (strncmp(items->at[i].name, name, n) == 0 &&
		    (items->at[i].name[n] == '\0' ||
		     items->at[i].name[n] == '_'))
			return &items->at[i];
	return NULL;
}

static void print_json(const struct target *t, const struct items *items)
{
	size_t i, end;

	out_json_begin();
	out_json_string("store", t->store);
	out_json_bool("mounted", target_is_mounted(t));
	if (target_is_mounted(t))
		out_json_number("pid", (uint64_t)t->pid);
	for (i = 0; i < items->count; i = end) {
		end = group_end(items, i);
		out_json_object(items->at[i].group);
		for (size_t j = i; j < end; j++)
			out_json_number(items->at[j].name, items->at[j].value);
		out_json_end();
	}
	out_json_end();
}

static void print_group(const struct items *items, size_t i, size_t end)
{
	char number[OUT_NUMBER_SIZE];

	printf("\n%s%s%s\n", out_bold(), items->at[i].group, out_plain());
	for (; i < end; i++) {
		const struct item *item = &items->at[i];

		printf("  %-24s %12s\n", item->name,
		       out_measure(number, item->name, item->value));
	}
}

/* A row of the table of spreads. */
static void print_spread(const struct items *items, size_t i, size_t end)
{
	static const char *const columns[] = { "count", "p50",  "p90",
					       "p99",   "p999", "max" };
	char number[OUT_NUMBER_SIZE];
	const struct item *item;
	size_t c;

	printf("  %-12s", items->at[i].group);
	for (c = 0; c < ARRAY_SIZE(columns); c++) {
		item = find(items, i, end, columns[c]);
		printf(" %9s",
		       item ? out_measure(number, item->name, item->value)
			    : "-");
	}
	putchar('\n');
}

/* Groups one below the other, then one table of those that are spreads. */
static void print_people(const struct target *t, const struct items *items)
{
	bool spreads = false;
	size_t i, end;

	printf("%s%s%s", out_bold(), t->store, out_plain());
	if (target_is_mounted(t))
		printf(" (mounted, process %d)", (int)t->pid);
	putchar('\n');
	for (i = 0; i < items->count; i = end) {
		end = group_end(items, i);
		if (!find(items, i, end, SPREAD_GROUP))
			print_group(items, i, end);
	}
	for (i = 0; i < items->count; i = end) {
		const struct item *count;

		end = group_end(items, i);
		count = find(items, i, end, "count");
		if (!find(items, i, end, SPREAD_GROUP) || !count ||
		    count->value == 0)
			continue;
		if (!spreads)
			printf("\n  %s%-12s %9s %9s %9s %9s %9s %9s%s\n",
			       out_bold(), "latency", "count", "p50", "p90",
			       "p99", "p999", "max", out_plain());
		spreads = true;
		print_spread(items, i, end);
	}
}

/*
 * The text format of Prometheus.  Nothing says which of them only ever grow, so
 * all are untyped, which rate() takes as well.  Nanoseconds become seconds, the
 * base unit.
 */
static void print_metrics(const struct items *items)
{
	size_t i, n;

	for (i = 0; i < items->count; i++) {
		const struct item *item = &items->at[i];

		n = strlen(item->name);
		if (n > 3 && strcmp(item->name + n - 3, "_ns") == 0)
			printf("loamfs_%s_%.*s_seconds %.9f\n", item->group,
			       (int)(n - 3), item->name,
			       (double)item->value / (double)NS_PER_S);
		else
			printf("loamfs_%s_%s %" PRIu64 "\n", item->group,
			       item->name, item->value);
	}
}

int stat_run(const struct command *c, char **arguments)
{
	static struct items items;
	const struct fs_sink sink = { .text = keep_text, .arg = &items };
	struct target t;
	int rc;

	rc = target_open(&t, arguments[0]);
	if (rc < 0) {
		out_failed(c->name, arguments[0], rc);
		return EXITS_FAILED;
	}
	rc = target_run(&t, "stat", "", &sink);
	if (rc == 0)
		rc = parse(&items);
	if (rc == 0 && strcmp(c->name, "metrics") == 0)
		print_metrics(&items);
	else if (rc == 0 && loamctl_json)
		print_json(&t, &items);
	else if (rc == 0)
		print_people(&t, &items);
	rc = target_close(&t, rc);
	buf_fini(&items.text);
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

	if (name && rest)
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
