#include "tools/loamctl/measures.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/error.h"

static int keep_text(void *arg, const char *text, size_t size)
{
	struct measures *m = arg;

	return buf_append(&m->text, text, size);
}

/* "GROUP NAME NUMBER", with NULs put between them. */
static int parse_line(char *line, struct measure_item *out)
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

static int parse(struct measures *m)
{
	char *line, *end, *next;
	int rc;

	rc = buf_append(&m->text, "", 1);
	if (rc < 0)
		return rc;
	for (line = (char *)m->text.data; *line; line = next) {
		end = strchr(line, '\n');
		if (!end || m->count == MEASURES_MAX)
			return error_set(-EPROTO, "not understood: %s", line);
		*end = '\0';
		next = end + 1;
		rc = parse_line(line, &m->at[m->count]);
		if (rc < 0)
			return error_set(rc, "not understood: %s", line);
		m->count++;
	}
	return 0;
}

static bool begins_group(const struct measures *m, size_t i)
{
	return i == 0 || strcmp(m->at[i].group, m->at[i - 1].group) != 0;
}

size_t measures_end(const struct measures *m, size_t i)
{
	do
		i++;
	while (i < m->count && !begins_group(m, i));
	return i;
}

const struct measure_item *measures_find(const struct measures *m, size_t i,
					 size_t end, const char *name)
{
	size_t n = strlen(name);

	for (; i < end; i++)
		if (strncmp(m->at[i].name, name, n) == 0 &&
		    (m->at[i].name[n] == '\0' || m->at[i].name[n] == '_'))
			return &m->at[i];
	return NULL;
}

int measures_get(struct measures *m, struct target *t)
{
	const struct fs_sink sink = { .text = keep_text, .arg = m };
	int rc;

	m->count = 0;
	buf_reset(&m->text);
	rc = target_run(t, "stat", "", &sink);
	return rc < 0 ? rc : parse(m);
}

void measures_fini(struct measures *m)
{
	buf_fini(&m->text);
}

uint64_t measures_value(const struct measures *m, const char *group,
			const char *name)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		if (strcmp(m->at[i].group, group) == 0 &&
		    strcmp(m->at[i].name, name) == 0)
			return m->at[i].value;
	return 0;
}
