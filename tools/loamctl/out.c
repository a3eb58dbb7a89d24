#include "tools/loamctl/out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/error.h"

/* ------------------------------------------------------------- people -- */

/* @value in the largest of the units in which it is at least 1. */
static const char *scaled(char buf[OUT_NUMBER_SIZE], uint64_t value,
			  const char *const *units, size_t count, double step)
{
	double v = (double)value;
	size_t i = 0;
	int digits;

	/* What would be printed as a whole step is one of the next unit. */
	while (i + 1 < count && v >= step - 0.5) {
		v /= step;
		i++;
	}
	digits = i == 0 || v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2;
	snprintf(buf, OUT_NUMBER_SIZE, "%.*f %s", digits, v, units[i]);
	return buf;
}

const char *out_bytes(char buf[OUT_NUMBER_SIZE], uint64_t bytes)
{
	static const char *const units[] = { "B",   "KiB", "MiB", "GiB",
					     "TiB", "PiB", "EiB" };

	return scaled(buf, bytes, units, ARRAY_SIZE(units), 1024);
}

const char *out_ns(char buf[OUT_NUMBER_SIZE], uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };

	return scaled(buf, ns, units, ARRAY_SIZE(units), 1000);
}

const char *out_count(char buf[OUT_NUMBER_SIZE], uint64_t count)
{
	snprintf(buf, OUT_NUMBER_SIZE, "%" PRIu64, count);
	return buf;
}

static bool ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

const char *out_measure(char buf[OUT_NUMBER_SIZE], const char *name,
			uint64_t value)
{
	if (ends_in(name, "_bytes"))
		return out_bytes(buf, value);
	if (ends_in(name, "_ns"))
		return out_ns(buf, value);
	return out_count(buf, value);
}

void out_text(const char *text)
{
	for (; *text; text++)
		putchar((unsigned char)*text < ' ' || *text == 0x7f ? '?'
								    : *text);
}

