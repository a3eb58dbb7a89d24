/* tune: shows the settings of a mount, and changes them until it ends. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "tools/loamctl/lines.h"
#include "tools/loamctl/loamctl.h"
#include "tools/loamctl/out.h"
#include "tools/loamctl/target.h"

/* "NAME VALUE RANGE" */
static int show(void *arg UNUSED, char *line)
{
	char *rest = line, *name = lines_word(&rest);
	char *value = lines_word(&rest);

	if (!name || !value || !rest)
		return -EPROTO;
	if (loamctl_json) {
		out_json_object(name);
		out_json_string("value", value);
		out_json_string("range", rest);
		out_json_end();
	} else {
		printf("%-16s %-10s (%s)\n", name, value, rest);
	}
	return 0;
}

/* The words, with blanks between them, and a NUL. */
static int join(char **words, struct buf *out)
{
	int rc = 0;

	for (; rc == 0 && *words; words++) {
		rc = buf_append(out, *words, strlen(*words));
		if (rc == 0 && words[1])
			rc = buf_append(out, " ", 1);
	}
	return rc < 0 ? rc : buf_append(out, "", 1);
}

static int tune(const char *path, const char *verb, char **words)
{
	const struct lines lines = { .line = show };
	const struct fs_sink sink = lines_sink(&lines);
	struct buf argument = BUF_INIT;
	struct target t;
	int rc;

	rc = target_open(&t, path);
	if (rc < 0)
		return rc;
	if (!target_is_mounted(&t))
		rc = error_set(-EINVAL,
			       "%s: not mounted; settings last until the mount "
			       "ends, see loamfs -o",
			       path);
	if (rc == 0)
		rc = join(words, &argument);
	if (rc == 0)
		rc = target_run(&t, verb, (char *)argument.data, &sink);
	buf_fini(&argument);
	return target_close(&t, rc);
}

int tune_run(const struct command *c, char **arguments)
{
	int rc;

	if (loamctl_json)
		out_json_begin();
	rc = tune(arguments[0], c->name, arguments + 1);
	if (loamctl_json)
		out_json_end();
	if (rc < 0)
		out_failed(c->name, arguments[0], rc);
	return rc < 0 ? EXITS_FAILED : EXITS_DONE;
}
