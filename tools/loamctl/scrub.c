/* scrub: reads and verifies every byte, mounted or not. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "tools/loamctl/loamctl.h"
#include "tools/loamctl/out.h"
#include "tools/loamctl/target.h"

/* "damaged INODE PATH WORDS" */
static int show_damaged(char *line)
{
	char *ino = line, *path = strchr(ino, ' '), *words;

	words = path ? strchr(path + 1, ' ') : NULL;
	if (!words)
		return -EPROTO;
	*path++ = '\0';
	*words++ = '\0';
	out_progress_end();
	if (loamctl_json) {
		out_json_item();
		out_json_number("inode", strtoull(ino, NULL, 10));
		out_json_string("path", path);
		out_json_string("words", words);
		out_json_end();
	} else if (strcmp(path, "-") == 0) {
		printf("store: %s\n", words);
	} else {
		printf("%s: %s\n", path, words);
	}
	return 0;
}

static int show_line(char *line)
{
	uint64_t done, total;

	if (sscanf(line, "progress %" SCNu64 " %" SCNu64, &done, &total) == 2) {
		out_progress("scrub", done, total);
		return 0;
	}
	if (strncmp(line, "damaged ", 8) == 0)
		return show_damaged(line + 8);
	return -EPROTO;
}

static int show(void *arg UNUSED, const char *text, size_t size)
{
	char *copy = strndup(text, size), *rest = copy, *line;
	int rc = copy ? 0 : -ENOMEM;

	while (rc == 0 && (line = strsep(&rest, "\n")) && rest)
		rc = show_line(line);
	free(copy);
	return rc;
}

int scrub_run(const struct command *c, char **arguments)
{
	const struct fs_sink sink = { .text = show };
	struct target t;
	bool damaged;
	int rc;

	rc = target_open(&t, arguments[0]);
	if (rc < 0) {
		out_failed(c->name, arguments[0], rc);
		return EXITS_FAILED;
	}
	if (loamctl_json) {
		out_json_begin();
		out_json_string("store", t.store);
		out_json_array("damaged");
	}
	rc = target_run(&t, "scrub", "", &sink);
	out_progress_end();
	damaged = rc == -EUCLEAN && (target_is_mounted(&t) || t.fs);
	if (loamctl_json) {
		out_json_end();
		out_json_bool("clean", rc == 0);
		out_json_end();
	} else if (rc == 0) {
		printf("%s: every byte is as it was written\n", t.store);
	}
	rc = target_close(&t, rc);
	if (rc < 0)
		out_failed(c->name, arguments[0], rc);
	return damaged ? EXITS_DAMAGED : rc < 0 ? EXITS_FAILED : EXITS_DONE;
}
