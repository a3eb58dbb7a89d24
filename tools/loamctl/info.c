/* info: how one file is stored.  du: what a tree takes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine/base/error.h"
#include "tools/loamctl/lines.h"
#include "tools/loamctl/loamctl.h"
#include "tools/loamctl/out.h"
#include "tools/loamctl/where.h"

/* The values that lie in one place: in a blob file, or in the tree. */
struct share {
	uint64_t file; /* its number; 0: there is none */
	bool tree;
	uint64_t values;
	uint64_t shared; /* of these, with others */
	uint64_t bytes;
	uint64_t stored_bytes;
};

struct info {
	struct share *shares; /* owned, in the order they were met */
	size_t count;
	bool in_chunks; /* the header is over */
	bool all;       /* each chunk is shown */
};

/* What one line says of a chunk. */
struct chunk {
	uint64_t offset, size, stored, file, at, ordinal;
	bool tree;
	bool shared;
};

/* "OFFSET SIZE tree", "OFFSET SIZE blob STORED FILE AT ORDINAL own" */
static int parse_chunk(char *rest, struct chunk *out)
{
	struct chunk c = { 0 };
	const char *word;
	int rc;

	rc = lines_number(&rest, &c.offset);
	if (rc == 0)
		rc = lines_number(&rest, &c.size);
	word = rc == 0 ? lines_word(&rest) : NULL;
	if (!word)
		return -EPROTO;
	c.stored = c.size;
	c.tree = strcmp(word, "tree") == 0;
	if (!c.tree) {
		rc = lines_number(&rest, &c.stored);
		if (rc == 0)
			rc = lines_number(&rest, &c.file);
		if (rc == 0)
			rc = lines_number(&rest, &c.at);
		if (rc == 0)
			rc = lines_number(&rest, &c.ordinal);
		word = rc == 0 ? lines_word(&rest) : NULL;
		c.shared = word && strcmp(word, "shared") == 0;
	}
	if (rc == 0)
		*out = c;
	return rc;
}

static int add_chunk(struct info *info, const struct chunk *c)
{
	struct share *s;
	size_t i;

	for (i = 0; i < info->count; i++)
		if (info->shares[i].file == c->file &&
		    info->shares[i].tree == c->tree)
			break;
	if (i == info->count) {
		s = reallocarray(info->shares, i + 1, sizeof(*s));
		if (!s)
			return -ENOMEM;
		s[i] = (struct share){ .file = c->file, .tree = c->tree };
		info->shares = s;
		info->count++;
	}
	s = &info->shares[i];
	s->values++;
	s->shared += c->shared;
	s->bytes += c->size;
	s->stored_bytes += c->stored;
	return 0;
}

static const char *place_name(char buf[OUT_NUMBER_SIZE], bool tree,
			      uint64_t file)
{
	if (tree)
		return "tree";
	if (file == 0)
		return "missing";
	snprintf(buf, OUT_NUMBER_SIZE, "%06" PRIu64 ".blob", file);
	return buf;
}

static void show_chunk(const struct chunk *c)
{
	char name[OUT_NUMBER_SIZE];
	const char *where = place_name(name, c->tree, c->file);

	if (loamctl_json) {
		out_json_item();
		out_json_number("offset", c->offset);
		out_json_number("size", c->size);
		out_json_string("where", where);
		if (!c->tree) {
			out_json_number("stored_bytes", c->stored);
			out_json_number("at", c->at);
			out_json_number("ordinal", c->ordinal);
			out_json_bool("shared", c->shared);
		}
		out_json_end();
		return;
	}
	printf("  %12" PRIu64 " %6" PRIu64 "  %-12s", c->offset, c->size,
	       where);
	if (!c->tree)
		printf(" %6" PRIu64 " at %" PRIu64 "%s", c->stored, c->at,
		       c->shared ? ", shared" : "");
	putchar('\n');
}

static void begin_chunks(struct info *info)
{
	if (info->in_chunks || !info->all)
		return;
	info->in_chunks = true;
	if (loamctl_json)
		out_json_array("chunks");
	else
		printf("\n  %s%12s %6s  %-12s %6s%s\n", out_bold(), "offset",
		       "size", "where", "stored", out_plain());
}

