#include "src/tally.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "fs/admin.h"
#include "src/opcode.h"

#define LINE_SIZE 64 /* bytes */
#define PROBES    4  /* places that a process may have */

struct process {
	_Atomic uint64_t pid_count; /* pid << 40 | requests */
	_Atomic uint64_t heard;     /* the request that was its last */
};

#define COUNT_BITS 40

static _Atomic uint64_t kinds[OPCODES + 1]; /* the last: others */
static _Atomic uint64_t requests;
static struct process processes[TALLY_PROCESSES];

/* A place is the upper bits of a hash of 32. */
#define PLACE_SHIFT 26
_Static_assert(TALLY_PROCESSES == 1 << (32 - PLACE_SHIFT),
	       "each process has a place, and each place a process");

static void add(_Atomic uint64_t *n, uint64_t delta)
{
	atomic_fetch_add_explicit(n, delta, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

static void hear(struct process *p, uint64_t now)
{
	atomic_store_explicit(&p->heard, now, memory_order_relaxed);
}

/* Two that take one place at a time: the loser is counted the next time. */
static void count_process(uint32_t pid, uint64_t now)
{
	struct process *oldest = NULL, *p;
	uint64_t word;
	unsigned i;

	for (i = 0; i < PROBES; i++) {
		p = &processes[(pid * 0x9e3779b1u >> PLACE_SHIFT) ^ i];
		word = get(&p->pid_count);
		if (word != 0 && word >> COUNT_BITS == pid) {
			add(&p->pid_count, 1);
			hear(p, now);
			return;
		}
		if (!oldest || get(&p->heard) < get(&oldest->heard))
			oldest = p;
	}
	word = get(&oldest->pid_count);
	if (atomic_compare_exchange_strong(&oldest->pid_count, &word,
					   (uint64_t)pid << COUNT_BITS | 1))
		hear(oldest, now);
}

void tally_request(const struct fuse_in_header *in)
{
	uint32_t kind = opcode_find(in->opcode) ? in->opcode : OPCODES;

	/* Two forms of one thing. */
	if (kind == FUSE_RENAME2)
		kind = FUSE_RENAME;
	if (kind == FUSE_BATCH_FORGET)
		kind = FUSE_FORGET;
	add(&kinds[kind], 1);
	/* A pid has 22 bits. */
	count_process(
		in->pid & 0xffffff,
		atomic_fetch_add_explicit(&requests, 1, memory_order_relaxed) +
			1);
}

static int say(const struct fs_sink *sink, const char *what, const char *name,
	       uint64_t count)
{
	char line[LINE_SIZE];
	int n = snprintf(line, sizeof(line), "%s %s %" PRIu64 "\n", what, name,
			 count);

	return sink->text(sink->arg, line, (size_t)n);
}

static int say_kind(const struct fs_sink *sink, uint32_t kind)
{
	const struct opcode *op = opcode_find(kind);
	uint64_t count = get(&kinds[kind]);
	char name[LINE_SIZE / 2];
	size_t i;

	if (count == 0)
		return 0;
	snprintf(name, sizeof(name), "%s", op ? op->name : "other");
	for (i = 0; name[i]; i++)
		name[i] = (char)tolower((unsigned char)name[i]);
	return say(sink, "kind", name, count);
}

static int say_process(const struct fs_sink *sink, uint64_t word)
{
	char pid[LINE_SIZE / 2];

	if (word == 0)
		return 0;
	snprintf(pid, sizeof(pid), "%" PRIu64, word >> COUNT_BITS);
	return say(sink, "process", pid,
		   word & (((uint64_t)1 << COUNT_BITS) - 1));
}

int tally_tell(const struct fs_sink *sink)
{
	unsigned i;
	int rc = 0;

	for (i = 0; rc == 0 && i <= OPCODES; i++)
		rc = say_kind(sink, i);
	for (i = 0; rc == 0 && i < TALLY_PROCESSES; i++)
		rc = say_process(sink, get(&processes[i].pid_count));
	return rc;
}
