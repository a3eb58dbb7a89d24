/*
 * What the machine says of this process, and of the files of a directory.
 */
#ifndef TOOLS_KVBENCH_PROBE_H
#define TOOLS_KVBENCH_PROBE_H

#include "engine/base/base.h"

uint64_t probe_ns(void); /* monotonic */

/*
 * The bytes of pages that this process made dirty, or wrote directly:
 * write_bytes of /proc/self/io.  Whatever way they are written they count
 * here, in whole pages.
 */
int probe_written(uint64_t *bytes) MUST_USE;

/* The memory of this process now, and at most so far. */
int probe_rss(uint64_t *bytes) MUST_USE;
int probe_rss_max(uint64_t *bytes) MUST_USE;

/* The blocks that the files below @path take up. */
int probe_disk(const char *path, uint64_t *bytes) MUST_USE;

/* Removes @path and all below it; 0 too if there is no such thing. */
int probe_remove(const char *path) MUST_USE;

#endif
