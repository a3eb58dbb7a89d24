#include "tools/loamctl/lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "tools/loamctl/out.h"

static int take(const struct lines *lines, char *line)
{
	uint64_t done, total;

	if (lines->progress &&
	    sscanf(line, "progress %" SCNu64 " %" SCNu64, &done, &total) == 2) {
		out_progress(lines->progress, lines->counts, done, total);
		return 0;
	}
	return lines->line(lines->arg, line);
}

static int take_text(void *arg, const char *text, size_t size)
{
	char *copy = strndup(text, size), *rest = copy, *line;
	int rc = copy ? 0 : -ENOMEM;

	while (rc == 0 && (line = strsep(&rest, "\n")) && rest) {
		rc = take(arg, line);
		if (rc == -EPROTO)
			error_set(rc, "not understood: %s", line);
	}
	free(copy);
	return rc;
}

struct fs_sink lines_sink(const struct lines *lines)
{
	return (struct fs_sink){ .text = take_text, .arg = (void *)lines };
}

char *lines_word(char **rest)
{
	char *word = strsep(rest, " ");

	return word && *word ? word : NULL;
}

int lines_number(char **rest, uint64_t *out)
{
	char *word = lines_word(rest), *end;
	uint64_t value;

	if (!word || *word < '0' || *word > '9')
		return -EPROTO;
	errno = 0;
	value = strtoull(word, &end, 10);
	if (errno || *end)
		return -EPROTO;
	*out = value;
	return 0;
}
