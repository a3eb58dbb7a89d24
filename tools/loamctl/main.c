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

static const struct command commands[] = {
	{ "stat", "TARGET", "space, files, caches, latencies", 1, 1, stat_run },
	{ "sync", "TARGET", "make all durable that was written", 1, 1,
	  act_run },
	{ "flush", "TARGET", "write what is in memory to tables", 1, 1,
	  act_run },
	{ "compact", "TARGET", "merge all tables, and collect garbage", 1, 1,
	  act_run },
	{ "gc", "TARGET", "collect garbage in the value log", 1, 1, act_run },
	{ "check-point", "TARGET DIR", "an online backup into a new folder", 2,
	  2, checkpoint_run },
	{ "version", "[TARGET]", "of this program, and of a daemon", 0, 1,
	  version_run },
};

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
	      "Exit status: 0 done, 1 failed, 2 a wrong command line.  More is "
	      "in the\n"
	      "manual page: man loamctl\n",
	      out);
}

static int usage(const char *what, const char *which)
{
	out_wrong("%s%s; loamctl -h prints what there is", what, which);
	return EXITS_USAGE;
}

static int run(int argc, char **argv)
{
	int count = argc - 1;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];

		if (strcmp(argv[0], c->name) != 0)
			continue;
		if (count < c->arguments_min || count > c->arguments_max)
			return usage(c->name, count < c->arguments_min
						      ? ": an argument is "
							"missing"
						      : ": an argument too "
							"many");
		return c->run(c, argv + 1);
	}
	return usage("no such verb: ", argv[0]);
}

int main(int argc, char **argv)
{
	bool options = true;
	int i, n = 0, rc;

	umask(077);
	fs_tune_heap();
	for (i = 1; i < argc; i++) {
		const char *arg = argv[i];

		if (!options || arg[0] != '-') {
			argv[n++] = argv[i];
		} else if (strcmp(arg, "--") == 0) {
			options = false;
		} else if (strcmp(arg, "--json") == 0) {
			loamctl_json = true;
		} else if (strcmp(arg, "-h") == 0 ||
			   strcmp(arg, "--help") == 0) {
			print_help(stdout);
			return EXITS_DONE;
		} else if (strcmp(arg, "-V") == 0 ||
			   strcmp(arg, "--version") == 0) {
			puts("loamctl " PACKAGE_VERSION);
			return EXITS_DONE;
		} else {
			return usage("unknown option: ", arg);
		}
	}
	argv[n] = NULL;
	if (n == 0)
		return usage("no verb", "");

	rc = run(n, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		out_wrong("cannot write the result");
		return EXITS_FAILED;
	}
	return rc;
}
