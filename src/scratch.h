/*
 * scratch: a buffer for each thread, reused from request to request.
 *
 * A worker handles one request at a time and hands its bytes to the kernel
 * before it takes the next, so one buffer a thread is enough, and a read costs
 * no allocation and no page fault for fresh memory.
 */
#ifndef SRC_SCRATCH_H
#define SRC_SCRATCH_H

#include <stddef.h>

/*
 * At least @size bytes, undefined, this thread's until it calls again.  NULL if
 * out of memory.  Freed when the thread ends.
 */
void *scratch(size_t size);

#endif
