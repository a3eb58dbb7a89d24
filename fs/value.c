#include "fs/value.h"

#include <errno.h>
#include <string.h>

/* A unit that may stand behind a number, and what it stands for. */
struct unit {
	const char *name; /* NULL ends a list */
	uint64_t factor;
};

static const struct unit none[] = { { "", 1 }, { NULL, 0 } };

static const struct unit sizes[] = {
	{ "", 1 },
	{ "K", (uint64_t)1 << 10 },
	{ "M", (uint64_t)1 << 20 },
	{ "G", (uint64_t)1 << 30 },
	{ "k", (uint64_t)1 << 10 },
	{ "m", (uint64_t)1 << 20 },
	{ "g", (uint64_t)1 << 30 },
	{ NULL, 0 },
};

static const struct unit times[] = {
	{ "", 1000 },   { "ms", 1 },          { "s", 1000 },
	{ "m", 60000 }, { "h", 3600 * 1000 }, { NULL, 0 },
};

/* A number and a unit; strtoull() would take a sign and blanks. */
static int parse(const char *text, const struct unit *units, uint64_t min,
		 uint64_t max, uint64_t *out)
{
	const char *c = text;
	uint64_t v = 0;

	for (; *c >= '0' && *c <= '9'; c++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*c - '0'), &v))
			return -EINVAL;
	}
	if (c == text)
		return -EINVAL;
	while (units->name && strcmp(units->name, c) != 0)
		units++;
	if (!units->name || __builtin_mul_overflow(v, units->factor, &v) ||
	    v < min || v > max)
		return -EINVAL;
	*out = v;
	return 0;
}

int value_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	return parse(text, none, min, max, out);
}

int value_size(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	return parse(text, sizes, min, max, out);
}

int value_ms(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	return parse(text, times, min, max, out);
}

int value_mode(const char *text, mode_t *out)
{
	const char *c;
	mode_t v = 0;

	for (c = text; *c >= '0' && *c <= '7' && v <= 0777; c++)
		v = v * 8 + (mode_t)(*c - '0');
	if (c == text || *c || v > 0777)
		return -EINVAL;
	*out = v;
	return 0;
}
