/*
 * usage: exercise FILE SEED STEPS
 *
 * Does STEPS random things to FILE, through calls, O_DIRECT and a mapping in
 * turn, and to an array in memory, and compares: the method of the exerciser
 * for file systems that Avadis Tevanian wrote for NeXT.  FILE is made anew, and
 * left behind.  At the end the array is written to standard output, for what
 * comes later to be compared with.
 *
 * Ends with status 1 at the first difference, and says after which steps.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_MAX_BYTES ((size_t)300000)
#define PAGE           ((size_t)4096)
#define HISTORY        24 /* steps told of after a difference */

static const char *path;
static int fd = -1;        /* for calls */
static int direct = -1;    /* the same file, O_DIRECT; -1: there is none */
static uint8_t *page_mem;  /* SIZE_MAX_BYTES, aligned for O_DIRECT */
static uint8_t *model;     /* SIZE_MAX_BYTES; zeros behind the size */
static size_t size;        /* of the file */
static size_t recent;      /* where the last part that was changed ends */
static uint64_t random_at; /* state */
static char history[HISTORY][80];
static unsigned steps;

/* A part of the file that a step is about. */
struct part {
	size_t at;
	size_t size;
};

static __attribute__((noreturn)) void fail(const char *what)
{
	unsigned i;

	fprintf(stderr, "%s: %s (%s) after step %u; the last ones:\n", path,
		what, strerror(errno), steps);
	for (i = 0; i < HISTORY; i++)
		fprintf(stderr, "  %s\n", history[(steps + 1 + i) % HISTORY]);
	exit(EXIT_FAILURE);
}

/* A page of a mapping cannot be had: says whether a call can read the file. */
static void bus(int number, siginfo_t *info, void *context)
{
	struct stat st = { .st_size = -1 };
	ssize_t n;

	(void)number;
	(void)context;
	(void)fstat(fd, &st);
	n = pread(fd, page_mem, SIZE_MAX_BYTES, 0);
	fprintf(stderr, "SIGBUS at %p; size %lld, pread: %zd (%s)\n",
		info->si_addr, (long long)st.st_size, n, strerror(errno));
	fail("a page cannot be had");
}

static void note(const char *what, struct part p)
{
	snprintf(history[steps % HISTORY], sizeof(history[0]),
		 "%u: %s %zu bytes at %zu, of %zu", steps, what, p.size, p.at,
		 size);
}

static uint64_t draw(uint64_t below)
{
	random_at ^= random_at << 13;
	random_at ^= random_at >> 7;
	random_at ^= random_at << 17;
	return random_at % below;
}

/* Somewhere up to @end, and often where something ended. */
static size_t draw_place(size_t end)
{
	size_t at = recent - (recent > 0 && draw(2));

	return draw(4) || at > end ? draw(end + 1) : at;
}

/* Small and large ones, and often to the edges of pages and chunks. */
static struct part draw_part(size_t end)
{
	static const size_t edges[] = { 1, 512, 4096, 32768 };
	size_t edge = edges[draw(4)];
	struct part p;

	p.at = draw_place(end) / edge * edge;
	p.size = draw(draw(2) ? 200 : 70000) / edge * edge;
	if (p.size == 0)
		p.size = edge;
	if (p.size > end - p.at)
		p.size = end - p.at;
	return p;
}

/* Zeros need not be stored: write them, too. */
static void fill(uint8_t *bytes, size_t n)
{
	uint8_t first = (uint8_t)draw(256);
	size_t i;

	if (!draw(6)) {
		memset(bytes, 0, n);
		return;
	}
	for (i = 0; i < n; i++)
		bytes[i] = (uint8_t)(first + i * 7 + (i >> 8));
}

static void compare(const uint8_t *got, struct part p, const char *how)
{
	char words[100];
	size_t i;

	for (i = 0; i < p.size && got[i] == model[p.at + i]; i++)
		;
	if (i == p.size)
		return;
	errno = 0;
	snprintf(words, sizeof(words), "%s: byte %zu is %d, not %d", how,
		 p.at + i, got[i], model[p.at + i]);
	fail(words);
}

static void grow(struct part p)
{
	recent = p.at + p.size;
	if (p.size > 0 && p.at + p.size > size)
		size = p.at + p.size;
}

static void read_part(int from, struct part p, const char *how)
{
	note(how, p);
	if (pread(from, page_mem, p.size, (off_t)p.at) != (ssize_t)p.size)
		fail(how);
	compare(page_mem, p, how);
}

static void write_part(int to, struct part p, const char *how)
{
	note(how, p);
	fill(page_mem, p.size);
	if (pwrite(to, page_mem, p.size, (off_t)p.at) != (ssize_t)p.size)
		fail(how);
	memcpy(model + p.at, page_mem, p.size);
	grow(p);
}

static struct part aligned(struct part p)
{
	p.at = p.at / PAGE * PAGE;
	p.size = p.size / PAGE * PAGE;
	return p;
}

static void do_read(void)
{
	read_part(fd, draw_part(size), "read");
}

static void do_write(void)
{
	write_part(fd, draw_part(SIZE_MAX_BYTES), "write");
}

static void do_direct_read(void)
{
	struct part p = aligned(draw_part(size));

	if (direct >= 0 && p.size > 0)
		read_part(direct, p, "direct read");
}

static void do_direct_write(void)
{
	struct part p = aligned(draw_part(SIZE_MAX_BYTES));

	if (direct >= 0 && p.size > 0)
		write_part(direct, p, "direct write");
}

