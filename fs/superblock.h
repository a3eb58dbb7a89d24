/*
 * The superblock, and the open filesystem as a whole.
 *
 * The value of 's', little-endian, 88 bytes:
 *
 *      offset  size  what
 *           0     4  format       1
 *           4     4  chunk_bytes  32768: how file data are cut
 *           8    16  uuid
 *          24     8  compat       features that may be ignored
 *          32     8  ro_compat    ... that a writer must know
 *          40     8  incompat     ... that a reader must know
 *          48     8  hash_seed    of the names' hashes; random
 *          56     8  ino_reserved no inode has this number or a greater one
 *          64     1  clean        1: closed in order, and the counters are true
 *          65     7  zero
 *          72     8  inodes       in use
 *          80     8  data_bytes   sum of the sizes of all regular files
 *
 * Inode numbers.  The numbers below ino_reserved belong to whoever has the
 * store open.  More are reserved, many at a time, by a write of their own
 * before the first of them is used; as a crash takes only a suffix of all
 * writes, no number that an inode has is ever given out again.
 *
 * Counters.  In memory while the filesystem is open, written when it is
 * closed.  Opening takes `clean` away before anything else is changed; one
 * that finds it gone counts the inodes again.
 *
 * Thread safety: superblock_reserve(), _need(), _has() and the counters any
 * time, the rest only while the filesystem is being opened or closed.
 */
#ifndef FS_SUPERBLOCK_H
#define FS_SUPERBLOCK_H

#include <stdatomic.h>

#include "engine/base/env.h"
#include "engine/base/lock.h"
#include "engine/kv.h"
#include "fs/fs.h"
#include "fs/icache.h"

#define SUPERBLOCK_FORMAT_SIZE 88

/* Incompatible features. */
#define SUPERBLOCK_XATTRS ((uint64_t)1 << 0) /* 'x' keys, and their flags */
#define SUPERBLOCK_FLAGS  ((uint64_t)1 << 1) /* INODE_USER_FLAGS */
#define SUPERBLOCK_BLOCKS ((uint64_t)1 << 2) /* INODE_BLOCKS */

struct purger;

struct superblock {
	uint8_t uuid[16];
	uint64_t compat;
	uint64_t incompat;
	uint64_t hash_seed;
	uint64_t ino_reserved;
	bool clean;
	uint64_t inodes;     /* true only if clean */
	uint64_t data_bytes; /* true only if clean */
};

void superblock_encode(const struct superblock *super,
		       uint8_t out[SUPERBLOCK_FORMAT_SIZE]);

/* Returns 0, -EUCLEAN, or -EPROTONOSUPPORT (a newer format). */
int superblock_decode(struct superblock *out, struct slice value) MUST_USE;

/* Reads and decodes it.  -ENOENT if there is none. */
int superblock_read(struct kv *kv, struct superblock *out) MUST_USE;

struct fs {
	/* Set by fs_open_env(), then constant. */
	struct env *env;     /* of the store, or its overlay */
	struct env *overlay; /* owned: read_only, or NULL */
	struct env *owned;   /* to be freed, or NULL */
	bool read_only;
	enum fs_atime atime;
	bool was_clean; /* set by superblock_open(), then constant */
	struct kv *kv;
	bool counters_true; /* set by superblock_open(), then constant */
	uint64_t hash_seed;

	/*
	 * One rename between directories at a time: as long as it is held, no
	 * directory's parent changes.
	 */
	struct mutex rename; /* RANK_RENAME */

	struct icache icache; /* locks of its own */

	/* Set by fs_open_env(), then constant; see purge.h. */
	struct purger *purger; /* owned; NULL: what is to go goes at once */

	/* RANK_ICACHE: no shard's lock is taken with it, nor it with one. */
	struct mutex super_lock;
	struct superblock super; /* guarded by super_lock */
	uint64_t ino_next; /* guarded by super_lock; <= super.ino_reserved */

	_Atomic uint64_t inodes;
	_Atomic uint64_t data_bytes;
};

/*
 * Reads the superblock of an open store, or, with @options->create, makes a
 * filesystem in an empty one; takes `clean` away and makes the counters true.
 * Returns 0, -ENOENT (an empty store, and no create), -EUCLEAN, ...
 */
int superblock_open(struct fs *fs, const struct fs_options *options) MUST_USE;

/* Writes the counters and `clean`. */
int superblock_close(struct fs *fs) MUST_USE;

/*
 * Notes in the store that it needs @feature, before that is first used.
 */
int superblock_need(struct fs *fs, uint64_t feature) MUST_USE;

/* Whether the store says that it needs @feature. */
bool superblock_has(struct fs *fs, uint64_t feature);

/* Takes @count inode numbers from *@first on, for good. */
int superblock_reserve(struct fs *fs, uint64_t count, uint64_t *first) MUST_USE;

/* Now, as inodes keep it. */
static inline int64_t superblock_now_ns(struct fs *fs)
{
	return (int64_t)env_realtime_ns(fs->env);
}

#endif
