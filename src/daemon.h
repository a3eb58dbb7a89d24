/*
 * daemon: the way to the background.
 *
 * The process that the user started forks before anything else exists (threads
 * do not survive a fork) and waits.  The child opens, mounts, and calls
 * daemon_ready() once the kernel has said its first word; only then does the
 * parent end, with status 0, so that whoever waits for it finds a mount that
 * works.  If the child ends before, it has said why on the stderr that both
 * share, and the parent ends with status 1.
 *
 * In the foreground a service manager may wait instead: systemd, which names a
 * socket in the environment (sd_notify(3)), is told in the same moment.
 */
#ifndef SRC_DAEMON_H
#define SRC_DAEMON_H

/*
 * Goes on in a child.  Returns 0 there, or a negative errno in the only process
 * there is, after a line.
 */
int daemon_fork(void);

/*
 * Lets go of the terminal, the working directory and stderr, and of the parent;
 * in the foreground, tells the service manager if there is one.  Returns 0, or
 * a negative errno if nobody waits for this mount any more.
 */
int daemon_ready(void);

#endif
