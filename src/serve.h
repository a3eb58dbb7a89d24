/*
 * serve: one session with the kernel, from the mount to its end.
 */
#ifndef SRC_SERVE_H
#define SRC_SERVE_H

struct fs;
struct fuse_session;
struct opts;
struct ops;

/*
 * A session that is not mounted yet; this is where libfuse refuses options it
 * does not know.  @ops is borrowed until serve_free().  NULL after a line.
 */
struct fuse_session *serve_new(struct opts *o, struct ops *ops);
void serve_free(struct fuse_session *session);

/*
 * Mounts, and answers the kernel until the mount is gone or a signal ends it.
 * The mount point is unmounted on return.  Returns 0, or a negative errno after
 * a line.
 */
int serve(struct ops *ops, const struct opts *o);

#endif
