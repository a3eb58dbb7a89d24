/* loamctl: looks after stores, mounted or not.  See loamctl.8. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/base.h"
#include "fs/fs.h"
#include "tools/loamctl/loamctl.h"
#include "tools/loamctl/out.h"

bool loamctl_json;

const char *loamctl_options = "";

static const struct command commands[] = {
	{ "mkfs", "STORE", "make a store with an empty filesystem", 1, 1, "",
	  mkfs_run },
	{ "umount", "TARGET", "unmount, and wait until all is on disk", 1, 1,
	  "", umount_run },
	{ "stat", "TARGET", "space, files, caches, latencies", 1, 1, "",
	  stat_run },
	{ "metrics", "TARGET", "the same for Prometheus", 1, 1, "", stat_run },
	{ "sync", "TARGET", "make all durable that was written", 1, 1, "",
	  act_run },
	{ "flush", "TARGET", "write what is in memory to tables", 1, 1, "",
	  act_run },
	{ "compact", "TARGET", "merge all tables, and collect garbage", 1, 1,
	  "", act_run },
	{ "gc", "TARGET", "collect garbage in the value log", 1, 1, "",
	  act_run },
	{ "check-point", "TARGET DIR", "an online backup into a new folder", 2,
	  2, "", checkpoint_run },
	{ "scrub", "TARGET", "read and verify every byte", 1, 1, "",
	  scrub_run },
	{ "fsck", "STORE", "check a store, -n, or mend it, -y, -p [-f]", 1, 1,
	  "nypaf", fsck_run },
	{ "version", "[TARGET]", "of this program, and of a daemon", 0, 1, "",
	  version_run },
};

#define LETTERS_SIZE 16

static void print_help(FILE *out)
{
	size_t i;

	fputs("usage: loamctl [--json] VERB TARGET [ARGUMENT]\n"
	      "\n"
	      "TARGET is a store's folder, or a mount point, or anything below "
	      "that.\n"
	      "\n",
	      out);
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];

		fprintf(out, "  %-12s %-14s %s\n", c->name, c->arguments,
			c->what);
	}
	fputs("\n"
	      "  --json         print one JSON object\n"
	      "  -h, --help     print this\n"
	      "  -V, --version  print the version\n"
	      "\n"
	      "Exit status: 0 done, 1 failed, 2 a wrong command line, 3 damage "
	      "was found;\n"
	      "of fsck as in fsck(8).  More is in the manual page: man "
	      "loamctl\n",
	      out);
}

static int usage(const char *what, const char *which)
{
	out_wrong("%s%s; loamctl -h prints what there is", what, which);
	return EXITS_USAGE;
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static int run(int argc, char **argv)
{
	const struct command *c = find(argv[0]);
	int count = argc - 1;
	const char *letter;

	if (!c)
		return usage("no such verb: ", argv[0]);
	for (letter = loamctl_options; *letter; letter++)
		if (!strchr(c->options, *letter))
			return usage("unknown option: -",
				     (char[]){ *letter, '\0' });
	if (count < c->arguments_min)
		return usage(c->name, ": an argument is missing");
	if (count > c->arguments_max)
		return usage(c->name, ": an argument too many");
	return c->run(c, argv + 1);
}

/* Help and version are answered whatever stands beside them. */
static bool print_and_be_done(char **argv)
{
	for (argv++; *argv && strcmp(*argv, "--") != 0; argv++) {
		if (strcmp(*argv, "-h") == 0 || strcmp(*argv, "--help") == 0) {
			print_help(stdout);
			return true;
		}
		if (strcmp(*argv, "-V") == 0 ||
		    strcmp(*argv, "--version") == 0) {
			puts("loamctl " PACKAGE_VERSION);
			return true;
		}
	}
	return false;
}

/* Takes an option, adding a letter to @letters; false: it is none of ours. */
static bool take_option(const char *arg, char letters[LETTERS_SIZE])
{
	size_t n = strlen(letters), m = strlen(arg + 1);

	if (strcmp(arg, "--json") == 0) {
		loamctl_json = true;
		return true;
	}
	if (strcmp(arg, "--repair") == 0) {
		arg = "-y";
		m = 1;
	}
	if (arg[1] == '-' || m == 0 || n + m >= LETTERS_SIZE)
		return false;
	memcpy(letters + n, arg + 1, m + 1);
	return true;
}

static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	out_wrong("cannot write the result");
	return EXITS_FAILED;
}

/* Leaves the words of the command line in @words; returns how many, or -1. */
static int take_options(char **argv, char **words, char letters[LETTERS_SIZE])
{
	bool options = true;
	int n = 0;

	for (argv++; *argv; argv++) {
		if (!options || (*argv)[0] != '-') {
			words[n++] = *argv;
		} else if (strcmp(*argv, "--") == 0) {
			options = false;
		} else if (!take_option(*argv, letters)) {
			(void)usage("unknown option: ", *argv);
			return -1;
		}
	}
	words[n] = NULL;
	return n;
}

/* The verb of the name that we are called by, or NULL: it is in @argv. */
static char *verb_of_name(char *name)
{
	static char fsck[] = "fsck", mkfs[] = "mkfs";

	name = basename(name);
	if (strcmp(name, "fsck.loamfs") == 0)
		return fsck;
	return strcmp(name, "mkfs.loamfs") == 0 ? mkfs : NULL;
}

int main(int argc, char **argv)
{
	char *verb = argc > 0 ? verb_of_name(argv[0]) : NULL;
	char letters[LETTERS_SIZE] = "";
	int n, given = verb != NULL, rc = EXITS_USAGE;
	char **words;

	umask(077);
	fs_tune_heap();
	if (argc > 0 && print_and_be_done(argv))
		return finish(EXITS_DONE);
	words = calloc((size_t)argc + 2, sizeof(*words));
	if (!words) {
		out_wrong("out of memory");
		return EXITS_FAILED;
	}
	words[0] = verb;
	n = argc > 0 ? take_options(argv, words + given, letters) : 0;
	loamctl_options = letters;
	if (n >= 0 && n + given == 0)
		rc = usage("no verb", "");
	else if (n >= 0)
		rc = run(n + given, words);
	if (verb && strcmp(verb, "fsck") == 0 && rc == EXITS_USAGE)
		rc = EXITS_FSCK_USAGE;
	free(words);
	return finish(rc);
}
