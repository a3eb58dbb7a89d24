/* scrub: reads and verifies every byte, mounted or not. */
#include <errno.h>
#include <stdio.h>

#include "engine/base/error.h"
#include "tools/loamctl/lines.h"
#include "tools/loamctl/loamctl.h"
#include "tools/loamctl/out.h"
#include "tools/loamctl/target.h"

/* "damaged INODE PATH WORDS" */
static int show_damaged(void *arg UNUSED, char *line)
{
	char *rest = line, *path;
	uint64_t ino;

	if (strcmp(lines_word(&rest) ?: "", "damaged") != 0 ||
	    lines_number(&rest, &ino) < 0)
		return -EPROTO;
	path = lines_word(&rest);
	if (!path || !rest)
		return -EPROTO;
	out_progress_end();
	if (loamctl_json) {
		out_json_item();
		out_json_number("inode", ino);
		out_json_string("path", path);
		out_json_string("words", rest);
		out_json_end();
	} else if (strcmp(path, "-") == 0) {
		printf("store: %s\n", rest);
	} else {
		printf("%s: %s\n", path, rest);
	}
	return 0;
}

int scrub_run(const struct command *c, char **arguments)
{
	const struct lines lines = {
		.line = show_damaged,
		.progress = "scrub",
	};
	const struct fs_sink sink = lines_sink(&lines);
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
