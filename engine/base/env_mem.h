/*
 * An env that keeps its files in memory, for tests: it can fail any call, cut
 * the power at any call, and show what a disk could hold afterwards.
 *
 * Every call that changes or reads files (open, read, write, size,
 * truncate, sync, rename, remove, link, sync_dir, list) has a number, counted
 * from 1 since env_mem_new() or the last env_mem_arm().
 *
 * How a power cut is simulated.  Each file holds its bytes twice, as the
 * process sees them and as the disk has them for sure, and a list of the
 * sectors (512 bytes) written since the last sync; the directory likewise
 * holds its names twice, with the operations in between.  env_mem_cut() builds
 * from these, with a seeded generator, one of the states that env.h allows:
 * each unsynced sector new, old, zero or garbage; the size old, new or in
 * between; each unsynced name operation done or not.  Zeros and garbage strike
 * from the first to the last byte written in a sector, so that what was synced
 * before into the same sector stays; truncated bytes count as written.
 *
 * Two of them can share files, as two directories of one file system can; a
 * link is a call of the env that gets the name.
 *
 * Thread-safe.
 */
#ifndef ENGINE_BASE_ENV_MEM_H
#define ENGINE_BASE_ENV_MEM_H

#include "engine/base/env.h"

enum env_mem_fault {
	ENV_MEM_NONE,
	ENV_MEM_EIO,    /* the call does nothing and returns -EIO */
	ENV_MEM_ENOSPC, /* calls that need room return -ENOSPC */
	ENV_MEM_SHORT,  /* a write does a part of its bytes, then -EIO */
	ENV_MEM_CUT,    /* power fails: this call and all later ones -EIO */
	ENV_MEM_LIE,    /* a sync fails once, drops what was unsynced from
			 * the disk, and later syncs say 0 */
};

/* What env_mem_cut() prefers. */
enum env_mem_loss {
	ENV_MEM_LOSE_RANDOM,  /* each piece by the toss of a coin */
	ENV_MEM_LOSE_ALL,     /* everything that was not synced is gone */
	ENV_MEM_LOSE_NOTHING, /* all of it is there, as after kill -9 */
	ENV_MEM_LOSE_OLDEST,  /* later pieces are there, earlier ones not */
};

/* An empty store.  @seed feeds env_random() and env_mem_cut(). */
int env_mem_new(struct env **out, uint64_t seed) MUST_USE;

/*
 * From now on, counting calls from 1, the @kth call that @fault applies to
 * fails with it; with @sticky, all later ones that it applies to fail too.
 */
void env_mem_arm(struct env *env, enum env_mem_fault fault, uint64_t kth,
		 bool sticky);

/* Calls made since env_mem_new() or the last env_mem_arm(). */
uint64_t env_mem_calls(struct env *env);

/* How often an armed fault has struck, in all; a cut strikes once. */
uint64_t env_mem_faults(struct env *env);

/* The bytes that env_sync_soon() was told of, in all; that is no call. */
uint64_t env_mem_soon_bytes(struct env *env);

/*
 * Makes a new env that holds one state in which the disk of @env may be found
 * after the power failed now.  @env is not changed; both are freed by the
 * caller.  The clock of the new env goes on where that of @env is.
 */
int env_mem_cut(struct env *env, enum env_mem_loss loss, uint64_t seed,
		struct env **out) MUST_USE;

/* Limits the sum of all file sizes: writes past it get -ENOSPC.  0: none. */
void env_mem_limit(struct env *env, uint64_t bytes_max);

/* The sum of all file sizes as the process sees them, removed ones left out. */
uint64_t env_mem_bytes(struct env *env);

/*
 * Has @hook called before each write of @bytes to the file @name, and before
 * each sync of it (0 bytes), without a lock, so that it may take its time: a
 * slow disk.  Set before others write.
 */
void env_mem_hook(struct env *env,
		  void (*hook)(const char *name, uint64_t bytes));

/* Time passes: the clock goes on by @ns nanoseconds. */
void env_mem_pass(struct env *env, uint64_t ns);

/* Changes one byte of a file behind everybody's back: flips the bits @mask. */
int env_mem_flip(struct env *env, const char *name, uint64_t offset,
		 uint8_t mask) MUST_USE;

#endif