/* A time as people write it. */
static void show_time(const char *name, int64_t ns)
{
	time_t s = (time_t)(ns / (int64_t)NS_PER_S);
	char text[64] = "?";
	struct tm tm;

	if (localtime_r(&s, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z", &tm);
	printf("  %-16.*s %s\n", (int)(strlen(name) - 3), name, text);
}

static bool ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

static bool is_number(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n > 0 && !text[n] && (text[0] != '0' || n == 1);
}

/* "NAME VALUE" */
static int show_member(const char *name, const char *value)
{
	char number[OUT_NUMBER_SIZE];

	if (loamctl_json && is_number(value))
		out_json_number(name, strtoull(value, NULL, 10));
	else if (loamctl_json)
		out_json_string(name, value);
	else if (ends_in(name, "_ns"))
		show_time(name, strtoll(value, NULL, 10));
	else if (ends_in(name, "_bytes"))
		printf("  %-16.*s %s\n", (int)(strlen(name) - 6), name,
		       out_bytes(number, strtoull(value, NULL, 10)));
	else
		printf("  %-16s %s\n", name, *value ? value : "-");
	return 0;
}

static int info_line(void *arg, char *line)
{
	struct info *info = arg;
	char *rest = line, *name = lines_word(&rest);
	struct chunk c;
	int rc;

	if (!name)
		return -EPROTO;
	if (strcmp(name, "chunk") != 0)
		return show_member(name, rest ? rest : "");
	rc = rest ? parse_chunk(rest, &c) : -EPROTO;
	if (rc == 0)
		rc = add_chunk(info, &c);
	if (rc == 0 && info->all) {
		out_progress_end();
		begin_chunks(info);
		show_chunk(&c);
	}
	return rc;
}

static void show_shares_json(const struct info *info)
{
	char name[OUT_NUMBER_SIZE];
	size_t i;

	out_json_array("places");
	for (i = 0; i < info->count; i++) {
		const struct share *s = &info->shares[i];

		out_json_item();
		out_json_string("where", place_name(name, s->tree, s->file));
		out_json_number("values", s->values);
		out_json_number("shared", s->shared);
		out_json_number("data_bytes", s->bytes);
		out_json_number("stored_bytes", s->stored_bytes);
		out_json_end();
	}
	out_json_end();
}

static void show_shares(const struct info *info)
{
	char name[OUT_NUMBER_SIZE], a[OUT_NUMBER_SIZE], b[OUT_NUMBER_SIZE];
	uint64_t bytes = 0, stored = 0;
	size_t i;

	if (info->count > 0)
		printf("\n  %s%-16s %8s %8s %10s %10s%s\n", out_bold(), "where",
		       "values", "shared", "size", "stored", out_plain());
	for (i = 0; i < info->count; i++) {
		const struct share *s = &info->shares[i];

		printf("  %-16s %8" PRIu64 " %8" PRIu64 " %10s %10s\n",
		       place_name(name, s->tree, s->file), s->values, s->shared,
		       out_bytes(a, s->bytes), out_bytes(b, s->stored_bytes));
		bytes += s->bytes;
		stored += s->stored_bytes;
	}
	if (stored > 0)
		printf("  compressed to %.0f %%\n",
		       100 * (double)stored / (double)bytes);
}

int info_run(const struct command *c, char **arguments)
{
	struct info info = { .all = strchr(loamctl_options, 'v') };
	const struct lines lines = {
		.line = info_line,
		.arg = &info,
		.progress = "looking for who shares",
		.counts = true,
	};
	const struct fs_sink sink = lines_sink(&lines);
	struct where w;
	int rc;

	rc = where_open(&w, arguments, false);
	if (rc < 0) {
		out_failed(c->name, arguments[0], rc);
		return EXITS_FAILED;
	}
	if (loamctl_json)
		out_json_begin();
	rc = target_run(&w.target, c->name, w.argument, &sink);
	out_progress_end();
	if (loamctl_json && info.in_chunks)
		out_json_end();
	if (loamctl_json)
		show_shares_json(&info);
	else if (rc == 0)
		show_shares(&info);
	if (loamctl_json)
		out_json_end();
	free(info.shares);
	rc = where_close(&w, rc);
	if (rc < 0)
		out_failed(c->name, arguments[0], rc);
	return rc < 0 ? EXITS_FAILED : EXITS_DONE;
}

/* ----------------------------------------------------------------- du -- */

static int du_line(void *arg UNUSED, char *line)
{
	char *rest = line, *name = lines_word(&rest);

	if (!name || !rest)
		return -EPROTO;
	out_progress_end();
	return show_member(name, rest);
}

int du_run(const struct command *c, char **arguments)
{
	const struct lines lines = {
		.line = du_line,
		.progress = "counting",
		.counts = true,
	};
	const struct fs_sink sink = lines_sink(&lines);
	struct where w;
	int rc;

	rc = where_open(&w, arguments, true);
	if (rc < 0) {
		out_failed(c->name, arguments[0], rc);
		return EXITS_FAILED;
	}
	if (loamctl_json)
		out_json_begin();
	rc = target_run(&w.target, c->name, w.argument, &sink);
	out_progress_end();
	if (loamctl_json)
		out_json_end();
	rc = where_close(&w, rc);
	if (rc < 0)
		out_failed(c->name, arguments[0], rc);
	return rc < 0 ? EXITS_FAILED : EXITS_DONE;
}
