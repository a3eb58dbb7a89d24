#include "tools/loamctl/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "fs/fs.h"
#include "src/place.h"
#include "src/wire.h"
#include "tools/loamctl/watch.h"

/* The words of errno for a path, and its negative. */
static int failed(const char *path)
{
	int err = errno;

	if (err == ENOTCONN)
		return error_set(-err,
				 "%s: a mount whose daemon is gone; first run: "
				 "fusermount3 -u %s",
				 path, path);
	/* Only FUSE refuses root. */
	if (err == EACCES && geteuid() == 0)
		return error_set(-err,
				 "%s: another user's mount, of which root sees "
				 "nothing; name its store",
				 path);
	return error_set(-err, "%s: %s", path, strerror(err));
}

int target_mount_of(const char *path, char **store)
{
	struct place_answer *place;
	struct statfs st;
	int fd, rc = 0;

	*store = NULL;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return failed(path);
	if (fstatfs(fd, &st) < 0) {
		rc = failed(path);
		goto close_fd;
	}
	if (st.f_type != FUSE_SUPER_MAGIC)
		goto close_fd;

	place = calloc(1, sizeof(*place));
	if (!place) {
		rc = -ENOMEM;
		goto close_fd;
	}
	/* Another kind of FUSE mount may hold a store's folder. */
	if (ioctl(fd, PLACE_IOCTL, place) == 0) {
		place->store[PLACE_MAX - 1] = '\0';
		*store = strdup(place->store);
		rc = *store ? 0 : -ENOMEM;
	}
	free(place);
close_fd:
	close(fd);
	return rc;
}

/* Connects to the daemon, if there is one, and looks who it is. */
static int reach(struct target *t)
{
	struct wire_peer peer;
	int rc;

	rc = wire_connect(t->store);
	if (rc == -ENOENT || rc == -ECONNREFUSED || rc == -ENOTDIR)
		return 0;
	if (rc < 0)
		return error_set(rc, "%s: its control socket: %s", t->store,
				 strerror(-rc));
	t->fd = rc;
	rc = wire_peer(t->fd, &peer);
	if (rc == 0 && geteuid() != 0 && peer.uid != 0 && peer.uid != geteuid())
		rc = error_set(-EACCES, "%s: open by another user", t->store);
	if (rc < 0) {
		close(t->fd);
		return rc;
	}
	t->pid = peer.pid;
	return 0;
}

int target_open(struct target *t, const char *path)
{
	struct target new = { .fd = -1 };
	bool mounted;
	int rc;

	rc = target_mount_of(path, &new.store);
	if (rc < 0)
		return rc;
	mounted = new.store;
	if (!mounted)
		new.store = realpath(path, NULL);
	if (!new.store)
		return failed(path);
	rc = reach(&new);
	if (rc == 0 && mounted && !target_is_mounted(&new))
		rc = error_set(-ENOENT,
			       "%s: mounted, but nobody listens at %s/%s", path,
			       new.store, WIRE_SOCKET_NAME);
	if (rc < 0) {
		free(new.store);
		return rc;
	}
	*t = new;
	return 0;
}

int target_again(struct target *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	t->fd = wire_connect(t->store);
	return t->fd < 0 ? error_set(t->fd, "%s: the daemon is gone", t->store)
			 : 0;
}

int target_close(struct target *t, int rc)
{
	struct error_words words;
	int close_rc;

	error_take(&words);
	close_rc = fs_close(t->fs);
	if (t->fd >= 0)
		close(t->fd);
	free(t->store);
	if (rc == 0)
		return close_rc;
	error_put_back(&words);
	return rc;
}

/* ------------------------------------------------------------ running -- */

static int run_there(struct target *t, const char *verb, const char *argument,
		     const struct fs_sink *sink)
{
	uint8_t buf[WIRE_FRAME_MAX];
	struct wire_frame frame;
	struct wire_end end;
	int rc;

	rc = wire_send_request(t->fd, verb, argument);
	while (rc == 0) {
		rc = wire_recv(t->fd, buf, &frame);
		if (rc < 0 || frame.kind != WIRE_TEXT)
			break;
		rc = sink->text(sink->arg, (const char *)frame.payload,
				frame.size);
	}
	if (rc == 0)
		rc = wire_decode_end(&end, &frame);
	if (rc == 0)
		return end.rc < 0 ? error_set(end.rc, "%s", end.words) : 0;
	if (rc == -ECONNRESET || rc == -EPIPE)
		return error_set(rc, "%s: the daemon has hung up", t->store);
	if (rc == -EPROTO)
		return error_set(rc, "%s: the daemon speaks another language",
				 t->store);
	return rc;
}

/* Whether the verb leaves every byte of a store as it is. */
static bool only_looks(const char *verb)
{
	static const char *const verbs[] = { "stat", "scrub", "info", "du" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verb, verbs[i]) == 0)
			return true;
	return false;
}

static int open_here(struct target *t, const char *verb)
{
	struct fs_options options = fs_options_default;
	char why[ERROR_TEXT_SIZE];
	struct watch watch;
	int rc;

	options.create = false;
	options.read_only = only_looks(verb);
	options.background = false;
	options.sync_interval_ms = 0;
	/* What a crash has left in the logs may take a while. */
	watch_begin_reader(&watch, "opening", getpid());
	rc = fs_open(&t->fs, t->store, &options);
	watch_end(&watch);
	if (!error_is_damage(rc))
		return rc;
	snprintf(why, sizeof(why), "%s", error_text(rc));
	return error_set(rc, "%s; loamctl fsck tells more", why);
}

int target_prepare(struct target *t, const char *verb)
{
	return target_is_mounted(t) || t->fs ? 0 : open_here(t, verb);
}

int target_run(struct target *t, const char *verb, const char *argument,
	       const struct fs_sink *sink)
{
	int rc;

	if (target_is_mounted(t))
		return run_there(t, verb, argument, sink);
	rc = target_prepare(t, verb);
	return rc < 0 ? rc : fs_admin(t->fs, verb, argument, sink);
}
