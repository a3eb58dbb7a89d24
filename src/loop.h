/*
 * loop: the threads that read requests from the kernel and answer them.
 *
 * They are libfuse's: up to ten, all of which wait at the one descriptor, and
 * the kernel wakes the one that has waited longest.  A thread is started when
 * the last that waits takes a request, so that no number of handlers that wait
 * for the disk, less than ten, keeps others waiting.  What else was tried is in
 * README.md.
 *
 * Thread safety: one call at a time.
 */
#ifndef SRC_LOOP_H
#define SRC_LOOP_H

struct fuse_session;

/*
 * Answers requests until the mount is gone or fuse_session_exit() was called
 * and another request came.  Returns 0 or a negative errno.
 */
int loop_run(struct fuse_session *session);

#endif
