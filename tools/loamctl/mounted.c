#include "tools/loamctl/mounted.h"

#include <errno.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
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
	int rc;

	rc = target_run(t, "about", "", &sink);
	if (rc == 0)
		rc = buf_append(&text, "", 1);
	if (rc == 0) {
		begin = strstr((char *)text.data, "\nmountpoint ");
		begin = begin ? begin + strlen("\nmountpoint ") : NULL;
		end = begin ? strrchr(begin, '\n') : NULL;
		*out = end ? strndup(begin, (size_t)(end - begin)) : NULL;
		rc = end ? (*out ? 0 : -ENOMEM) : -EPROTO;
	}
	buf_fini(&text);
	return rc;
}
