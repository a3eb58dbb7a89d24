#include "src/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define VERSION   1
#define LOCK_NAME "LOCK" /* as engine/FORMAT.md has it */

static const uint8_t magic[4] = { 'l', 'o', 'a', 'm' };

struct head {
	uint8_t magic[4];
	uint16_t version;
	uint16_t kind;
};

/* ------------------------------------------------------------- frames -- */

int wire_decode(struct wire_frame *out, const uint8_t *buf, size_t n)
{
	struct head head;

	if (n < sizeof(head) || n > WIRE_FRAME_MAX)
		return -EPROTO;
	memcpy(&head, buf, sizeof(head));
	if (memcmp(head.magic, magic, sizeof(magic)) != 0 ||
	    head.version != VERSION || head.kind < WIRE_REQUEST ||
	    head.kind > WIRE_END)
		return -EPROTO;
	*out = (struct wire_frame){
		.kind = head.kind,
		.payload = buf + sizeof(head),
		.size = n - sizeof(head),
	};
	return 0;
}

/* The string that begins at *@at, which is moved behind its NUL; or NULL. */
static const char *take_string(const struct wire_frame *f, size_t *at)
{
	const char *s = (const char *)f->payload + *at;
	const char *end = memchr(s, '\0', f->size - *at);

	if (!end)
		return NULL;
	*at += (size_t)(end - s) + 1;
	return s;
}

int wire_decode_request(struct wire_request *out, const struct wire_frame *f)
{
	struct wire_request r;
	size_t at = 0;

	if (f->kind != WIRE_REQUEST)
		return -EPROTO;
	r.verb = take_string(f, &at);
	if (!r.verb)
		return -EPROTO;
	r.argument = take_string(f, &at);
	if (!r.argument || at != f->size)
		return -EPROTO;
	*out = r;
	return 0;
}

int wire_decode_end(struct wire_end *out, const struct wire_frame *f)
{
	struct wire_end e;
	size_t at = sizeof(int32_t);
	int32_t rc;

	if (f->kind != WIRE_END || f->size < sizeof(rc))
		return -EPROTO;
	memcpy(&rc, f->payload, sizeof(rc));
	e.rc = rc;
	e.words = take_string(f, &at);
	if (!e.words || at != f->size || e.rc > 0)
		return -EPROTO;
	*out = e;
	return 0;
}

/* One packet of a head and the @count - 1 parts behind it. */
static int send_parts(int fd, enum wire_kind kind, struct iovec *parts,
		      size_t count)
{
	struct head head = { .version = VERSION, .kind = (uint16_t)kind };
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = count };
	size_t size = 0, i;
	ssize_t n;

	for (i = 1; i < count; i++)
		size += parts[i].iov_len;
	if (size > WIRE_PAYLOAD_MAX)
		return -E2BIG;
	memcpy(head.magic, magic, sizeof(magic));
	parts[0] = (struct iovec){ &head, sizeof(head) };
	do
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int wire_send(int fd, enum wire_kind kind, const void *payload, size_t size)
{
	struct iovec parts[2] = { [1] = { (void *)payload, size } };

	return send_parts(fd, kind, parts, 2);
}

int wire_send_request(int fd, const char *verb, const char *argument)
{
	struct iovec parts[3] = {
		[1] = { (void *)verb, strlen(verb) + 1 },
		[2] = { (void *)argument, strlen(argument) + 1 },
	};

	return send_parts(fd, WIRE_REQUEST, parts, 3);
}

int wire_send_end(int fd, int rc, const char *words)
{
	int32_t number = rc;
	struct iovec parts[3] = {
		[1] = { &number, sizeof(number) },
		[2] = { (void *)words, strlen(words) + 1 },
	};

	return send_parts(fd, WIRE_END, parts, 3);
}

