/* The control socket's frames: what comes back, and what is refused. */
#include "tests/suite.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/wire.h"

static int ends[2];
static uint8_t buf[WIRE_FRAME_MAX];
static struct wire_frame frame;

static void setup(void)
{
	ck_ok(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
}

static void teardown(void)
{
	close(ends[0]);
	close(ends[1]);
}

START_TEST(a_request_comes_back)
{
	struct wire_request r;

	ck_ok(wire_send_request(ends[0], "verb", "an argument"));
	ck_ok(wire_recv(ends[1], buf, &frame));
	ck_ok(wire_decode_request(&r, &frame));
	ck_assert_str_eq(r.verb, "verb");
	ck_assert_str_eq(r.argument, "an argument");
	ck_ok(wire_send_request(ends[0], "verb", ""));
	ck_ok(wire_recv(ends[1], buf, &frame));
	ck_ok(wire_decode_request(&r, &frame));
	ck_assert_str_eq(r.argument, "");
}
END_TEST

START_TEST(an_end_comes_back)
{
	struct wire_end e;

	ck_ok(wire_send_end(ends[0], -ENOSPC, "no room"));
	ck_ok(wire_recv(ends[1], buf, &frame));
	ck_ok(wire_decode_end(&e, &frame));
	ck_assert_int_eq(e.rc, -ENOSPC);
	ck_assert_str_eq(e.words, "no room");
	/* Nobody succeeds by more than 0. */
	ck_ok(wire_send_end(ends[0], 1, ""));
	ck_ok(wire_recv(ends[1], buf, &frame));
	ck_assert_int_eq(wire_decode_end(&e, &frame), -EPROTO);
}
END_TEST

START_TEST(text_has_a_limit)
{
	static char text[WIRE_PAYLOAD_MAX + 1];

	memset(text, 't', sizeof(text));
	ck_ok(wire_send(ends[0], WIRE_TEXT, text, WIRE_PAYLOAD_MAX));
	ck_ok(wire_recv(ends[1], buf, &frame));
	ck_assert_int_eq(frame.kind, WIRE_TEXT);
	ck_assert_uint_eq(frame.size, WIRE_PAYLOAD_MAX);
	ck_assert_mem_eq(frame.payload, text, WIRE_PAYLOAD_MAX);
	ck_assert_int_eq(wire_send(ends[0], WIRE_TEXT, text, sizeof(text)),
			 -E2BIG);
}
END_TEST

/* A packet that no wire_send() makes. */
static int receive(const void *bytes, size_t size)
{
	ck_assert_int_eq(send(ends[0], bytes, size, 0), (ssize_t)size);
	return wire_recv(ends[1], buf, &frame);
}

START_TEST(nonsense_is_refused)
{
	static uint8_t bytes[WIRE_FRAME_MAX + 1];
	struct wire_request r;
	struct wire_end e;
	size_t i, size;

	ck_ok(wire_send_request(ends[0], "v", "a"));
	size = (size_t)recv(ends[1], bytes, sizeof(bytes), 0);
	ck_assert_uint_eq(size, 12);
	ck_ok(receive(bytes, size));
	/* Each byte of the head matters. */
	for (i = 0; i < 8; i++) {
		bytes[i] ^= 0x40;
		ck_assert_int_eq(receive(bytes, size), -EPROTO);
		bytes[i] ^= 0x40;
	}
	/* Too short at each place, and too long by one. */
	for (i = 1; i < 8; i++)
		ck_assert_int_eq(receive(bytes, i), -EPROTO);
	for (; i < size; i++) {
		ck_ok(receive(bytes, i));
		ck_assert_int_eq(wire_decode_request(&r, &frame), -EPROTO);
		ck_assert_int_eq(wire_decode_end(&e, &frame), -EPROTO);
	}
	ck_ok(receive(bytes, size + 1));
	ck_assert_int_eq(wire_decode_request(&r, &frame), -EPROTO);
	ck_assert_int_eq(receive(bytes, sizeof(bytes)), -EPROTO);

	ck_ok(wire_send(ends[0], WIRE_END, "abc", 3));
	ck_ok(wire_recv(ends[1], buf, &frame));
	ck_assert_int_eq(wire_decode_end(&e, &frame), -EPROTO);
	ck_ok(wire_send(ends[0], WIRE_END, "\0\0\0\0words", 9));
	ck_ok(wire_recv(ends[1], buf, &frame));
	ck_assert_int_eq(wire_decode_end(&e, &frame), -EPROTO);
}
END_TEST

START_TEST(the_other_end_goes)
{
	close(ends[0]);
	ck_assert_int_eq(wire_recv(ends[1], buf, &frame), -ECONNRESET);
	ck_assert_int_eq(wire_send(ends[1], WIRE_TEXT, "", 0), -EPIPE);
	ends[0] = -1;
}
END_TEST

/* A path longer than an address, mode 0600, and one that is left over. */
START_TEST(sockets_lie_in_the_store)
{
	char path[400] = "/tmp/loamfs-wire.XXXXXX", name[256], socket[500];
	struct wire_peer peer;
	int listener, fd, i;
	struct stat st;

	ck_assert_ptr_nonnull(mkdtemp(path));
	memset(name, 'n', 200);
	snprintf(path + strlen(path), 256, "/%.200s", name);
	ck_ok(mkdir(path, 0700));
	ck_assert_int_eq(wire_connect(path), -ENOENT);
	for (i = 0; i < 2; i++) {
		listener = wire_listen(path);
		ck_assert_int_ge(listener, 0);
		fd = wire_connect(path);
		ck_assert_int_ge(fd, 0);
		ck_ok(wire_peer(fd, &peer));
		ck_assert_uint_eq(peer.uid, geteuid());
		ck_assert_int_eq(peer.pid, getpid());
		snprintf(socket, sizeof(socket), "%s/control", path);
		ck_ok(stat(socket, &st));
		ck_assert_uint_eq(st.st_mode, S_IFSOCK | 0600);
		close(fd);
		close(listener);
		ck_assert_int_eq(wire_connect(path), -ECONNREFUSED);
	}
	wire_unlisten(path);
	ck_assert_int_eq(wire_connect(path), -ENOENT);
	ck_ok(rmdir(path));
	*strrchr(path, '/') = '\0';
	ck_ok(rmdir(path));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire");
	TCase *tc = suite_case(s, "wire");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_request_comes_back);
	tcase_add_test(tc, an_end_comes_back);
	tcase_add_test(tc, text_has_a_limit);
	tcase_add_test(tc, nonsense_is_refused);
	tcase_add_test(tc, the_other_end_goes);
	tcase_add_test(tc, sockets_lie_in_the_store);
	return suite_run(s);
}
