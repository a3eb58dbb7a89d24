#include "tools/kvbench/report.h"

#include <stdlib.h>

#include "engine/base/error.h"
#include "tools/kvbench/median.h"
#include "tools/kvbench/workload.h"

struct report_cell {
	const struct workload *workload;
	const struct metric *metric;
	const char *target;
	double *values; /* owned, one a round */
	size_t count;
};

void report_init(struct report *report)
{
	*report = (struct report){ 0 };
}

void report_fini(struct report *report)
{
	size_t i;

	for (i = 0; i < report->count; i++)
		free(report->cells[i].values);
	free(report->cells);
	report_init(report);
}

static struct report_cell *cell_find(struct report *report,
				     const struct metric *metric,
				     const char *target)
{
	size_t i;

	for (i = 0; i < report->count; i++) {
		struct report_cell *cell = &report->cells[i];

		if (cell->metric == metric && strcmp(cell->target, target) == 0)
			return cell;
	}
	return NULL;
}

static struct report_cell *cell_new(struct report *report)
{
	size_t cap = report->cap ? report->cap * 2 : 64;
	struct report_cell *cells;

	if (report->count == report->cap) {
		cells = reallocarray(report->cells, cap, sizeof(*cells));
		if (!cells)
			return NULL;
		report->cells = cells;
		report->cap = cap;
	}
	return &report->cells[report->count++];
}

int report_add(struct report *report, const struct workload *workload,
	       size_t metric, const char *target, double value)
{
	const struct metric *m = &workload->metrics[metric];
	struct report_cell *cell = cell_find(report, m, target);
	double *values;

	if (!cell) {
		cell = cell_new(report);
		if (!cell)
			return -ENOMEM;
		*cell = (struct report_cell){
			.workload = workload,
			.metric = m,
			.target = target,
		};
	}
	values = reallocarray(cell->values, cell->count + 1, sizeof(*values));
	if (!values)
		return -ENOMEM;
	values[cell->count++] = value;
	cell->values = values;
	return 0;
}

/* Four digits that count, and k or M, so that columns stay narrow. */
static void print_value(char *buf, size_t size, double value)
{
	if (value >= 1e7)
		snprintf(buf, size, "%.1fM", value / 1e6);
	else if (value >= 1e4)
		snprintf(buf, size, "%.1fk", value / 1e3);
	else if (value >= 100)
		snprintf(buf, size, "%.0f", value);
	else
		snprintf(buf, size, "%.2f", value);
}

static void print_cell(struct report_cell *cell, double first, FILE *out)
{
	char text[32];
	double value, ratio;

	if (!cell) {
		fprintf(out, " %17s", "-");
		return;
	}
	value = median(cell->values, cell->count);
	ratio = cell->metric->higher_is_better ? first / value : value / first;
	print_value(text, sizeof(text), value);
	fprintf(out, " %8s (%6.2f)", text, ratio);
}

static void print_line(struct report *report, const struct report_cell *like,
		       const char *const *names, size_t count, FILE *out)
{
	const struct metric *metric = like->metric;
	struct report_cell *first = cell_find(report, metric, names[0]);
	double value = first ? median(first->values, first->count) : 0;
	char text[32] = "-";
	size_t i;

	if (first)
		print_value(text, sizeof(text), value);
	fprintf(out, "%-11s %-19s %4s %c %9s", like->workload->name,
		metric->name, metric->unit,
		metric->higher_is_better ? '+' : '-', text);
	for (i = 1; i < count; i++)
		print_cell(cell_find(report, metric, names[i]), value, out);
	fputc('\n', out);
}

/* A line begins where a cell is the first of its metric. */
static bool is_first(const struct report *report, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++) {
		if (report->cells[i].metric == report->cells[at].metric)
			return false;
	}
	return true;
}

void report_table(struct report *report, const char *const *names, size_t count,
		  FILE *out)
{
	size_t i;

	fprintf(out,
		"Medians; in brackets how many times better %s is.  +: more is "
		"better, -: less is.\n\n",
		names[0]);
	fprintf(out, "%-11s %-19s %4s   %9s", "workload", "metric", "unit",
		names[0]);
	for (i = 1; i < count; i++)
		fprintf(out, " %17s", names[i]);
	fputc('\n', out);
	for (i = 0; i < report->count; i++) {
		if (is_first(report, i))
			print_line(report, &report->cells[i], names, count,
				   out);
	}
}

int report_json(struct report *report, FILE *out)
{
	size_t i;

	for (i = 0; i < report->count; i++) {
		struct report_cell *cell = &report->cells[i];

		fprintf(out,
			"{\"workload\": \"%s\", \"metric\": \"%s\", "
			"\"target\": \"%s\", \"value\": %.6g, "
			"\"unit\": \"%s\", \"better\": \"%s\"}\n",
			cell->workload->name, cell->metric->name, cell->target,
			median(cell->values, cell->count), cell->metric->unit,
			cell->metric->higher_is_better ? "higher" : "lower");
	}
	if (fflush(out) != 0 || ferror(out))
		return error_set(-EIO, "the JSON cannot be written");
	return 0;
}
