/*
 * tune: settings that can be changed while a filesystem is open; admin.h has
 * the verb.
 *
 *      memory         for memtables and caches, together: bytes, with K, M, G
 *      sync_interval  between background syncs: a time as value.h has it
 *      compression    of what is written from now on: on, off
 *
 * Thread safety: any time between fs_open() and fs_close().
 */
#ifndef FS_TUNE_H
#define FS_TUNE_H

#include "engine/kv.h"

struct fs;
struct fs_sink;

/*
 * How the memory is divided: three quarters for the tree, which every operation
 * needs, with memtables of an eighth, of which four may be in use for a moment;
 * a quarter for file data, which the kernel keeps as well.
 */
void tune_divide(size_t memory_bytes, struct kv_tuning *out);

/* A line for each setting. */
int tune_show(struct fs *fs, const struct fs_sink *sink) MUST_USE;

/*
 * Words NAME=VALUE with blanks between them: all of them, or, if one is wrong,
 * none and -EINVAL with words that say what would be right.
 */
int tune_set(struct fs *fs, const char *words) MUST_USE;

#endif
