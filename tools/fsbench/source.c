#include "tools/fsbench/source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fsbench/content.h"

#define PATH_SIZE    96
#define FILES_A_DIR  20
#define DIRS_A_DIR   20
#define FUNCTIONS    8 /* in a C file */
#define INCLUDES     8 /* of other files' headers */
#define LINKS_EVERY  50
#define RARE_EVERY   100
#define SIZE_MIN     64 /* bytes */
#define SIZE_DOUBLES 10 /* times at most, less one */
#define WORDS_A_LINE 10

static const char *const words[] = {
	"int",    "return", "static", "struct", "const", "buffer", "length",
	"offset", "error",  "value",  "index",  "count", "if",     "else",
	"while",  "for",    "break",  "table",  "entry", "record", "block",
	"first",  "last",   "next",   "parent", "child", "void",   "char",
	"size",   "flags",  "lock",   "unlock",
};

static int fail(const char *path)
{
	int err = errno;

	fprintf(stderr, "fsops: %s: %s\n", path, strerror(err));
	return -err;
}

/* A file that is open for writing; source_close() tells if all went well. */
static int source_close(FILE *file, const char *path)
{
	int bad = ferror(file);

	if (fclose(file) != 0 || bad)
		return fail(path);
	return 0;
}

static int make_dir(const char *path)
{
	return mkdir(path, 0777) == 0 || errno == EEXIST ? 0 : fail(path);
}

static int write_text(const char *path, uint64_t number, uint64_t *state)
{
	uint64_t r = content_random(state);
	size_t size = (size_t)SIZE_MIN << r % SIZE_DOUBLES;
	size_t at = 0;
	unsigned int n = 0;
	FILE *file;

	/* Sizes between the powers of two, too. */
	size += (size_t)(r >> 32) % (size / 2);
	file = fopen(path, "w");
	if (!file)
		return fail(path);
	if (number % RARE_EVERY == 0)
		fputs(SOURCE_RARE_WORD "\n", file);
	while (at < size) {
		r = content_random(state);
		at += (size_t)fprintf(
			file, "%s%x%c",
			words[r % (sizeof(words) / sizeof(*words))],
			(unsigned int)(r >> 40) % 50,
			++n % WORDS_A_LINE ? ' ' : '\n');
	}
	return source_close(file, path);
}

static int add_link(uint64_t number, uint64_t dir, uint64_t above)
{
	char path[PATH_SIZE], to[PATH_SIZE];

	snprintf(to, sizeof(to), "file%" PRIu64 ".c", number - 1);
	snprintf(path, sizeof(path),
		 "part%" PRIu64 "/dir%" PRIu64 "/link%" PRIu64, above, dir,
		 number);
	return symlink(to, path) == 0 ? 0 : fail(path);
}

static int add_text(uint64_t number, uint64_t *state)
{
	uint64_t dir = number / FILES_A_DIR;
	uint64_t above = dir / DIRS_A_DIR;
	char path[PATH_SIZE];
	int rc = 0;

	if (number % (FILES_A_DIR * DIRS_A_DIR) == 0) {
		snprintf(path, sizeof(path), "part%" PRIu64, above);
		rc = make_dir(path);
	}
	if (rc == 0 && number % FILES_A_DIR == 0) {
		snprintf(path, sizeof(path), "part%" PRIu64 "/dir%" PRIu64,
			 above, dir);
		rc = make_dir(path);
	}
	if (rc < 0)
		return rc;
	if (number % LINKS_EVERY == LINKS_EVERY - 1)
		return add_link(number, dir, above);

	snprintf(path, sizeof(path),
		 "part%" PRIu64 "/dir%" PRIu64 "/file%" PRIu64 ".c", above, dir,
		 number);
	return write_text(path, number, state);
}

int source_tree(uint64_t count)
{
	uint64_t state = count;
	uint64_t i;
	int rc = 0;

	for (i = 0; i < count && rc == 0; i++)
		rc = add_text(i, &state);
	return rc;
}

static int add_header(uint64_t number)
{
	char path[PATH_SIZE];
	FILE *file;

	snprintf(path, sizeof(path), "part%" PRIu64 ".h", number);
	file = fopen(path, "w");
	if (!file)
		return fail(path);
	fprintf(file, "int part%" PRIu64 "(void);\n", number);
	return source_close(file, path);
}

/* Compiles to a function that returns 1, in more words than it needs. */
static int add_part(uint64_t number, uint64_t count)
{
	char path[PATH_SIZE];
	FILE *file;
	int i;

	snprintf(path, sizeof(path), "part%" PRIu64 ".c", number);
	file = fopen(path, "w");
	if (!file)
		return fail(path);
	fputs("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n",
	      file);
	for (i = 0; i < INCLUDES; i++)
		fprintf(file, "#include \"part%" PRIu64 ".h\"\n",
			(number + (uint64_t)i) % count);
	for (i = 0; i < FUNCTIONS; i++)
		fprintf(file,
			"static int f%d(int n)\n{\n\tint i, sum = 0;\n"
			"\tfor (i = 0; i < n; i++)\n"
			"\t\tsum += i %% %d ? 0 : n - n;\n"
			"\treturn sum;\n}\n",
			i, i + 2);
	fprintf(file, "int part%" PRIu64 "(void)\n{\n\tint n = 1;\n", number);
	for (i = 0; i < FUNCTIONS; i++)
		fprintf(file, "\tn += f%d(n);\n", i);
	fputs("\treturn n;\n}\n", file);
	return source_close(file, path);
}

static int add_main(uint64_t count)
{
	FILE *file = fopen("main.c", "w");
	uint64_t i;

	if (!file)
		return fail("main.c");
	fputs("#include <stdio.h>\n", file);
	for (i = 0; i < count; i++)
		fprintf(file, "#include \"part%" PRIu64 ".h\"\n", i);
	fputs("int main(void)\n{\n\tint sum = 0;\n", file);
	for (i = 0; i < count; i++)
		fprintf(file, "\tsum += part%" PRIu64 "();\n", i);
	fputs("\tprintf(\"%d\\n\", sum);\n\treturn 0;\n}\n", file);
	return source_close(file, "main.c");
}

static int add_makefile(void)
{
	FILE *file = fopen("Makefile", "w");

	if (!file)
		return fail("Makefile");
	fputs("objects = $(patsubst %.c,%.o,$(wildcard *.c))\n"
	      "program: $(objects)\n\t$(CC) -o $@ $(objects)\n"
	      "%.o: %.c\n\t$(CC) -O0 -c -o $@ $<\n",
	      file);
	return source_close(file, "Makefile");
}

int source_project(uint64_t count)
{
	uint64_t i;
	int rc = 0;

	for (i = 0; i < count && rc == 0; i++) {
		rc = add_header(i);
		if (rc == 0)
			rc = add_part(i, count);
	}
	if (rc == 0)
		rc = add_main(count);
	return rc < 0 ? rc : add_makefile();
}
