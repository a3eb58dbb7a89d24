/*
 * stats: what an open store counts and measures about itself.
 *
 * Counters are for every call, so they must cost next to nothing: they are kept
 * in shards, each on cache lines of its own.  A shard belongs to one thread
 * while that lives, which adds to it with a load and a store, no locked
 * instruction; threads that find all taken share the last one and add
 * atomically.  What is shown is the sum over the shards.
 *
 * Spreads are histograms of durations and sizes.  Of what takes less than a few
 * microseconds only one in STATS_SAMPLE_MEAN is timed, at random: reading the
 * clock twice would cost more than counting does, and a fixed step could fall
 * into step with the caller and time always the same one of its calls.  What
 * waits for a disk or for another thread is always timed.
 *
 * What belongs to files (reads, writes and syncs by kind of file) is counted by
 * meter.h, what belongs to edits of the version by stats_edit(); so most of the
 * engine knows nothing of all this.
 *
 * Memory: 4 KiB of counters and STATS_SPREADS histograms of 5 KiB a store.
 * Thread-safe.  All is since stats_new(), and nothing is ever reset: who wants
 * a rate looks twice.
 */
#ifndef ENGINE_STATS_H
#define ENGINE_STATS_H

#include <stdalign.h>

#include "engine/base/histogram.h"
#include "engine/file_format.h"

struct edit;
struct kv_spreads;
struct kv_stats;
struct version;

#define STATS_SHARDS      16
#define STATS_SAMPLE_MEAN 64 /* calls to one that is timed */
#define STATS_KINDS       (FILE_BLOB + 1)

enum stats_counter {
	STATS_GETS_MEMTABLE, /* newest entry, or tombstone, in a memtable */
	STATS_GETS_TABLE,    /* in an SST */
	STATS_GETS_ABSENT,   /* neither */
	STATS_VALUES_BLOB,   /* values asked of the value log or its cache */
	STATS_FILTER_USEFUL, /* tables left alone because of their filter */
	STATS_FILTER_FALSE,  /* tables searched in vain */
	STATS_ITERATORS,
	STATS_SEEKS,
	STATS_BATCHES,
	STATS_BATCH_BYTES, /* keys and values */
	STATS_FLUSHES,
	STATS_FLUSH_BYTES, /* of the tables they made */
	STATS_COMPACTIONS,
	STATS_COMPACT_BYTES_IN,   /* of the tables they read */
	STATS_COMPACT_BYTES_OUT,  /* of the tables they made */
	STATS_COMPACT_TOMBSTONES, /* that they left out */
	STATS_MOVES,              /* compactions without a merge */
	STATS_BLOBS_DROPPED,      /* blob files removed, dead */
	STATS_COUNTERS,
};

enum stats_spread {
	STATS_GET_NS,   /* sampled */
	STATS_SEEK_NS,  /* sampled */
	STATS_WRITE_NS, /* sampled */
	STATS_GROUP,    /* batches that shared one log write */
	STATS_WAIT_NS,  /* of a writer, for a flush or to be slowed down */
	STATS_SYNC_NS,  /* a kv_sync() that had to wait */
	STATS_FLUSH_NS,
	STATS_COMPACT_NS,
	STATS_TABLE_READ_NS, /* a read from an SST's file */
	STATS_BLOB_READ_NS,  /* a read from a blob file */
	STATS_FILE_SYNC_NS,  /* of any file */
	STATS_SPREADS,
};

struct stats_shard {
	alignas(64) _Atomic uint64_t counts[STATS_COUNTERS];
};

/* What was done to the files of a kind. */
struct stats_io {
	_Atomic uint64_t reads;
	_Atomic uint64_t read_bytes;
	_Atomic uint64_t writes;
	_Atomic uint64_t write_bytes;
	_Atomic uint64_t syncs;
};

struct stats {
	struct stats_shard shards[STATS_SHARDS];
	struct stats_io io[STATS_KINDS]; /* by enum file_kind; 0: no kind */
	struct histogram spreads[STATS_SPREADS];
	struct env *clock; /* borrowed */
};

/* @clock must outlive it.  NULL if out of memory. */
struct stats *stats_new(struct env *clock);
void stats_free(struct stats *s); /* accepts NULL */

/* What a thread knows; the same for all stores. */
struct stats_thread {
	unsigned shard;  /* counted from 1; 0: none yet */
	unsigned left;   /* calls to the next one that is timed */
	uint32_t random; /* draws the distances */
};

extern _Thread_local struct stats_thread stats_thread;

/* Finds a shard for this thread; it is given back when the thread ends. */
void stats_take_shard(void);

/* Draws how many calls there are to the next one that is timed. */
void stats_draw_sample(void);

static inline void stats_add(struct stats *s, enum stats_counter counter,
			     uint64_t n)
{
	_Atomic uint64_t *count;

	if (unlikely(stats_thread.shard == 0))
		stats_take_shard();
	count = &s->shards[stats_thread.shard - 1].counts[counter];
	if (unlikely(stats_thread.shard == STATS_SHARDS)) {
		atomic_fetch_add_explicit(count, n, memory_order_relaxed);
		return;
	}
	n += atomic_load_explicit(count, memory_order_relaxed);
	atomic_store_explicit(count, n, memory_order_relaxed);
}

uint64_t stats_sum(const struct stats *s, enum stats_counter counter);

/* When something begins that is always timed. */
static inline uint64_t stats_begin(const struct stats *s)
{
	return env_monotonic_ns(s->clock);
}

/* The same for what is sampled: 0 unless it is to be timed. */
static inline uint64_t stats_begin_sample(const struct stats *s)
{
	if (likely(--stats_thread.left > 0))
		return 0;
	stats_draw_sample();
	return stats_begin(s);
}

/* It has ended.  Nothing happens if @begin_ns is 0. */
static inline void stats_end(struct stats *s, enum stats_spread spread,
			     uint64_t begin_ns)
{
	if (unlikely(begin_ns != 0))
		histogram_add(&s->spreads[spread],
			      env_monotonic_ns(s->clock) - begin_ns);
}

/*
 * The version @old is being replaced by what @edit makes of it; @flush: the
 * edit is that of a flush.
 */
void stats_edit(struct stats *s, const struct version *old,
		const struct edit *edit, bool flush);

/* Fill in what is known here. */
void stats_show(const struct stats *s, struct kv_stats *out);
void stats_show_spreads(const struct stats *s, struct kv_spreads *out);

#endif
