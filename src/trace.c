#include "src/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "src/log.h"
#include "src/opcode.h"

#define BUCKETS   256
#define LINE_SIZE 768 /* bytes with the NUL: two names of 255 fit */

/* A request that has not been answered. */
struct pending {
	struct pending *next;
	uint64_t unique;
	struct timespec begin; /* monotonic */
	char line[LINE_SIZE];
	size_t used; /* of line */
};

bool trace_on;

static int trace_fd = -1; /* -1: the log */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pending *pending[BUCKETS]; /* guarded by lock */

static void __attribute__((format(printf, 2, 3)))
add(struct pending *p, const char *fmt, ...)
{
	size_t room = sizeof(p->line) - p->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(p->line + p->used, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		p->used += (size_t)n < room ? (size_t)n : room - 1;
}

/* A name may hold any byte. */
static void add_name(struct pending *p, const char *name)
{
	char text[256];
	size_t i;

	for (i = 0; name[i] && i < sizeof(text) - 1; i++)
		text[i] = (unsigned char)name[i] < ' ' || name[i] == 0x7f
				  ? '?'
				  : name[i];
	text[i] = '\0';
	add(p, " \"%s\"", text);
}

static void add_argument(struct pending *p, const struct opcode *op,
			 const struct fuse_in_header *in)
{
	const struct fuse_read_in *range = (const void *)(in + 1);
	const char *name = opcode_name(in), *second = opcode_second_name(in);

	if (op->shape == OPCODE_RANGE &&
	    in->len >= sizeof(*in) + sizeof(*range))
		add(p, " offset %" PRIu64 " size %" PRIu32, range->offset,
		    range->size);
	if (name)
		add_name(p, name);
	if (second)
		add_name(p, second);
}

/* The part of the line that is known from the request. */
static void describe(struct pending *p, const struct fuse_in_header *in)
{
	const struct opcode *op = opcode_find(in->opcode);
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	add(p, "%02d:%02d:%02d.%06ld pid %" PRIu32 " uid %" PRIu32 " ",
	    tm.tm_hour, tm.tm_min, tm.tm_sec, now.tv_nsec / 1000, in->pid,
	    in->uid);
	if (!op) {
		add(p, "%" PRIu32 " ino %" PRIu64, in->opcode, in->nodeid);
		return;
	}
	add(p, "%s ino %" PRIu64, op->name, in->nodeid);
	add_argument(p, op, in);
}

/* One write is one line, also where several threads and daemons append. */
static void put(struct pending *p)
{
	if (trace_fd < 0) {
		log_line(p->line);
		return;
	}
	add(p, "\n");
	p->line[p->used - 1] = '\n';
	/* A disk that is full does not end a mount. */
	if (write(trace_fd, p->line, p->used) < 0)
		log_warning("cannot write the trace: %s", strerror(errno));
}

void trace_note_request(const struct fuse_in_header *in)
{
	struct pending *p = malloc(sizeof(*p)), **bucket;

	/* Without memory there are other worries than a line. */
	if (!p)
		return;
	p->unique = in->unique;
	p->used = 0;
	clock_gettime(CLOCK_MONOTONIC, &p->begin);
	describe(p, in);
	if (opcode_is_never_answered(in->opcode)) {
		add(p, " = -");
		put(p);
		free(p);
		return;
	}
	/* The kernel counts them by two. */
	bucket = &pending[in->unique / 2 % BUCKETS];
	pthread_mutex_lock(&lock);
	p->next = *bucket;
	*bucket = p;
	pthread_mutex_unlock(&lock);
}

static struct pending *take_pending(uint64_t unique)
{
	struct pending **at = &pending[unique / 2 % BUCKETS], *p;

	pthread_mutex_lock(&lock);
	while (*at && (*at)->unique != unique)
		at = &(*at)->next;
	p = *at;
	if (p)
		*at = p->next;
	pthread_mutex_unlock(&lock);
	return p;
}

void trace_note_reply(const struct fuse_out_header *out)
{
	struct pending *p = take_pending(out->unique);
	const char *word = strerrorname_np(-out->error);
	struct timespec now;
	double us;

	/* What the kernel is told unasked has no request. */
	if (!p)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	us = (double)(now.tv_sec - p->begin.tv_sec) * 1e6 +
	     (double)(now.tv_nsec - p->begin.tv_nsec) / 1e3;
	if (out->error == 0)
		add(p, " = 0, %zu bytes, %.1f us",
		    (size_t)out->len - sizeof(*out), us);
	else
		add(p, " = %s, %.1f us", word ? word : "?", us);
	put(p);
	free(p);
}

int trace_begin(const char *path)
{
	int rc;

	if (path) {
		trace_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
				0600);
		rc = -errno;
		if (trace_fd < 0) {
			log_error("%s: %s", path, strerror(-rc));
			return rc;
		}
	}
	trace_on = true;
	return 0;
}

void trace_end(void)
{
	struct pending *p;
	size_t i;

	for (i = 0; i < BUCKETS; i++) {
		while ((p = pending[i])) {
			pending[i] = p->next;
			free(p);
		}
	}
	if (trace_fd >= 0)
		close(trace_fd);
	trace_fd = -1;
	trace_on = false;
}