/* Reads a part of a mapping and writes over it. */
static void do_map(void)
{
	struct part p = draw_part(size);
	size_t start = p.at / PAGE * PAGE;
	size_t length = p.at - start + p.size;
	uint8_t *map;

	if (p.size == 0)
		return;
	note("map", p);
	map = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   (off_t)start);
	if (map == MAP_FAILED)
		fail("mmap");
	compare(map + p.at - start, p, "mapped read");
	if (draw(3)) {
		fill(map + p.at - start, p.size);
		memcpy(model + p.at, map + p.at - start, p.size);
	}
	if (!draw(8) && msync(map, length, MS_SYNC) < 0)
		fail("msync");
	if (munmap(map, length) < 0)
		fail("munmap");
}

static void do_truncate(void)
{
	size_t to = draw_part(SIZE_MAX_BYTES).at;

	note("truncate", (struct part){ to, 0 });
	if (ftruncate(fd, (off_t)to) < 0)
		fail("ftruncate");
	if (to < size)
		memset(model + to, 0, size - to);
	size = to;
}

static void do_fallocate(void)
{
	static const int modes[] = {
		0,
		FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_ZERO_RANGE,
		FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
	};
	struct part p = draw_part(SIZE_MAX_BYTES);
	int mode = modes[draw(5)];

	if (p.size == 0)
		return;
	note(mode & FALLOC_FL_KEEP_SIZE ? "fallocate in size" : "fallocate", p);
	if (fallocate(fd, mode, (off_t)p.at, (off_t)p.size) < 0) {
		if (errno == EOPNOTSUPP)
			return;
		fail("fallocate");
	}
	if (!(mode & FALLOC_FL_KEEP_SIZE))
		grow(p);
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		memset(model + p.at, 0, p.size);
}

/* From one place of the file to another. */
static void do_copy(void)
{
	struct part from = draw_part(size);
	struct part to = { draw_part(SIZE_MAX_BYTES - from.size).at,
			   from.size };
	off_t in = (off_t)from.at, out = (off_t)to.at;
	size_t left = from.size;

	if (from.at < to.at + to.size && to.at < from.at + from.size)
		return;
	note("copy from", from);
	while (left > 0) {
		ssize_t n = copy_file_range(fd, &in, fd, &out, left, 0);

		if (n <= 0)
			fail("copy_file_range");
		left -= (size_t)n;
	}
	memcpy(model + to.at, model + from.at, from.size);
	grow(to);
}

/* Everything that is not zero lies in data, from wherever one looks. */
static void do_seek(void)
{
	size_t at = draw_place(size);
	off_t hole, data = lseek(fd, (off_t)at, SEEK_DATA);

	note("seek", (struct part){ at, 0 });
	while (at < size) {
		size_t end = data < 0 ? size : (size_t)data;

		if (data < 0 && errno != ENXIO)
			fail("SEEK_DATA");
		for (; at < end; at++) {
			if (model[at])
				fail("data in a hole");
		}
		if (data < 0)
			return;
		hole = lseek(fd, data, SEEK_HOLE);
		if (hole <= data || (size_t)hole > size)
			fail("SEEK_HOLE");
		at = (size_t)hole;
		data = lseek(fd, hole, SEEK_DATA);
	}
}

static void do_stat(void)
{
	struct stat st;

	note("stat", (struct part){ 0, size });
	if (fstat(fd, &st) < 0 || (size_t)st.st_size != size)
		fail("fstat");
}

static void open_file(int flags)
{
	fd = open(path, O_RDWR | flags, 0644);
	if (fd < 0)
		fail("open");
	direct = open(path, O_RDWR | O_DIRECT);
}

static void do_reopen(void)
{
	note("reopen", (struct part){ 0, size });
	if (draw(2) && fsync(fd) < 0)
		fail("fsync");
	/* Also reads from below what the kernel holds. */
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	if (close(fd) < 0)
		fail("close");
	if (direct >= 0)
		close(direct);
	open_file(0);
}

/* How often, in a hundred. */
static const struct {
	unsigned share;
	void (*run)(void);
} kinds[] = {
	{ 20, do_read },       { 20, do_write },       { 16, do_map },
	{ 8, do_direct_read }, { 8, do_direct_write }, { 7, do_truncate },
	{ 7, do_fallocate },   { 5, do_copy },         { 3, do_seek },
	{ 3, do_stat },        { 3, do_reopen },
};

static void step(void)
{
	unsigned draw_at = (unsigned)draw(100), kind = 0;

	while (draw_at >= kinds[kind].share)
		draw_at -= kinds[kind++].share;
	kinds[kind].run();
}

int main(int argc, char **argv)
{
	unsigned count;

	if (argc != 4) {
		fprintf(stderr, "usage: exercise FILE SEED STEPS\n");
		return EXIT_FAILURE;
	}
	path = argv[1];
	random_at = strtoull(argv[2], NULL, 10) * 0x9e3779b97f4a7c15u + 1;
	count = (unsigned)strtoul(argv[3], NULL, 10);
	model = calloc(1, SIZE_MAX_BYTES);
	page_mem = aligned_alloc(PAGE, (SIZE_MAX_BYTES / PAGE + 1) * PAGE);
	if (!model || !page_mem)
		fail("no memory");
	/* A sanitizer would say no more than where it was. */
	if (sigaction(SIGBUS,
		      &(struct sigaction){ .sa_sigaction = bus,
					   .sa_flags = SA_SIGINFO },
		      NULL) < 0)
		fail("sigaction");
	open_file(O_CREAT | O_TRUNC);
	for (steps = 0; steps < count; steps++)
		step();
	read_part(fd, (struct part){ 0, size }, "last read");
	if (close(fd) < 0)
		fail("close");
	return fwrite(model, 1, size, stdout) == size && fflush(stdout) == 0
		       ? EXIT_SUCCESS
		       : EXIT_FAILURE;
}
