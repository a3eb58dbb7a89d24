/*
 * The few words that every file uses.
 *
 * Return values, everywhere in engine/ and fs/: 0 (or a count) on success, a
 * negative errno on failure.  Iterators return 1 at an entry, 0 at the end,
 * < 0 on error.  Outputs are written only on success.  The codes that have a
 * meaning of our own:
 *
 *      -EBADMSG   a checksum does not match: the bytes are not those written
 *      -EUCLEAN   the bytes verify, or need not, but make no sense
 *      -EROFS     the store is poisoned by an earlier write error, or read-only
 *      -EPROTONOSUPPORT  a format that is newer than this program
 */
#ifndef ENGINE_BASE_BASE_H
#define ENGINE_BASE_BASE_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#define MUST_USE       __attribute__((warn_unused_result))
#define PRINTF(fmt, a) __attribute__((format(printf, fmt, a)))
#define UNUSED         __attribute__((unused))
#define likely(x)      __builtin_expect(!!(x), 1)
#define unlikely(x)    __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr)-offsetof(type, member)))

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

#define NS_PER_MS ((uint64_t)1000000)
#define NS_PER_S  ((uint64_t)1000000000)

static inline size_t size_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline size_t size_max(size_t a, size_t b)
{
	return a > b ? a : b;
}

static inline uint64_t u64_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t u64_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
