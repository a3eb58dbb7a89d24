#include "tools/kvbench/options.h"

#include <getopt.h>
#include <stdlib.h>

#include "tools/kvbench/run.h"
#include "tools/kvbench/target.h"
#include "tools/kvbench/workload.h"

#define ROUNDS_MAX     1000
#define ROUNDS_DEFAULT 3

enum {
	OPT_DIR = 1,
	OPT_JSON,
	OPT_ROUNDS,
	OPT_SCALE,
	OPT_TARGETS,
	OPT_WORKLOADS,
	OPT_LIST,
	OPT_HELP
};

static const struct option long_options[] = {
	{ "dir", required_argument, NULL, OPT_DIR },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "rounds", required_argument, NULL, OPT_ROUNDS },
	{ "scale", required_argument, NULL, OPT_SCALE },
	{ "targets", required_argument, NULL, OPT_TARGETS },
	{ "workloads", required_argument, NULL, OPT_WORKLOADS },
	{ "list", no_argument, NULL, OPT_LIST },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static int bad(const char *what, const char *arg)
{
	fprintf(stderr, "kvbench: %s: %s\n", what, arg);
	return -EINVAL;
}

static int parse_targets(struct options *options, char *list)
{
	const struct target *target;
	char *rest = list;
	char *name;

	options->targets_count = 0;
	while ((name = strsep(&rest, ","))) {
		target = target_find(name);
		if (!target)
			return bad("no such target in this build", name);
		if (options->targets_count == OPTIONS_LIST_MAX)
			return bad("too many targets", name);
		options->targets[options->targets_count++] = target;
	}
	return 0;
}

static int parse_workloads(struct options *options, char *list)
{
	const struct workload *workload;
	char *rest = list;
	char *name;

	options->workloads_count = 0;
	while ((name = strsep(&rest, ","))) {
		workload = workload_find(name);
		if (!workload)
			return bad("no such workload", name);
		if (options->workloads_count == OPTIONS_LIST_MAX)
			return bad("too many workloads", name);
		options->workloads[options->workloads_count++] = workload;
	}
	return 0;
}

static int parse_rounds(struct options *options, const char *arg)
{
	char *end;
	unsigned long rounds = strtoul(arg, &end, 10);

	if (*end || rounds < 1 || rounds > ROUNDS_MAX)
		return bad("rounds are 1 to 1000", arg);
	options->rounds = (unsigned)rounds;
	return 0;
}

static int parse_scale(struct options *options, const char *arg)
{
	char *end;
	double scale = strtod(arg, &end);

	if (*end || !(scale > 0 && scale <= 100))
		return bad("the scale is above 0 and at most 100", arg);
	options->scale = scale;
	return 0;
}

static int parse_one(struct options *options, int opt, char *arg)
{
	switch (opt) {
	case OPT_DIR:
		options->dir = arg;
		return 0;
	case OPT_JSON:
		options->json = arg;
		return 0;
	case OPT_ROUNDS:
		return parse_rounds(options, arg);
	case OPT_SCALE:
		return parse_scale(options, arg);
	case OPT_TARGETS:
		return parse_targets(options, arg);
	case OPT_WORKLOADS:
		return parse_workloads(options, arg);
	case OPT_LIST:
		options->action = OPTIONS_LIST;
		return 0;
	case OPT_HELP:
		options->action = OPTIONS_HELP;
		return 0;
	default:
		/* getopt has said what is wrong. */
		return -EINVAL;
	}
}

static void set_defaults(struct options *options)
{
	size_t i;

	*options = (struct options){
		.action = OPTIONS_RUN,
		.dir = ".",
		.rounds = ROUNDS_DEFAULT,
		.scale = 1.0,
		.targets_count = targets_count,
		.workloads_count = workloads_count,
	};
	for (i = 0; i < targets_count; i++)
		options->targets[i] = targets[i];
	for (i = 0; i < workloads_count; i++)
		options->workloads[i] = workloads[i];
}

int options_parse(struct options *options, int argc, char **argv)
{
	int opt;
	int rc = 0;

	set_defaults(options);
	while (rc == 0 &&
	       (opt = getopt_long(argc, argv, "", long_options, NULL)) >= 0)
		rc = parse_one(options, opt, optarg);
	if (rc == 0 && optind < argc)
		rc = bad("not understood", argv[optind]);
	return rc;
}

static void print_shared_settings(FILE *out)
{
	fprintf(out,
		"All: a log, not synced by each write except in sync; "
		"memtable %zu MiB and cache %zu MiB unless the workload says "
		"otherwise; values are half compressible.\n",
		RUN_MEMTABLE_BYTES / MIB, RUN_CACHE_BYTES / MIB);
}

void options_print_settings(const struct options *options, FILE *out)
{
	size_t i;

	print_shared_settings(out);
	for (i = 0; i < options->targets_count; i++)
		fprintf(out, "%s: %s.\n", options->targets[i]->name,
			options->targets[i]->settings);
}

void options_help(FILE *out)
{
	struct options all;
	size_t i;

	fprintf(out,
		"usage: kvbench [OPTION]...\n"
		"\n"
		"Runs the same workloads on several key-value stores, in turn "
		"and round by round,\n"
		"and compares the medians.\n"
		"\n"
		"  --dir DIR         where to work (.): needs some 10 GB at "
		"scale 1\n"
		"  --json FILE       write the medians there, one object a "
		"line\n"
		"  --rounds N        how often (3)\n"
		"  --scale F         multiplies all counts (1)\n"
		"  --targets LIST    these, held against the first (all)\n"
		"  --workloads LIST  these (all)\n"
		"  --list            print workloads and metrics, and end\n"
		"  --help            print this, and end\n"
		"\n"
		"Workloads:\n");
	for (i = 0; i < workloads_count; i++)
		fprintf(out, "  %-12s%s\n", workloads[i]->name,
			workloads[i]->what);
	fprintf(out, "\nSettings:\n");
	set_defaults(&all);
	options_print_settings(&all, out);
}

void options_list(FILE *out)
{
	size_t i, j;

	for (i = 0; i < workloads_count; i++) {
		const struct workload *w = workloads[i];

		for (j = 0; j < w->metrics_count; j++)
			fprintf(out, "%s %s %s %s\n", w->name,
				w->metrics[j].name, w->metrics[j].unit,
				w->metrics[j].higher_is_better ? "higher"
							       : "lower");
	}
}
