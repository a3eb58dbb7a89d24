#include "fs/say.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/base/env.h"

#define PROGRESS_NS (200 * NS_PER_MS) /* between two lines */

int say(const struct fs_sink *sink, const char *fmt, ...)
{
	char line[SAY_LINE_SIZE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	assert(n > 0 && (size_t)n < sizeof(line));
	return sink->text(sink->arg, line, (size_t)n);
}

int say_progress(struct say_progress *p, uint64_t done, uint64_t total)
{
	uint64_t now_ns = env_monotonic_ns(p->env);

	if (now_ns - p->told_ns < PROGRESS_NS)
		return 0;
	p->told_ns = now_ns;
	return say(p->sink, "progress %" PRIu64 " %" PRIu64 "\n", done, total);
}
