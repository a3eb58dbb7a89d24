#include "src/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "src/device.h"
#include "src/fuse.h"
#include "src/log.h"
#include "src/unmount.h"

/* An idle mount is noticed after its time and at most one part more. */
#define IDLE_PARTS 8

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

/* Ends the session although the mount is in use. */
static void end_in_use(struct stop *s)
{
	struct statfs st;
	int fd;

	log_warning("%s is in use: ending all the same", s->mountpoint);
	fd = open(s->mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) < 0)
		log_error("%s: cannot write out everything: %s", s->mountpoint,
			  strerror(errno));
	if (fd >= 0)
		close(fd);
	/* What syncfs() has sent need not have been answered. */
	if (device_settle(s->mountpoint) < 0)
		log_warning("%s: its users do not stop", s->mountpoint);

	fuse_session_exit(s->session);
	/* A worker sees that when its next request comes: this is one. */
	(void)statfs(s->mountpoint, &st);
}

/* Somebody else has unmounted, at the same moment. */
static bool is_over(struct stop *s)
{
	return atomic_load(&s->ended) || fuse_session_exited(s->session);
}

/* Returns true at a signal, false when nothing was asked for so long. */
static bool wait_for_end(const struct stop *s)
{
	uint64_t part_ns = s->idle_ms * 1000000 / IDLE_PARTS;
	const struct timespec part = {
		.tv_sec = (time_t)(part_ns / 1000000000),
		.tv_nsec = (long)(part_ns % 1000000000),
	};
	sigset_t set = stop_signals();
	uint64_t asked;
	int quiet = 0;

	while (s->idle_ms == 0 || quiet < IDLE_PARTS) {
		asked = device_asked();
		if (sigtimedwait(&set, NULL, s->idle_ms ? &part : NULL) > 0)
			return true;
		if (errno == EAGAIN)
			quiet = device_asked() == asked ? quiet + 1 : 0;
	}
	return false;
}

static void *wait_for_signal(void *arg)
{
	struct stop *s = arg;

	/* What is in use without asking for anything stays. */
	while (!wait_for_end(s)) {
		if (unmount(s->mountpoint, 0, true) == 0) {
			log_info("%s: unmounted, as nobody used it",
				 s->mountpoint);
			return NULL;
		}
	}
	if (atomic_load(&s->ended))
		return NULL;
	if (unmount(s->mountpoint, 0, true) < 0 && !is_over(s))
		end_in_use(s);
	return NULL;
}

int stop_begin(struct stop *s, struct fuse_session *session,
	       const char *mountpoint, uint64_t idle_ms)
{
	int err;

	s->session = session;
	s->idle_ms = idle_ms;
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
