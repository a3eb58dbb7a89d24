/*
 * trace: a line for each request of the kernel, with its answer and how long
 * that took, as strace(1) has them for calls:
 *
 *      14:03:07.120345 pid 812 uid 1000 LOOKUP ino 1 "dir" = 0, 144 bytes,
 *      12.3 us
 *
 * (one line; numbers of inodes are those of stat(2), offsets and sizes in
 * bytes).  What is never answered, like FORGET, ends in `= -`.  The lines go to
 * a file, or where the log goes, and are not limited as those of the log are.
 *
 * Off, it costs a read of trace_on for each request and each answer.  Beside it
 * two USDT probes, loamfs:request (number of the request, opcode, inode) and
 * loamfs:reply (number, errno, bytes), are there for bpftrace(8) and perf(1)
 * where <sys/sdt.h> was found; they are a no-op in the code until somebody
 * looks.
 *
 * Thread safety: all functions, but for trace_begin() and trace_end().
 */
#ifndef SRC_TRACE_H
#define SRC_TRACE_H

#include "config.h"

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef HAVE_SYS_SDT_H
#include <sys/sdt.h>
#else
#define DTRACE_PROBE3(provider, name, a, b, c) \
	do {                                   \
	} while (0)
#endif

extern bool trace_on; /* set before there are requests, then constant */

/*
 * Begins to trace, to @path, which is made or appended to; NULL: to the log.
 * Returns 0 or a negative errno after a line.
 */
int trace_begin(const char *path);
void trace_end(void);

void trace_note_request(const struct fuse_in_header *in);
void trace_note_reply(const struct fuse_out_header *out);

/* A request that has been read, whole. */
static inline void trace_request(const struct fuse_in_header *in)
{
	DTRACE_PROBE3(loamfs, request, in->unique, in->opcode, in->nodeid);
	if (__builtin_expect(trace_on, false))
		trace_note_request(in);
}

/* An answer that is about to be sent. */
static inline void trace_reply(const struct fuse_out_header *out)
{
	DTRACE_PROBE3(loamfs, reply, out->unique, -out->error, out->len);
	if (__builtin_expect(trace_on, false))
		trace_note_reply(out);
}

#endif
