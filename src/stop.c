#include "src/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "src/device.h"
#include "src/fuse.h"
#include "src/log.h"

#define SETTLE_PAUSE_NS     (20 * 1000 * 1000)
#define SETTLE_ROUNDS_QUIET 3
#define SETTLE_ROUNDS_MAX   500 /* 10 seconds, and the answers' time */

static sigset_t stop_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

void stop_block_signals(void)
{
	sigset_t set = stop_signals();

	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* As a user may: through the helper that is setuid. */
static bool unmount_by_helper(const char *mountpoint)
{
	const char *const argv[] = { "fusermount3", "-q",       "-u",
				     "--",          mountpoint, NULL };
	const char *const envp[] = { "PATH=/usr/local/bin:/usr/bin:/bin",
				     NULL };
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv,
			 (char *const *)envp) != 0)
		return false;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return false;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool unmount(const char *mountpoint)
{
	if (umount2(mountpoint, UMOUNT_NOFOLLOW) == 0)
		return true;
	return errno == EPERM && unmount_by_helper(mountpoint);
}

/*
 * Waits until the kernel has nothing to say: a request of our own, behind all
 * that wait for a worker, is the only one that comes, and all are answered.
 * That must be so in a few rounds, as a worker may have read a request and not
 * yet have counted it.
 */
static void settle(const char *mountpoint)
{
	struct timespec pause = { .tv_nsec = SETTLE_PAUSE_NS };
	struct statfs st;
	uint64_t before;
	int quiet = 0;

	for (int i = 0; i < SETTLE_ROUNDS_MAX; i++) {
		before = device_asked();
		(void)statfs(mountpoint, &st);
		nanosleep(&pause, NULL);
		if (device_is_idle() && device_asked() <= before + 1)
			quiet++;
		else
			quiet = 0;
		if (quiet == SETTLE_ROUNDS_QUIET)
			return;
	}
	log_error("%s: its users do not stop", mountpoint);
}

/* Ends the session although the mount is in use. */
static void end_in_use(struct stop *s)
{
	struct statfs st;
	int fd;

	log_error("%s is in use: ending all the same", s->mountpoint);
	fd = open(s->mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) < 0)
		log_error("%s: cannot write out everything: %s", s->mountpoint,
			  strerror(errno));
	if (fd >= 0)
		close(fd);
	/* What syncfs() has sent need not have been answered. */
	settle(s->mountpoint);

	fuse_session_exit(s->session);
	/* A worker sees that when its next request comes: this is one. */
	(void)statfs(s->mountpoint, &st);
}

/* Somebody else has unmounted, at the same moment. */
static bool is_over(struct stop *s)
{
	return atomic_load(&s->ended) || fuse_session_exited(s->session);
}

static void *wait_for_signal(void *arg)
{
	struct stop *s = arg;
	sigset_t set = stop_signals();
	int sig;

	while (sigwait(&set, &sig) != 0)
		;
	if (atomic_load(&s->ended))
		return NULL;
	if (!unmount(s->mountpoint) && !is_over(s))
		end_in_use(s);
	return NULL;
}

int stop_begin(struct stop *s, struct fuse_session *session,
	       const char *mountpoint)
{
	int err;

	s->session = session;
	s->mountpoint = mountpoint;
	atomic_init(&s->ended, false);
	err = pthread_create(&s->thread, NULL, wait_for_signal, s);
	if (err)
		log_error("cannot start a thread: %s", strerror(err));
	return -err;
}

void stop_end(struct stop *s)
{
	atomic_store(&s->ended, true);
	pthread_kill(s->thread, SIGTERM);
	pthread_join(s->thread, NULL);
}
