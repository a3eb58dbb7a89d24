#include "config.h"

#include "src/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "fs/admin.h"
#include "fs/fs.h"
#include "src/device.h"
#include "src/log.h"
#include "src/ops.h"
#include "src/tally.h"
#include "src/wire.h"

#define RETRY_MS 100
#define LEVELS   "error, warning, info, debug"

static int send_text(void *arg, const char *text, size_t size)
{
	return wire_send(*(const int *)arg, WIRE_TEXT, text, size);
}

static int about(const struct control *c, const struct fs_sink *sink)
{
	char *text;
	int n, rc;

	n = asprintf(&text,
		     "version " PACKAGE_VERSION "\npid %d\n"
		     "store %s\nmountpoint %s\n",
		     (int)getpid(), c->ops->store, c->mountpoint);
	if (n < 0)
		return -ENOMEM;
	rc = sink->text(sink->arg, text, (size_t)n);
	free(text);
	return rc;
}

/* What became of a request. */
struct outcome {
	int rc;
	const char *words; /* of an error; "": fs has some */
};

static struct outcome remount_ro(const struct control *c)
{
	/* The kernel sends what it has and does not wait for the answers. */
	int rc = device_settle(c->mountpoint);

	if (rc < 0)
		return (struct outcome){
			rc, "read-only, but in such use that it is not known "
			    "whether all has been written; run it again"
		};
	atomic_store(&c->ops->traceless, true);
	rc = fs_sync(c->ops->fs);
	if (rc == 0)
		log_info("%s: is read-only now", c->mountpoint);
	return (struct outcome){ rc, "" };
}

static struct outcome remount(const struct control *c, const char *how)
{
	if (strcmp(how, "ro") == 0)
		return remount_ro(c);
	if (strcmp(how, "rw") != 0)
		return (struct outcome){ -EINVAL, "neither ro nor rw" };
	if (c->ops->read_only)
		return (struct outcome){
			-EROFS, "the store was opened read-only; unmount, and "
				"mount it without ro"
		};
	atomic_store(&c->ops->traceless, false);
	log_info("%s: can be written to", c->mountpoint);
	return (struct outcome){ 0, "" };
}

/*
 * Takes our own setting, the log's level, out of the words of a request for
 * those of fs; -EINVAL if there is no such level.
 */
static int take_level(char *words, enum log_level *level)
{
	static const char name[] = "log_level=";
	char *in = words, *out = words, *word;

	while ((word = strsep(&in, " "))) {
		size_t n = strlen(word);

		if (strncmp(word, name, sizeof(name) - 1) == 0) {
			if (log_parse_level(word + sizeof(name) - 1, level) < 0)
				return -EINVAL;
			continue;
		}
		memmove(out, word, n);
		out += n;
		*out = in ? ' ' : '\0';
		out += in != NULL;
	}
	*out = '\0';
	return 0;
}

static struct outcome tune(const struct control *c, const char *argument,
			   const struct fs_sink *sink)
{
	enum log_level level = log_level();
	char *words = strdup(argument), *line;
	struct outcome o = { -ENOMEM, "" };
	int n;

	if (!words)
		return o;
	if (take_level(words, &level) < 0) {
		o = (struct outcome){ -EINVAL,
				      "log_level: not one of " LEVELS };
		goto free_words;
	}
	o.rc = fs_admin(c->ops->fs, "tune", words, sink);
	if (o.rc < 0)
		goto free_words;
	log_set_level(level);
	n = asprintf(&line, "log_level %s " LEVELS "\n", log_level_name(level));
	o.rc = n < 0 ? -ENOMEM : sink->text(sink->arg, line, (size_t)n);
	if (n >= 0)
		free(line);

free_words:
	free(words);
	return o;
}

static struct outcome run(const struct control *c,
			  const struct wire_request *request,
			  const struct fs_sink *sink)
{
	if (strcmp(request->verb, "about") == 0)
		return (struct outcome){ about(c, sink), "" };
	if (strcmp(request->verb, "remount") == 0)
		return remount(c, request->argument);
	if (strcmp(request->verb, "requests") == 0)
		return (struct outcome){ tally_tell(sink), "" };
	if (strcmp(request->verb, "tune") == 0)
		return tune(c, request->argument, sink);
	return (struct outcome){
		fs_admin(c->ops->fs, request->verb, request->argument, sink), ""
	};
}

