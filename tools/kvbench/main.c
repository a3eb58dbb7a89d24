/*
 * kvbench: the same workloads on loamfs's engine and on other stores.
 *
 * Each round runs a workload on one target after the other, so that what slows
 * the machine for a while slows them all; see run.h for a single run, target.h
 * for how stores are made alike, report.h for what becomes of the numbers.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "tools/kvbench/options.h"
#include "tools/kvbench/probe.h"
#include "tools/kvbench/report.h"
#include "tools/kvbench/run.h"
#include "tools/kvbench/target.h"
#include "tools/kvbench/workload.h"

/* A workload without a store, as the name of a target. */
#define RAW "raw"

#define PATH_BYTES 4096

struct bench {
	struct options options;
	struct report report;
	char dir[PATH_BYTES];   /* ours, removed at the end */
	char store[PATH_BYTES]; /* in it, a run's */
};

static int run_one(struct bench *bench, const struct workload *workload,
		   const struct target *target)
{
	const char *name = target ? target->name : RAW;
	uint64_t start_ns = probe_ns();
	struct run_result result;
	size_t i;
	int rc;

	rc = run_execute(workload, target, bench->store, bench->options.scale,
			 &result);
	for (i = 0; rc == 0 && i < workload->metrics_count; i++) {
		if (result.values[i] > 0)
			rc = report_add(&bench->report, workload, i, name,
					result.values[i]);
	}
	if (rc == 0)
		fprintf(stderr, "%-11s %-12s %6.1f s\n", workload->name, name,
			(double)(probe_ns() - start_ns) / (double)NS_PER_S);
	return rc;
}

static int run_round(struct bench *bench, const struct workload *workload)
{
	const struct options *options = &bench->options;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < options->targets_count; i++) {
		const struct target *target = options->targets[i];

		if (workload->needs_flush && !target->flush)
			continue;
		rc = run_one(bench, workload, target);
	}
	if (rc == 0 && workload->run_raw)
		rc = run_one(bench, workload, NULL);
	return rc;
}

static int run_all(struct bench *bench)
{
	const struct options *options = &bench->options;
	unsigned round;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < options->workloads_count; i++) {
		for (round = 0; rc == 0 && round < options->rounds; round++)
			rc = run_round(bench, options->workloads[i]);
	}
	return rc;
}

static void print_table(struct bench *bench)
{
	const struct options *options = &bench->options;
	const char *names[OPTIONS_LIST_MAX + 1];
	size_t count = 0;
	bool raw = false;
	size_t i;

	for (i = 0; i < options->targets_count; i++)
		names[count++] = options->targets[i]->name;
	for (i = 0; i < options->workloads_count; i++)
		raw = raw || options->workloads[i]->run_raw;
	if (raw)
		names[count++] = RAW;
	options_print_settings(options, stdout);
	printf("Scale %g, %u rounds.  ", options->scale, options->rounds);
	report_table(&bench->report, names, count, stdout);
}

static int write_json(struct bench *bench)
{
	const char *path = bench->options.json;
	FILE *out = fopen(path, "we");
	int rc;

	if (!out)
		return error_set(-errno, "%s: cannot be made", path);
	rc = report_json(&bench->report, out);
	if (fclose(out) != 0 && rc == 0)
		rc = error_set(-EIO, "%s: cannot be written", path);
	return rc;
}

static int make_dir(struct bench *bench)
{
	size_t size = sizeof(bench->dir);
	int n = snprintf(bench->dir, size, "%s/kvbench.XXXXXX",
			 bench->options.dir);

	if (n < 0 || (size_t)n + sizeof("/store") > size)
		return error_set(-ENAMETOOLONG, "the directory's name");
	if (!mkdtemp(bench->dir))
		return error_set(-errno, "%s: cannot be made", bench->dir);
	memcpy(bench->store, bench->dir, (size_t)n);
	memcpy(bench->store + n, "/store", sizeof("/store"));
	return 0;
}

static int run_bench(struct bench *bench)
{
	int rc = make_dir(bench);

	if (rc < 0)
		return rc;
	/* It ends the run that is under way, and that ends the bench. */
	signal(SIGINT, SIG_IGN);
	report_init(&bench->report);
	rc = run_all(bench);
	if (rc == 0)
		print_table(bench);
	if (rc == 0 && bench->options.json)
		rc = write_json(bench);
	report_fini(&bench->report);
	(void)rmdir(bench->dir);
	return rc;
}

int main(int argc, char **argv)
{
	static struct bench bench;
	int rc = options_parse(&bench.options, argc, argv);

	if (rc < 0)
		return EXIT_FAILURE;
	switch (bench.options.action) {
	case OPTIONS_HELP:
		options_help(stdout);
		return EXIT_SUCCESS;
	case OPTIONS_LIST:
		options_list(stdout);
		return EXIT_SUCCESS;
	case OPTIONS_RUN:
		break;
	}
	rc = run_bench(&bench);
	if (rc < 0)
		fprintf(stderr, "kvbench: %s\n", error_text(rc));
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
