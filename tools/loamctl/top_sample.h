/*
 * top_sample: all that top shows, as it was at one moment, and the differences
 * between two.
 *
 * One thread.
 */
#ifndef TOOLS_LOAMCTL_TOP_SAMPLE_H
#define TOOLS_LOAMCTL_TOP_SAMPLE_H

#include "tools/loamctl/measures.h"

#define SAMPLE_KINDS     64
#define SAMPLE_PROCESSES 64

struct sample_count {
	char name[32]; /* of a kind of requests, or a number of a process */
	uint64_t count;
};

struct sample {
	uint64_t at_ns;
	struct measures m;
	struct sample_count kinds[SAMPLE_KINDS];
	size_t kind_count;
	struct sample_count processes[SAMPLE_PROCESSES];
	size_t process_count;
	uint64_t daemon_bytes; /* of memory that it has; 0: not known */
};

/* Asks the daemon that has @t open, anew. */
int sample_take(struct sample *s, struct target *t) MUST_USE;
void sample_fini(struct sample *s);

/* A measurement's growth a second. */
uint64_t sample_rate(const struct sample *old, const struct sample *new,
		     const char *group, const char *name);

/* The mean of a spread over what came in between; 0: nothing did. */
uint64_t sample_mean_ns(const struct sample *old, const struct sample *new,
			const char *group);

/* What came in between, a second, the most first; returns how many. */
size_t sample_kinds(const struct sample *old, const struct sample *new,
		    struct sample_count out[SAMPLE_KINDS]);
size_t sample_processes(const struct sample *old, const struct sample *new,
			struct sample_count out[SAMPLE_PROCESSES]);

/* What a process is called; "" if it is gone, and for the kernel. */
void sample_process_name(const char *pid, char *out, size_t size);

#endif
