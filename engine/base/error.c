#include "engine/base/error.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char last_text[ERROR_TEXT_SIZE];
static _Thread_local int last_rc;

int error_set(int rc, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last_text, sizeof(last_text), fmt, ap);
	va_end(ap);
	last_rc = rc;
	errno = saved;
	return rc;
}

void error_take(struct error_words *words)
{
	words->rc = last_rc;
	memcpy(words->text, last_text, sizeof(words->text));
}

void error_put_back(const struct error_words *words)
{
	last_rc = words->rc;
	memcpy(last_text, words->text, sizeof(last_text));
}

const char *error_text(int rc)
{
	if (rc == last_rc && rc != 0)
		return last_text;
	return strerror(rc < 0 ? -rc : rc);
}
