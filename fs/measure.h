/*
 * measure: all there is to be known in numbers about an open filesystem, under
 * names that programs may rely on.
 *
 * A name belongs to a group, and its end says the unit: _bytes, _ns (of time),
 * or none, a number of things.  Groups:
 *
 *      space        what lies where, on disk and in memory
 *      levels       tables by level
 *      reads, writes, caches
 *                   what was asked for, and where it was found
 *      work         what was done in the background
 *      io           calls and bytes, by kind of file
 *      get, write, sync, ...
 *                   how long each took: spreads, as in struct kv_spreads
 *
 * All but space and levels is counted since the filesystem was opened.
 */
#ifndef FS_MEASURE_H
#define FS_MEASURE_H

#include "engine/base/base.h"

struct fs;

struct measure {
	const char *group;
	const char *name;
	uint64_t value;
};

typedef int (*measure_fn)(void *arg, const struct measure *m);

/*
 * Calls @fn for each.  May take milliseconds: see kv_stats().  Returns 0, what
 * @fn returned if that was an error, or what kv_stats() and kv_space() give.
 */
int measure_all(struct fs *fs, measure_fn fn, void *arg) MUST_USE;

#endif
