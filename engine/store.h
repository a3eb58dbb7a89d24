/*
 * store: what an open store is made of.  Private to engine/.
 *
 * The way of a write: kv_write() (write.c) puts large values into the value
 * log, queues the batch, and a leader writes all that wait to the log and to
 * the active memtable.  A memtable that is full is frozen, flushed to an SST
 * (flush.c), and its log dropped; SSTs are merged downwards (compact.c).
 *
 * The way of a read: a view (view.h) holds all that a reader needs, memtables
 * and version, and never changes; it is replaced as a whole when a memtable is
 * frozen or a version installed.
 *
 * Invariants
 *   - Every change up to a view's seq is in its memtables or its version.
 *   - At most VIEW_FROZEN_MAX memtables are frozen; their logs and the active
 *     one's are the only ones that recovery needs.
 *   - An edit is durable in the manifest before the version it makes is seen,
 *     and what the edit drops is removed only after that.
 *   - Whatever an SST or a log names in the value log is in a blob file that
 *     the manifest named before.
 */
#ifndef ENGINE_STORE_H
#define ENGINE_STORE_H

#include <stdatomic.h>

#include "engine/base/arena.h"
#include "engine/base/lock.h"
#include "engine/base/thread.h"
#include "engine/cache.h"
#include "engine/demand.h"
#include "engine/kv.h"
#include "engine/manifest.h"
#include "engine/pace.h"
#include "engine/queue.h"
#include "engine/stats.h"
#include "engine/view.h"
#include "engine/vlog.h"
#include "engine/voids.h"

#define STORE_SPARE_ITERS STATS_SHARDS

struct kv {
	/* Set by kv_open(), then constant. */
	struct env *medium;  /* borrowed: as we were given it */
	struct env *env;     /* owned: the same, bounded and counted */
	struct stats *stats; /* owned */
	struct kv_options options;
	uint8_t store_id[16];
	struct cache *blocks; /* owned */
	struct cache *blobs;  /* owned */

	/* Threads of our own, if options.background; see sched.h. */
	struct thread flush_thread;
	struct thread compact_thread;
	struct thread sync_thread;
	_Atomic bool threads; /* they run */
	uint64_t warmed;      /* the compaction thread's: see warm.h */

	struct queue queue; /* of writers; see write.c */
	struct pace pace;   /* how fast they may go */

	struct demand demand; /* of reads, for a smaller L0 */

	/* Only the leader looks. */
	_Atomic uint64_t
		seq_given;     /* newest number given out, before it is used */
	struct view_mt active; /* borrowed from the view: only the leader
				* replaces it */

	/* Syncing; see sync.c. */
	struct mutex sync;         /* RANK_SYNC; guards what follows */
	bool syncing;              /* somebody leads a round */
	bool sync_heir;            /* somebody waits to lead the next */
	uint64_t sync_round;       /* counts the rounds */
	uint64_t sync_target;      /* changes up to this one are covered */
	struct event sync_turn;    /* the heir leads now */
	struct event sync_done[2]; /* of even and of odd rounds */
	unsigned sync_callers[2];  /* who were in even and in odd ones */
	bool sync_gathers;         /* the leader waits for the others */
	unsigned sync_awaited;     /* callers with whom all are there again */
	struct event sync_all;     /* they are */
	uint64_t sync_ended_ns;    /* when the last round did */
	uint64_t sync_took_ns;     /* and how long its syncing took */
	unsigned sync_rests;       /* rounds that are to wait for nobody */

	struct mutex gc_job;      /* RANK_GC: one change of the blob files */
	struct mutex collect_job; /* RANK_JOB: one collection at a time */
	struct mutex flush_job;   /* RANK_JOB: one flush at a time */
	struct mutex compact_job; /* RANK_JOB: one compaction at a time */
	unsigned level_turn[VERSION_LEVELS]; /* guarded by compact_job */

	struct wal_spare spare_wal;
	struct vlog vlog;
	struct manifest manifest;

	struct views views; /* atomic; published to under state */

	/* Guarded by state. */
	struct mutex state;  /* RANK_STATE */
	struct cond changed; /* the view, stopping or flush_rc did */
	bool stopping;
	int flush_rc;    /* why the last flush failed, or 0 */
	int64_t charged; /* bytes of the block cache's budget; see store.c */
	struct kv_snapshot *snapshot_first; /* oldest; see snapshot.h */
	struct kv_snapshot *snapshot_last;
	size_t snapshot_count;

	struct voids voids; /* see voids.h */

