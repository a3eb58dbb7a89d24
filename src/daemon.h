/*
 * daemon: the way to the background.
 *
 * The process that the user started forks before anything else exists (threads
 * do not survive a fork) and waits.  The child opens, mounts, and calls
 * daemon_ready() once the kernel has said its first word; only then does the
 * parent end, with status 0, so that whoever waits for it finds a mount that
 * works.  If the child ends before, it has said why on the stderr that both
 * share, and the parent ends with status 1.
 */
#ifndef SRC_DAEMON_H
#define SRC_DAEMON_H

/*
 * Goes on in a child.  Returns 0 there, or a negative errno in the only process
 * there is, after a line.
 */
int daemon_fork(void);

/*
 * Lets go of the terminal, the working directory and stderr, and of the parent.
 * Does nothing in the foreground.  Returns 0, or a negative errno if the parent
 * is gone: then nobody waits for this mount any more.
 */
int daemon_ready(void);

#endif
