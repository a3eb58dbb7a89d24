#include <stdio.h>
#include <sys/socket.h>

#include "engine/base/env_mem.h"
#include "fs/admin.h"
#include "fs/fs.h"
#include "src/wire.h"
#include "tests/fuzz/fuzz.h"

/* All that goes wrong is the answer's last line, so the sink takes anything. */
static int take_text(void *arg, const char *text, size_t size)
{
	fuzz_check(size > 0 && text[size - 1] == '\n');
	*(size_t *)arg += size;
	return 0;
}

/* One that stays: what a request does to it is not what is looked for. */
static struct fs *open_fs(void)
{
	static struct fs *fs;
	struct fs_options options = fs_options_default;
	struct env *env;

	if (fs)
		return fs;
	options.background = false;
	options.memory_bytes = 4 * MIB;
	options.sync_interval_ms = 0;
	fuzz_check(env_mem_new(&env, 1) == 0);
	fuzz_check(fs_open_env(&fs, env, &options) == 0);
	return fs;
}

/* A check-point would be made on the disk, wherever the bytes happen to say. */
static void ask(const struct wire_request *r)
{
	size_t answered = 0;
	const struct fs_sink sink = { .text = take_text, .arg = &answered };
	int rc;

	if (strcmp(r->verb, "check-point") == 0 && r->argument[0] == '/')
		return;
	rc = fs_admin(open_fs(), r->verb, r->argument, &sink);
	fuzz_check(rc <= 0);
	fuzz_check(rc == 0 || fs_error_text(rc)[0] != '\0');
}

/* The packet that @send makes of what was decoded, which must be @in. */
static void expect_packet(const int ends[2], int rc, struct slice in)
{
	static uint8_t bytes[WIRE_FRAME_MAX];
	ssize_t n;

	fuzz_check(rc == 0);
	n = recv(ends[1], bytes, sizeof(bytes), MSG_DONTWAIT);
	fuzz_check(n >= 0);
	fuzz_check(slice_eq(slice_of(bytes, (size_t)n), in));
}

static const int *socket_pair(void)
{
	static int ends[2];

	if (ends[0] == 0)
		fuzz_check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
	return ends;
}

/* A frame that is taken is the very one that the sender would make of it. */
void fuzz_wire(struct slice in)
{
	const int *ends = socket_pair();
	struct wire_request request;
	struct wire_frame frame;
	struct wire_end end;

	if (wire_decode(&frame, in.data, in.size) < 0)
		return;
	fuzz_check(frame.size <= WIRE_PAYLOAD_MAX);
	if (wire_decode_request(&request, &frame) == 0) {
		expect_packet(ends,
			      wire_send_request(ends[0], request.verb,
						request.argument),
			      in);
		ask(&request);
	}
	if (wire_decode_end(&end, &frame) == 0)
		expect_packet(ends, wire_send_end(ends[0], end.rc, end.words),
			      in);
}
