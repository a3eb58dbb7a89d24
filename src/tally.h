/*
 * tally: how many requests of each kind have come, and from which processes,
 * for loamctl top.
 *
 * Kinds are counted exactly.  Processes are in a small table of TALLY_PROCESSES
 * places: one that is not in it takes the place, of the few it may have, of
 * whoever was heard of the longest ago.  So the busiest are in it, and what is
 * said of a process counts from when it came in.  What the kernel asks by
 * itself (writeback, read-ahead by its threads) is process 0's.
 *
 * Cost: two atomic additions a request, and no lock.
 *
 * Thread safety: all functions.
 */
#ifndef SRC_TALLY_H
#define SRC_TALLY_H

#define TALLY_PROCESSES 64

struct fs_sink;
struct fuse_in_header;

void tally_request(const struct fuse_in_header *in);

/*
 * Lines to @sink: "kind NAME COUNT", of those that came, and
 * "process PID COUNT".  0, or what the sink returned.
 */
int tally_tell(const struct fs_sink *sink);

#endif
