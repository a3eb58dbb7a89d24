#include "src/value.h"

#include <errno.h>

/* A number and nothing else; strtoull() would take a sign and blanks. */
static int take_number(const char **text, uint64_t *out)
{
	const char *c = *text;
	uint64_t v = 0;

	for (; *c >= '0' && *c <= '9'; c++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*c - '0'), &v))
			return -EINVAL;
	}
	if (c == *text)
		return -EINVAL;

	*text = c;
	*out = v;
	return 0;
}

int value_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v;

	if (take_number(&text, &v) < 0 || *text || v < min || v > max)
		return -EINVAL;
	*out = v;
	return 0;
}

int value_size(const char *text, uint64_t min, size_t *out)
{
	int shift = 0;
	uint64_t v;

	if (take_number(&text, &v) < 0)
		return -EINVAL;
	switch (*text) {
	case 'K':
	case 'k':
		shift = 10;
		break;
	case 'M':
	case 'm':
		shift = 20;
		break;
	case 'G':
	case 'g':
		shift = 30;
		break;
	}
	if (shift)
		text++;
	if (*text || v > SIZE_MAX >> shift || v << shift < min)
		return -EINVAL;
	*out = v << shift;
	return 0;
}

int value_seconds(const char *text, unsigned max, unsigned *out)
{
	unsigned unit = 1;
	uint64_t v;

	if (take_number(&text, &v) < 0)
		return -EINVAL;
	switch (*text) {
	case 'h':
		unit = 3600;
		text++;
		break;
	case 'm':
		unit = 60;
		text++;
		break;
	case 's':
		text++;
		break;
	}
	if (*text || v < 1 || v > max / unit)
		return -EINVAL;
	*out = (unsigned)v * unit;
	return 0;
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
