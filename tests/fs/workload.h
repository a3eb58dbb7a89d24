/*
 * A row of random operations, the same each time it is run, for tests in which
 * something fails at the k-th call: with all the states that it goes through,
 * as models.
 *
 * Between the operations come syncs, flushes, compactions and collections, and
 * inodes are held while their names are removed, so that there are orphans.
 * What a step does follows from the state before it and from its number alone.
 *
 * Inode numbers are not part of a state: a create that failed may have used one
 * up.  model_fs_same() learns them.
 */
#ifndef TESTS_FS_WORKLOAD_H
#define TESTS_FS_WORKLOAD_H

#include "tests/fs/fixture.h"
#include "tests/fs/model_fs.h"

#define WORKLOAD_STEPS 40

enum workload_kind {
	WORKLOAD_FRESH,   /* from an empty directory on; all is tiny */
	WORKLOAD_LOG,     /* a store that has been used; nothing is flushed */
	WORKLOAD_THREADS, /* the same, tiny, with all threads: by chance */
	WORKLOAD_SYNCED,  /* the same, without; each step is synced */
	WORKLOAD_KINDS,
};

struct workload {
	enum workload_kind kind;
	struct env *base; /* owned: what the disk holds before it */
	struct model states[WORKLOAD_STEPS + 1]; /* after each step */
	unsigned seeds[WORKLOAD_STEPS + 1];      /* before each step */
	uint64_t calls; /* of the env, from opening to closing */
};

/* Which steps were ... */
struct outcome {
	int begun;
	int acked;  /* answered without an error: all up to this one */
	int synced; /* covered by a sync that said so */
};

/* Makes the workload number @seed of a kind, in memory of the caller's. */
void workload_init(struct workload *w, enum workload_kind kind, unsigned seed);
void workload_fini(struct workload *w);

/* A new env that holds what the disk holds before the workload. */
struct env *workload_env(const struct workload *w);

int workload_open(const struct workload *w, struct env *env,
		  struct fs **fs) MUST_USE;

/* Opens @env, does steps until one fails, and closes. */
void workload_run(const struct workload *w, struct env *env,
		  struct outcome *out);

/* Step @n, on a filesystem that is in the state before it; as model_fs_step().
 */
bool workload_step(const struct workload *w, struct model *m, struct fs *fs,
		   int n);

/* What comes between step @n and the next. */
int workload_maintain(const struct workload *w, struct fs *fs, int n,
		      struct outcome *out) MUST_USE;

/*
 * Opens what is left on @env, which must be sound, and exactly as after one of
 * the steps from @low to @high; does some more; closes.  @env is freed.  @what
 * is for messages.
 */
void workload_check(const struct workload *w, struct env *env, int low,
		    int high, const char *what);

/* Opens @env; the tree and the counters must be in order. */
struct fs *workload_open_sound(const struct workload *w, struct env *env,
			       const char *what);

#endif
