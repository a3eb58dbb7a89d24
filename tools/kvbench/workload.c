#include "tools/kvbench/workload.h"

const struct workload *const workloads[] = {
	&workload_agao,       &workload_cached, &workload_missing,
	&workload_flush,      &workload_last,   &workload_large,
	&workload_timeseries, &workload_random, &workload_sync,
	&workload_tombstones, &workload_memory,
};

const size_t workloads_count = ARRAY_SIZE(workloads);

const struct workload *workload_find(const char *name)
{
	size_t i;

	for (i = 0; i < workloads_count; i++) {
		if (strcmp(workloads[i]->name, name) == 0)
			return workloads[i];
	}
	return NULL;
}

size_t workload_metric(const struct workload *workload, const char *name)
{
	size_t i = 0;

	while (strcmp(workload->metrics[i].name, name) != 0) {
		i++;
		assert(i < workload->metrics_count);
	}
	return i;
}
