/*
 * The report: what all rounds measured, as a table for people and as JSON.
 *
 * A cell is a metric of a workload on a target; it collects one value a round
 * and is reported as their median.  Cells stand in the order in which they were
 * first added, so all targets of a metric need not be neighbours.
 */
#ifndef TOOLS_KVBENCH_REPORT_H
#define TOOLS_KVBENCH_REPORT_H

#include <stdio.h>

#include "engine/base/base.h"

struct metric;
struct report_cell;
struct workload;

struct report {
	struct report_cell *cells; /* owned */
	size_t count;
	size_t cap;
};

void report_init(struct report *report);
void report_fini(struct report *report);

/* @target is borrowed.  Returns 0 or -ENOMEM. */
int report_add(struct report *report, const struct workload *workload,
	       size_t metric, const char *target, double value) MUST_USE;

/*
 * A line a metric, a column a target of @names, the first of which the others
 * are held against: behind each value stands how many times better the first
 * is, so that what is above 1 is in its favour.
 */
void report_table(struct report *report, const char *const *names, size_t count,
		  FILE *out);

/* One object a line.  Returns 0 or -EIO. */
int report_json(struct report *report, FILE *out) MUST_USE;

#endif
