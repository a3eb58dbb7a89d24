/*
 * wire: how loamctl and the daemon talk.
 *
 * The daemon listens on the Unix socket `control` in the store's folder: mode
 * 0600, type SOCK_SEQPACKET, so that a packet is a frame and none arrives by
 * half.  Who has the store open owns the name: one that is left over is
 * replaced.  A mount that is to leave nothing in the store listens under an
 * abstract name (unix(7)) made of the folder's device and inode number.  As any
 * user may take such a name, an answer to it counts only if it comes from root
 * or from whom the store's lock belongs to.
 *
 * A connection carries one request and its answer:
 *
 *      request          a verb, NUL, an argument, NUL
 *      text (any)       lines of the answer: not NUL-terminated
 *      end              how it ended: a negative errno or 0, then the words
 *                       for it, NUL-terminated
 *
 * Each frame begins with 8 bytes, all numbers in the byte order of the machine,
 * as both ends are on one:
 *
 *      offset  size  what
 *           0     4  magic    "loam"
 *           4     2  version  1; any other is refused
 *           6     2  kind     enum wire_kind
 *           8        up to WIRE_PAYLOAD_MAX bytes
 *
 * Nothing that is received is trusted: a frame that is too short, too long, of
 * an unknown kind, or without the NULs that it must have is -EPROTO.  Both ends
 * ask the kernel who the other is: the same user, or root.
 *
 * Errors: 0 or a negative errno.  Thread safety: all functions; one thread a
 * socket and direction.
 */
#ifndef SRC_WIRE_H
#define SRC_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WIRE_SOCKET_NAME "control"
#define WIRE_PAYLOAD_MAX ((size_t)16384)
#define WIRE_FRAME_MAX   (8 + WIRE_PAYLOAD_MAX)

enum wire_kind {
	WIRE_REQUEST = 1,
	WIRE_TEXT,
	WIRE_END,
};

/* A frame that was received. */
struct wire_frame {
	enum wire_kind kind;
	const uint8_t *payload; /* borrowed from the buffer */
	size_t size;            /* bytes */
};

struct wire_request {
	const char *verb;
	const char *argument; /* "": none */
};

struct wire_end {
	int rc;
	const char *words; /* "": none */
};

/* Takes the @n bytes of a packet apart. */
int wire_decode(struct wire_frame *out, const uint8_t *buf, size_t n);
int wire_decode_request(struct wire_request *out, const struct wire_frame *f);
int wire_decode_end(struct wire_end *out, const struct wire_frame *f);

/* -E2BIG: the payload is too large.  -EPIPE: nobody listens any more. */
int wire_send(int fd, enum wire_kind kind, const void *payload, size_t size);
int wire_send_request(int fd, const char *verb, const char *argument);
int wire_send_end(int fd, int rc, const char *words);

/* Waits for a frame, into @buf.  -ECONNRESET: the other end is gone. */
int wire_recv(int fd, uint8_t buf[WIRE_FRAME_MAX], struct wire_frame *out);

/*
 * A socket that listens in the folder @store, or one that is connected to it.
 * The path may be longer than a socket's address.  wire_listen_unseen() leaves
 * nothing in the folder.  Returns the descriptor; wire_connect() -ENOENT or
 * -ECONNREFUSED if nobody listens either way.
 */
int wire_listen(const char *store);
int wire_listen_unseen(const char *store);
int wire_connect(const char *store);

/* Removes the name: nobody connects any more. */
void wire_unlisten(const char *store);

/* Who is at the other end. */
struct wire_peer {
	uid_t uid;
	pid_t pid;
};

int wire_peer(int fd, struct wire_peer *out);

#endif