static bool may_ask(int fd)
{
	struct wire_peer peer;

	return wire_peer(fd, &peer) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static void set_patience(int fd)
{
	const struct timeval patience = { .tv_sec = CONTROL_PATIENCE_S };

	/* A socket without a limit would do as well. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
			 sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
			 sizeof(patience));
}

/* Whoever is gone before the end of the answer has no use for an error. */
static void answer(const struct control *c, int fd)
{
	const struct fs_sink sink = { .text = send_text, .arg = &fd };
	uint8_t buf[WIRE_FRAME_MAX];
	struct wire_request request;
	struct wire_frame frame;
	struct outcome o;
	int rc;

	set_patience(fd);
	/* Taken first: who closes on unread bytes takes the answer back. */
	rc = wire_recv(fd, buf, &frame);
	if (rc == 0 && !may_ask(fd))
		rc = -EACCES;
	if (rc == 0)
		rc = wire_decode_request(&request, &frame);
	if (rc < 0) {
		(void)wire_send_end(fd, rc, strerror(-rc));
		return;
	}
	o = run(c, &request, &sink);
	if (o.rc < 0 && !*o.words)
		o.words = fs_error_text(o.rc);
	(void)wire_send_end(fd, o.rc, o.words);
}

/* As the worker's connection, unless all is to end. */
static bool keep(struct control_worker *w, int fd)
{
	struct control *c = w->control;
	bool ended;

	pthread_mutex_lock(&c->lock);
	ended = c->ended;
	w->fd = ended ? -1 : fd;
	pthread_mutex_unlock(&c->lock);
	if (ended && fd >= 0)
		close(fd);
	return !ended;
}

/* Whether who asks again later may be served: something has run out. */
static bool passes(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS ||
	       err == ENOMEM;
}

/* The worker's next connection, or -1 when there will be none. */
static int take(struct control_worker *w)
{
	const struct timespec pause = { .tv_nsec = RETRY_MS * 1000000 };
	int fd, err;

	for (;;) {
		fd = accept4(w->control->fd, NULL, NULL, SOCK_CLOEXEC);
		err = errno;
		if (!keep(w, fd))
			return -1;
		if (fd >= 0)
			return fd;
		if (passes(err)) {
			nanosleep(&pause, NULL);
		} else if (err != EINTR && err != ECONNABORTED) {
			log_error("no more control requests: %s",
				  strerror(err));
			return -1;
		}
	}
}

static void drop(struct control_worker *w)
{
	pthread_mutex_lock(&w->control->lock);
	close(w->fd);
	w->fd = -1;
	pthread_mutex_unlock(&w->control->lock);
}

static void *work(void *arg)
{
	struct control_worker *w = arg;
	int fd;

	while ((fd = take(w)) >= 0) {
		answer(w->control, fd);
		drop(w);
	}
	return NULL;
}

static int start_workers(struct control *c)
{
	int err = 0;

	while (err == 0 && c->count < CONTROL_THREADS) {
		struct control_worker *w = &c->workers[c->count];

		w->control = c;
		w->fd = -1;
		err = pthread_create(&w->thread, NULL, work, w);
		c->count += err == 0;
	}
	/* Fewer do as well. */
	return c->count > 0 ? 0 : -err;
}

void control_begin(struct control *c, struct ops *ops, const char *mountpoint)
{
	int rc;

	*c = (struct control){ .ops = ops, .mountpoint = mountpoint };
	pthread_mutex_init(&c->lock, NULL);
	c->fd = ops->read_only ? wire_listen_unseen(ops->store)
			       : wire_listen(ops->store);
	rc = c->fd < 0 ? c->fd : start_workers(c);
	if (rc < 0)
		log_warning("%s: no control socket: %s", ops->store,
			    strerror(-rc));
}

void control_end(struct control *c)
{
	unsigned i;

	pthread_mutex_lock(&c->lock);
	c->ended = true;
	for (i = 0; i < c->count; i++)
		if (c->workers[i].fd >= 0)
			shutdown(c->workers[i].fd, SHUT_RDWR);
	pthread_mutex_unlock(&c->lock);
	if (c->fd >= 0) {
		if (!c->ops->read_only)
			wire_unlisten(c->ops->store);
		shutdown(c->fd, SHUT_RDWR);
	}
	for (i = 0; i < c->count; i++)
		pthread_join(c->workers[i].thread, NULL);
	if (c->fd >= 0)
		close(c->fd);
	pthread_mutex_destroy(&c->lock);
}