bool out_is_screen(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

static bool has_colours(void)
{
	const char *no = getenv("NO_COLOR");

	return out_is_screen(STDOUT_FILENO) && (!no || !*no);
}

const char *out_bold(void)
{
	return has_colours() ? "\033[1m" : "";
}

const char *out_plain(void)
{
	return has_colours() ? "\033[0m" : "";
}

void out_failed(const char *verb, const char *path, int rc)
{
	const char *text = error_text(rc);
	size_t n = strlen(path);

	if (strncmp(text, path, n) == 0 && (text[n] == ':' || text[n] == '/'))
		out_wrong("%s: %s", verb, text);
	else
		out_wrong("%s: %s: %s", verb, path, text);
}

static char wrong[1024]; /* the newest line, for JSON */

/* A name may hold any byte; one event is one line. */
void out_wrong(const char *fmt, ...)
{
	va_list ap;
	char *c;

	va_start(ap, fmt);
	vsnprintf(wrong, sizeof(wrong), fmt, ap);
	va_end(ap);
	for (c = wrong; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	fflush(stdout);
	fprintf(stderr, "loamctl: %s\n", wrong);
}

/* ----------------------------------------------------------- progress -- */

#define QUIET_NS   (1 * NS_PER_S)    /* what is over by then shows nothing */
#define DRAW_NS    (100 * NS_PER_MS) /* between two pictures */
#define BAR_SIZE   24
#define LEFT_S_MAX 359999 /* 99:59:59 */

static uint64_t begun_ns, drawn_ns;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* "1.20 MiB", or "1200" of things. */
static const char *amount(char buf[OUT_NUMBER_SIZE], bool counts, uint64_t n)
{
	return counts ? out_count(buf, n) : out_bytes(buf, n);
}

/* "0:07", "1:02:03". */
static void put_time(char *out, size_t size, double seconds)
{
	unsigned s = seconds < LEFT_S_MAX ? (unsigned)seconds : LEFT_S_MAX;

	if (s < 3600)
		snprintf(out, size, "%u:%02u", s / 60, s % 60);
	else
		snprintf(out, size, "%u:%02u:%02u", s / 3600, s / 60 % 60,
			 s % 60);
}

static unsigned columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0
		       ? size.ws_col
		       : 80;
}

/* What does not fit loses its bar, then its end: a second line would stay. */
static void draw(const char *what, const char *bar, const char *rest)
{
	char line[160];
	int width = (int)columns() - 1;

	if (snprintf(line, sizeof(line), "%s%s %s", what, bar, rest) > width)
		snprintf(line, sizeof(line), "%s %s", what, rest);
	fprintf(stderr, "\r%.*s\033[K", width, line);
	fflush(stderr);
}

static void draw_part(const char *what, double part, const char *rate,
		      double left_s)
{
	char bar[BAR_SIZE + sizeof(" []")], left[16], rest[80];

	memset(bar, '.', sizeof(bar));
	memcpy(bar, " [", 2);
	memset(bar + 2, '#', (size_t)(part * BAR_SIZE));
	memcpy(bar + 2 + BAR_SIZE, "]", sizeof("]"));
	put_time(left, sizeof(left), left_s);
	snprintf(rest, sizeof(rest), "%3d%%  %s/s  %s left", (int)(part * 100),
		 rate, left);
	draw(what, bar, rest);
}

void out_progress(const char *what, bool counts, uint64_t done, uint64_t total)
{
	char number[OUT_NUMBER_SIZE], all[OUT_NUMBER_SIZE], rest[80];
	uint64_t now = now_ns();
	double rate;

	if (begun_ns == 0)
		begun_ns = now;
	if (now - begun_ns < QUIET_NS || now - drawn_ns < DRAW_NS ||
	    done == 0 || !out_is_screen(STDERR_FILENO))
		return;
	drawn_ns = now;
	rate = (double)done / ((double)(now - begun_ns) / (double)NS_PER_S);
	amount(number, counts, (uint64_t)rate);
	if (total == 0) {
		snprintf(rest, sizeof(rest), "%s  %s/s",
			 amount(all, counts, done), number);
		draw(what, "", rest);
		return;
	}
	/* What is counted may grow while it is being done. */
	done = u64_min(done, total);
	draw_part(what, (double)done / (double)total, number,
		  (double)(total - done) / rate);
}

void out_progress_end(void)
{
	if (drawn_ns != 0)
		fputs("\r\033[K", stderr);
	begun_ns = 0;
	drawn_ns = 0;
}

/* --------------------------------------------------------------- JSON -- */

#define DEPTH_MAX 8

static char closers[DEPTH_MAX];
static int depth;
static bool first;

/* The bytes of the UTF-8 character that @s begins with, or 0. */
static int utf8_size(const uint8_t *s)
{
	uint32_t c;
	int n, i;

	if (s[0] < 0x80)
		return 1;
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	c = s[0] & (0x7fu >> n);
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	/* Overlong forms, surrogates, and what is past the last. */
	if ((n == 3 && c < 0x800) || (n == 4 && c < 0x10000) || c > 0x10ffff ||
	    (c >= 0xd800 && c < 0xe000))
		return 0;
	return n;
}

static void put_string(const char *text)
{
	const uint8_t *s = (const uint8_t *)text;
	int n;

	putchar('"');
	for (; *s; s += n) {
		n = utf8_size(s);
		if (n == 0) {
			fputs("\\ufffd", stdout);
			n = 1;
		} else if (*s == '"' || *s == '\\') {
			printf("\\%c", *s);
		} else if (*s < ' ' || *s == 0x7f) {
			printf("\\u%04x", *s);
		} else {
			fwrite(s, 1, (size_t)n, stdout);
		}
	}
	putchar('"');
}

static void new_line(void)
{
	printf("\n%*s", 2 * depth, "");
}

static void member(const char *key)
{
	if (!first)
		putchar(',');
	first = false;
	new_line();
	put_string(key);
	fputs(": ", stdout);
}

static void open_with(char opener, char closer)
{
	assert(depth < DEPTH_MAX);
	putchar(opener);
	closers[depth++] = closer;
	first = true;
}

void out_json_begin(void)
{
	open_with('{', '}');
}

void out_json_object(const char *key)
{
	member(key);
	open_with('{', '}');
}

void out_json_array(const char *key)
{
	member(key);
	open_with('[', ']');
}

void out_json_item(void)
{
	if (!first)
		putchar(',');
	new_line();
	open_with('{', '}');
}

static void close_one(void)
{
	depth--;
	if (!first)
		new_line();
	putchar(closers[depth]);
	first = false;
}

void out_json_end(void)
{
	if (depth > 1)
		close_one();
}

void out_json_finish(bool failed)
{
	while (depth > 1)
		close_one();
	if (failed && *wrong) {
		if (depth == 0)
			out_json_begin();
		out_json_string("error", wrong);
	}
	if (depth == 1) {
		close_one();
		putchar('\n');
	}
}

void out_json_number(const char *key, uint64_t value)
{
	member(key);
	printf("%" PRIu64, value);
}

void out_json_string(const char *key, const char *value)
{
	member(key);
	put_string(value);
}

void out_json_bool(const char *key, bool value)
{
	member(key);
	fputs(value ? "true" : "false", stdout);
}
