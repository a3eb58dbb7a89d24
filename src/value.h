/*
 * value: what stands behind the `=` of an option.
 *
 * Each returns 0, or -EINVAL for what is anything but such a value: signs,
 * blanks and a unit too many included.
 */
#ifndef SRC_VALUE_H
#define SRC_VALUE_H

#include <stdint.h>
#include <sys/types.h>

/* Decimal, from @min to @max. */
int value_number(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* Bytes, with K, M or G (powers of 1024) behind the number; at least @min. */
int value_size(const char *text, uint64_t min, size_t *out);

/* Seconds, with s, m or h behind the number; from 1 to @max. */
int value_seconds(const char *text, unsigned max, unsigned *out);

/* Permissions: octal, up to 777. */
int value_mode(const char *text, mode_t *out);

#endif
