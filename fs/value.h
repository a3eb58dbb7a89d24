/*
 * value: what stands behind the `=` of a setting.
 *
 * Each returns 0, or -EINVAL for what is anything but such a value: signs,
 * blanks and a unit too many included.
 *
 * Thread safety: all functions.
 */
#ifndef FS_VALUE_H
#define FS_VALUE_H

#include <sys/types.h>

#include "engine/base/base.h"

/* Decimal, from @min to @max. */
int value_number(const char *text, uint64_t min, uint64_t max,
		 uint64_t *out) MUST_USE;

/* Bytes, with K, M or G (powers of 1024) behind the number. */
int value_size(const char *text, uint64_t min, uint64_t max,
	       uint64_t *out) MUST_USE;

/* A time in ms: seconds, or with ms, s, m or h behind the number. */
int value_ms(const char *text, uint64_t min, uint64_t max,
	     uint64_t *out) MUST_USE;

/* Permissions: octal, up to 777. */
int value_mode(const char *text, mode_t *out) MUST_USE;

#endif