	/* Of memtables that are gone, for the active one. */
	struct arena_spare spare_memory;

	/* Memory for the next iterators, by thread; see iter.h. */
	_Atomic(struct kv_iter *) spare_iters[STORE_SPARE_ITERS];

	/* What kv_tune() changes: see tune.c. */
	struct {
		_Atomic size_t memtable_bytes_max;
		_Atomic size_t tree_memory_bytes;
		_Atomic size_t blob_cache_bytes;
		_Atomic unsigned sync_interval_ms;
		_Atomic bool compress;
	} tuned;
	uint64_t memtable_bytes_limit; /* of the medium; constant */

	/* Room for batches; see space.c. */
	_Atomic int64_t space_room; /* bytes, until the medium is asked again */
	_Atomic bool space_short;   /* a batch found no room */
	_Atomic uint64_t space_freeing; /* newest change that freed some */
	_Atomic uint64_t space_cleaned; /* newest change that was cleaned up */

	/* Atomic. */
	_Atomic int poison;            /* 0, or the error that poisoned it */
	_Atomic uint64_t seq_visible;  /* newest change that readers may see */
	_Atomic uint64_t seq_durable;  /* newest change known durable */
	_Atomic uint64_t next_number;  /* of the next file, or blob id */
	_Atomic uint64_t newest_table; /* of those added: see warm.h */
	_Atomic uint64_t syncs;
	_Atomic uint64_t collections;     /* files rewritten */
	_Atomic uint64_t collected_bytes; /* of the files that were made */
};

/* Pins the current view; view_unref() gives it back. */
struct view *store_view(struct kv *kv);

/*
 * The same, and the newest change that readers of it may see: read in this
 * order, as view.h says.
 */
struct view *store_view_at(struct kv *kv, uint64_t *seq);

/* The current view, borrowed. */
struct view *store_view_locked(struct kv *kv) NEEDS(kv->state);

/*
 * Replaces the view: zeros keep what there is; @version installs one; @active
 * freezes the active memtable, and only the leader does that; @drop_oldest
 * drops the oldest frozen one.  Takes over the references it is given, on
 * success only.  @room is memory for the new view, zeroed, and taken over in
 * any case: for who could not go back if there were none; NULL: it is asked
 * for.  Returns 0 or -ENOMEM.
 */
struct view_change {
	struct view *room;
	struct version *version;
	struct view_mt active;
	bool drop_oldest;
};

int store_change_view(struct kv *kv, const struct view_change *change) MUST_USE;

/* Remembers that nothing may be written any more; returns @rc. */
int store_poison(struct kv *kv, int rc);

/* 0, or -EROFS with words. */
int store_writable(struct kv *kv) MUST_USE;

/*
 * Makes @edit durable in the manifest, then lets it be seen.  With
 * @drop_oldest, the oldest frozen memtable goes in the same moment.
 */
int store_commit_edit(struct kv *kv, struct edit *edit,
		      bool drop_oldest) MUST_USE;

/*
 * The tables that @edit adds, all made for it, are not to be: their files go,
 * unless the store is poisoned and the edit may be durable after all.
 */
void store_abandon_edit(struct kv *kv, const struct edit *edit);

/* A number that no file of the store has had. */
uint64_t store_next_number(struct kv *kv);

/*
 * A call that was timed, for all like it: each would pay @bytes for a table of
 * L0; see demand.h.
 */
void store_demand(struct kv *kv, uint64_t bytes);

/* write.c: freezes the active memtable, if anything is in it. */
int store_rotate(struct kv *kv) MUST_USE;

/*
 * write.c: writes down in the log what is durable.  The record itself need not
 * be: it is there so that damage to what is behind the last change is not taken
 * for the torn end of what was never synced.
 */
int store_mark(struct kv *kv) MUST_USE;

/* write.c: a new memtable, which will hold about @keys, with its log. */
int store_new_log(struct kv *kv, size_t keys, struct view_mt *out) MUST_USE;

/* prepare.c: writes the values to the value log, rolling the file if need be.
 */
int store_write_values(struct kv *kv, struct vlog_batch *blobs) MUST_USE;

/* sync.c: makes all that was written durable, also what no mark stands for. */
int store_sync(struct kv *kv) MUST_USE;

/* flush.c: writes the memtables that are frozen now to SSTs. */
int store_flush_frozen(struct kv *kv) MUST_USE;

/* compact.c: does the most urgent compaction.  1 if there was one, else 0. */
int store_compact_step(struct kv *kv) MUST_USE;

#endif
