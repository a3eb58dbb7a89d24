/*
 * What the command line asks for.
 */
#ifndef TOOLS_KVBENCH_OPTIONS_H
#define TOOLS_KVBENCH_OPTIONS_H

#include <stdio.h>

#include "engine/base/base.h"

#define OPTIONS_LIST_MAX 16 /* of targets, of workloads */

struct target;
struct workload;

enum options_action {
	OPTIONS_RUN,
	OPTIONS_LIST, /* workloads and their metrics */
	OPTIONS_HELP,
};

struct options {
	enum options_action action;
	const char *dir;  /* borrowed */
	const char *json; /* borrowed; NULL: none */
	unsigned rounds;
	double scale;
	const struct target *targets[OPTIONS_LIST_MAX]; /* in this order */
	size_t targets_count;
	const struct workload *workloads[OPTIONS_LIST_MAX];
	size_t workloads_count;
};

/* Returns 0, or -EINVAL after it said on stderr what is wrong. */
int options_parse(struct options *options, int argc, char **argv) MUST_USE;

void options_help(FILE *out);

/* Each workload and metric: name, name, unit, "higher" or "lower". */
void options_list(FILE *out);

/* What all stores, and what these stores, are set to. */
void options_print_settings(const struct options *options, FILE *out);

#endif
