#include "tools/loamctl/mounted.h"

#include <errno.h>
#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "src/unmount.h"
#include "tools/loamctl/target.h"

static int keep(void *arg, const char *text, size_t size)
{
	return buf_append(arg, text, size);
}

int mounted_find(struct target *t, char **out)
{
	struct buf text = BUF_INIT;
	const struct fs_sink sink = { .text = keep, .arg = &text };
	const char *begin, *end = NULL;
	char *path = NULL;
	int rc;

	rc = target_run(t, "about", "", &sink);
	if (rc == 0)
		rc = buf_append(&text, "", 1);
	if (rc == 0) {
		begin = strstr((char *)text.data, "\nmountpoint ");
		begin = begin ? begin + strlen("\nmountpoint ") : NULL;
		end = begin ? strrchr(begin, '\n') : NULL;
		path = end ? strndup(begin, (size_t)(end - begin)) : NULL;
		rc = end ? (path ? 0 : -ENOMEM) : -EPROTO;
	}
	buf_fini(&text);
	/* The daemon may be another user's, and say what it likes to root. */
	if (rc == 0 && !unmount_is_ours(path)) {
		rc = error_set(-ENOENT, "%s: its mount point, %s, is none here",
			       t->store, path);
		free(path);
	} else if (rc == 0) {
		*out = path;
	}
	return rc;
}
