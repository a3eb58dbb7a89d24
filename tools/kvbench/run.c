#include "tools/kvbench/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "tools/kvbench/probe.h"

/* One measured value on its way through the pipe, which keeps it whole. */
struct sample {
	size_t metric;
	double value;
};

size_t run_scaled(const struct run *run, size_t count, size_t min)
{
	return size_max((size_t)((double)count * run->scale), min);
}

int run_open(struct run *run)
{
	int rc = run->target->open(&run->store, &run->config);

	if (rc < 0)
		return rc;
	rc = run->target->session_open(&run->session, run->store);
	if (rc < 0)
		(void)run->target->close(run->store);
	return rc;
}

int run_close(struct run *run)
{
	run->target->session_close(run->session);
	return run->target->close(run->store);
}

int run_reopen(struct run *run)
{
	int rc = run_close(run);

	return rc < 0 ? rc : run_open(run);
}

int run_items(struct run *run, item_key key, size_t value_size,
	      int (*work)(struct run *run, struct items *items))
{
	struct items items;
	int rc = items_init(&items, run->target, key, value_size);

	if (rc < 0)
		return rc;
	rc = run_open(run);
	if (rc == 0)
		rc = work(run, &items);
	if (rc == 0)
		rc = run_close(run);
	items_fini(&items);
	return rc;
}

int run_flush(struct run *run)
{
	return run->target->flush ? run->target->flush(run->store) : 0;
}

int run_compact(struct run *run)
{
	return run->target->compact ? run->target->compact(run->store) : 0;
}

int run_emit(struct run *run, const char *name, double value)
{
	struct sample sample = {
		.metric = workload_metric(run->workload, name),
		.value = value,
	};

	if (!(value > 0))
		return error_set(-ERANGE, "%s is %g", name, value);
	if (write(run->pipe, &sample, sizeof(sample)) != sizeof(sample))
		return error_set(-EIO, "%s cannot be sent", name);
	return 0;
}

int run_emit_rate(struct run *run, const char *name, size_t count,
		  uint64_t start_ns)
{
	double ns = (double)(probe_ns() - start_ns);

	return run_emit(run, name, (double)count * (double)NS_PER_S / ns);
}

int run_emit_ns(struct run *run, const char *name, size_t count,
		uint64_t start_ns)
{
	double ns = (double)(probe_ns() - start_ns);

	return run_emit(run, name, ns / (double)count);
}

/* In the process of the run.  Returns its exit status. */
static int run_here(struct run *run)
{
	const char *on = run->target ? run->target->name : "raw";
	int rc;

	rc = run->target ? run->workload->run(run)
			 : run->workload->run_raw(run);
	if (rc == 0)
		return EXIT_SUCCESS;
	fprintf(stderr, "kvbench: %s on %s: %s\n", run->workload->name, on,
		error_text(rc));
	return EXIT_FAILURE;
}

static void read_samples(int pipe, struct run_result *result)
{
	struct sample sample;

	*result = (struct run_result){ 0 };
	while (read(pipe, &sample, sizeof(sample)) == sizeof(sample)) {
		assert(sample.metric < RUN_METRICS_MAX);
		result->values[sample.metric] = sample.value;
	}
}

static int run_apart(struct run *run, struct run_result *result)
{
	int fds[2];
	int status;
	pid_t pid;

	if (pipe(fds) < 0)
		return error_set(-errno, "no pipe");
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return error_set(-EAGAIN, "no process for a run");
	}
	if (pid == 0) {
		close(fds[0]);
		signal(SIGINT, SIG_DFL);
		run->pipe = fds[1];
		exit(run_here(run));
	}
	close(fds[1]);
	read_samples(fds[0], result);
	close(fds[0]);
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	if (WIFSIGNALED(status))
		fprintf(stderr, "kvbench: %s on %s: %s\n", run->workload->name,
			run->target ? run->target->name : "raw",
			strsignal(WTERMSIG(status)));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECANCELED;
}

int run_execute(const struct workload *workload, const struct target *target,
		const char *dir, double scale, struct run_result *result)
{
	struct run run = {
		.workload = workload,
		.target = target,
		.scale = scale,
		.config = {
			.dir = dir,
			.memtable_bytes = workload->memtable_bytes,
			.cache_bytes = workload->cache_bytes,
			.large_values = workload->large_values,
			.durable = workload->durable,
		},
	};
	int removed;
	int rc;

	assert(workload->metrics_count <= RUN_METRICS_MAX);
	if (run.config.memtable_bytes == 0)
		run.config.memtable_bytes = RUN_MEMTABLE_BYTES;
	if (run.config.cache_bytes == 0)
		run.config.cache_bytes = RUN_CACHE_BYTES;
	rc = run_apart(&run, result);
	removed = probe_remove(dir);
	return rc < 0 ? rc : removed;
}
