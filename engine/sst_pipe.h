/*
 * sst_pipe: the data blocks of a table on their way to its file.
 *
 * A block that is complete is compressed and added to the file and to the
 * index.  That takes about as long as it takes to fill the block; so for a
 * table that becomes large a thread of its own does it, if that is asked for,
 * while the caller fills the next blocks.
 *
 * A table is worth a thread when its blocks would fill the ring.  They are
 * handed over in loads, of which that ring has PIPE_LOADS: the caller fills one
 * while the thread empties those before it, and waits where there is none free.
 * So at most `thread_bytes` and a block for each load are in memory.
 *
 * What comes out is the same, byte for byte, with a thread and without.  What
 * goes wrong in the thread is told by a later call, with its words.
 *
 * Threads: one caller at a time.  From the first load to sst_pipe_end(), what
 * the pipe borrows is the thread's.  The thread runs as nice as the one that
 * started it.
 */
#ifndef ENGINE_SST_PIPE_H
#define ENGINE_SST_PIPE_H

#include <stdatomic.h>

#include "engine/base/error.h"
#include "engine/base/lock.h"
#include "engine/base/thread.h"
#include "engine/sst_index.h"

#define PIPE_LOADS 4

struct sst_out;

struct sst_pipe_options {
	struct sst_out *out;     /* borrowed */
	struct sst_index *index; /* borrowed */
	bool compress;
	size_t thread_bytes; /* of blocks; then there is a thread; 0: never */
};

struct sst_load {
	struct buf cuts;   /* blocks, as sst_cut_put() lays them out */
	size_t bytes;      /* of these, when it was handed over; the caller's */
	uint64_t out_size; /* of the file, when they were all in it */
};

struct sst_pipe {
	struct sst_pipe_options options;

	/* The caller's. */
	uint64_t bytes;    /* of blocks, so far */
	uint64_t waiting;  /* of loads that may not be written yet */
	uint64_t out_size; /* of the file, with all others */
	bool running;      /* there is a thread */
	struct thread thread;

	/* A load is the thread's from its turn of `given` to that of `done`. */
	struct sst_load loads[PIPE_LOADS];
	struct event given;
	struct event done;

	_Atomic int rc;           /* the thread's first failure */
	struct error_words words; /* written before that, and never again */
};

void sst_pipe_init(struct sst_pipe *p, const struct sst_pipe_options *options);

/* Ends the thread, if there is one; an error is kept to itself. */
void sst_pipe_fini(struct sst_pipe *p);

/* Sends a block on its way; @cut may be reused.  Returns 0 or an error. */
int sst_pipe_put(struct sst_pipe *p, const struct sst_cut *cut) MUST_USE;

/*
 * The bytes written or waiting to be, of which those that wait for the thread
 * are not compressed yet.  How far it is makes no difference.
 */
uint64_t sst_pipe_size(const struct sst_pipe *p);

/* Waits until all is written, and ends the thread.  Returns 0 or an error. */
int sst_pipe_end(struct sst_pipe *p) MUST_USE;

#endif
