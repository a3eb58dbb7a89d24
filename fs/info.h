/*
 * info and du: how files lie in the store; what admin.h says of these verbs.
 *
 * Both read the tree as it is at each moment: what changes meanwhile may be
 * seen before or after.  Neither reads a value of the value log.
 *
 * Thread safety: any time between fs_open() and fs_close().
 */
#ifndef FS_INFO_H
#define FS_INFO_H

#include "engine/base/base.h"
#include "engine/kv.h"

struct fs;
struct fs_sink;

/*
 * The inode that @argument names: its number, or a path from the root, that
 * begins with a slash.  Symlinks are not followed.  -EINVAL, -ENOENT, ...
 */
int info_resolve(struct fs *fs, const char *argument, uint64_t *ino) MUST_USE;

/* A number of its own for each value of the value log; for struct numbers. */
static inline uint64_t info_place_number(const struct kv_place *place)
{
	return place->blob_id << 26 | place->ordinal;
}

int info_tell(struct fs *fs, uint64_t ino, const struct fs_sink *sink) MUST_USE;

int du_tell(struct fs *fs, uint64_t ino, const struct fs_sink *sink) MUST_USE;

#endif
