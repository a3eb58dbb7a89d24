#include "src/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_SIZE 64 /* bytes with the NUL */

/* A text under way. */
struct report {
	FILE *out; /* owned; writes to text */
	char *text;
	size_t size;
	enum report_form form;
	char group[WORD_SIZE]; /* of the line before, "" at the first */
};

static void begin_group(struct report *r, const char *group)
{
	bool first = !*r->group;

	if (r->form == REPORT_STATS)
		fprintf(r->out, "%s%s\n", first ? "" : "\n", group);
	if (r->form == REPORT_JSON)
		fprintf(r->out, "%s\n  \"%s\": {", first ? "{" : "\n  },",
			group);
	snprintf(r->group, sizeof(r->group), "%s", group);
}

/* Nanoseconds become seconds, the base unit of Prometheus. */
static void put_metric(const struct report *r, const char *group,
		       const char *name, unsigned long long value)
{
	size_t n = strlen(name);

	if (n > 3 && strcmp(name + n - 3, "_ns") == 0)
		fprintf(r->out, "loamfs_%s_%.*s_seconds %llu.%09llu\n", group,
			(int)(n - 3), name, value / 1000000000,
			value % 1000000000);
	else
		fprintf(r->out, "loamfs_%s_%s %llu\n", group, name, value);
}

/* "GROUP NAME NUMBER" */
static int put_line(struct report *r, const char *line)
{
	char group[WORD_SIZE], name[WORD_SIZE];
	unsigned long long value;
	bool begins;

	if (sscanf(line, "%63s %63s %llu", group, name, &value) != 3)
		return -EPROTO;
	begins = strcmp(group, r->group) != 0;
	if (begins)
		begin_group(r, group);
	switch (r->form) {
	case REPORT_STATS:
		fprintf(r->out, "  %-24s %15llu\n", name, value);
		break;
	case REPORT_JSON:
		fprintf(r->out, "%s\n    \"%s\": %llu", begins ? "" : ",", name,
			value);
		break;
	default:
		put_metric(r, group, name, value);
	}
	return 0;
}

/* Any number of whole lines. */
static int put_lines(void *arg, const char *text, size_t size)
{
	struct report *r = arg;
	char line[3 * WORD_SIZE];
	const char *end;
	int rc = 0;

	while (rc == 0 && size > 0) {
		end = memchr(text, '\n', size);
		if (!end)
			return -EPROTO;
		snprintf(line, sizeof(line), "%.*s", (int)(end - text), text);
		rc = put_line(r, line);
		size -= (size_t)(end + 1 - text);
		text = end + 1;
	}
	return rc;
}

int report_new(struct report **out, enum report_form form)
{
	struct report *r = calloc(1, sizeof(*r));

	if (r) {
		r->form = form;
		r->out = open_memstream(&r->text, &r->size);
	}
	if (!r || !r->out) {
		free(r);
		return -ENOMEM;
	}
	*out = r;
	return 0;
}

struct fs_sink report_sink(struct report *r)
{
	return (struct fs_sink){ .text = put_lines, .arg = r };
}

int report_end(struct report *r, int rc, char **text, size_t *size)
{
	if (r->form == REPORT_JSON)
		fputs("\n  }\n}\n", r->out);
	if (fclose(r->out) != 0 && rc == 0)
		rc = -ENOMEM;
	if (rc < 0) {
		free(r->text);
	} else {
		*text = r->text;
		*size = r->size;
	}
	free(r);
	return rc;
}