int wire_recv(int fd, uint8_t buf[WIRE_FRAME_MAX], struct wire_frame *out)
{
	ssize_t n;

	/* With MSG_TRUNC it is the packet's size, also if that did not fit. */
	do
		n = recv(fd, buf, WIRE_FRAME_MAX, MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -ECONNRESET;
	return wire_decode(out, buf, (size_t)n);
}

/* ------------------------------------------------------------ sockets -- */

/*
 * A socket, and its address by way of the open folder: a path may be longer
 * than the 108 bytes that an address has.
 */
struct place {
	int fd;
	int dirfd;
	struct sockaddr_un address;
	socklen_t size; /* of the address */
};

static int place_open(struct place *p, const char *store)
{
	int rc;

	p->dirfd = open(store, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (p->dirfd < 0)
		return -errno;
	p->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (p->fd < 0) {
		rc = -errno;
		close(p->dirfd);
		return rc;
	}
	p->address.sun_family = AF_UNIX;
	snprintf(p->address.sun_path, sizeof(p->address.sun_path),
		 "/proc/self/fd/%d/" WIRE_SOCKET_NAME, p->dirfd);
	p->size = sizeof(p->address);
	return 0;
}

/* The same place by a name that no folder holds: it begins with a NUL. */
static int place_hide(struct place *p)
{
	size_t room = sizeof(p->address.sun_path) - 1;
	struct stat st;
	int n;

	if (fstat(p->dirfd, &st) < 0)
		return -errno;
	memset(p->address.sun_path, 0, sizeof(p->address.sun_path));
	n = snprintf(p->address.sun_path + 1, room, "loamfs-%jx-%jx",
		     (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	p->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			      (size_t)n);
	return 0;
}

/* Leaves the socket, or what kept it from being one. */
static int place_close(struct place *p, int rc)
{
	close(p->dirfd);
	if (rc == 0)
		return p->fd;
	close(p->fd);
	return rc;
}

static int bind_to(const struct place *p)
{
	if (bind(p->fd, (const struct sockaddr *)&p->address, p->size) < 0 ||
	    listen(p->fd, 8) < 0)
		return -errno;
	return 0;
}

int wire_listen(const char *store)
{
	struct place p;
	int rc;

	rc = place_open(&p, store);
	if (rc < 0)
		return rc;
	if (unlinkat(p.dirfd, WIRE_SOCKET_NAME, 0) < 0 && errno != ENOENT)
		rc = -errno;
	/* A socket's mode before bind() is that of the name it makes. */
	if (rc == 0 && fchmod(p.fd, 0600) < 0)
		rc = -errno;
	if (rc == 0)
		rc = bind_to(&p);
	return place_close(&p, rc);
}

int wire_listen_unseen(const char *store)
{
	struct place p;
	int rc;

	rc = place_open(&p, store);
	if (rc < 0)
		return rc;
	rc = place_hide(&p);
	if (rc == 0)
		rc = bind_to(&p);
	return place_close(&p, rc);
}

/* What stays behind is replaced by the next to listen. */
void wire_unlisten(const char *store)
{
	int fd = open(store, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)unlinkat(fd, WIRE_SOCKET_NAME, 0);
	close(fd);
}

static int connect_to(const struct place *p)
{
	const struct sockaddr *address = (const struct sockaddr *)&p->address;

	return connect(p->fd, address, p->size) < 0 ? -errno : 0;
}

/* Whether who has the abstract name may have it. */
static int check_owner(const struct place *p)
{
	struct wire_peer peer = { .uid = 0 };
	struct stat lock;
	int rc;

	rc = wire_peer(p->fd, &peer);
	if (rc < 0)
		return rc;
	if (fstatat(p->dirfd, LOCK_NAME, &lock, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return peer.uid == 0 || peer.uid == lock.st_uid ? 0 : -ECONNREFUSED;
}

int wire_connect(const char *store)
{
	struct place p;
	int rc;

	rc = place_open(&p, store);
	if (rc < 0)
		return rc;
	rc = connect_to(&p);
	if (rc == -ENOENT || rc == -ECONNREFUSED) {
		int unseen = place_hide(&p);

		if (unseen == 0)
			unseen = connect_to(&p);
		if (unseen == 0)
			unseen = check_owner(&p);
		if (unseen == 0)
			rc = 0;
	}
	return place_close(&p, rc);
}

int wire_peer(int fd, struct wire_peer *out)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	*out = (struct wire_peer){ .uid = cred.uid, .pid = cred.pid };
	return 0;
}
