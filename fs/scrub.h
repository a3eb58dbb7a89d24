/*
 * scrub: is every byte that is stored still what was written, and if not, whose
 * is it?
 *
 * The store reads and checks all its files, past all caches (kv_verify()).  If
 * that finds damage, each file's data and each xattr are read through the tree,
 * and those that cannot be are told of with a path.  A file whose bytes are in
 * a cache may be passed over in that.
 *
 * Thread safety: any time, with writers at work.
 */
#ifndef FS_SCRUB_H
#define FS_SCRUB_H

#include "engine/kv.h"

struct scrub_damage {
	uint64_t ino;     /* 0: not the data of a file */
	const char *path; /* from the root; "": not known.  May hold any byte
			   * but NUL */
	const char *words;
};

/* An error that one of them returns ends the scrub. */
struct scrub_sink {
	kv_progress_fn progress;
	int (*damaged)(void *arg, const struct scrub_damage *damage);
	void *arg;
};

/*
 * Returns 0 if all is well, -EUCLEAN after telling of damage, or another error
 * that ended it.
 */
int fs_scrub(struct kv *kv, const struct scrub_sink *sink) MUST_USE;

#endif
