/*
 * kv: an embedded, ordered, durable key-value store.  The one public header of
 * engine/.
 *
 * Keys are 1 to KV_KEY_MAX bytes and sorted as unsigned bytes; values are 0 to
 * KV_VALUE_MAX bytes.  Changes are made in batches; a batch is atomic.  Small
 * values live in a log-structured merge tree, large ones in a value log.
 *
 * What survives
 *   - A batch whose kv_write() returned 0 survives the death of the process.
 *   - A batch that kv_sync() covered survives a power cut.
 *   - What a power cut takes is always a suffix: the store is found as it was
 *     after some batch, all later ones gone, and never before one that was
 *     covered by a kv_sync().  A background sync bounds that suffix in time.
 *
 * Errors: 0 or a negative errno (see base.h); the words that go with the code
 * are in kv_error_text().  After a failed write or sync the store is poisoned:
 * reads go on, writes return -EROFS, and opening it again recovers.  Running
 * out of room does not poison: kv_write() returns -ENOSPC and changes nothing.
 *
 * Thread safety: all functions may be called from several threads at once,
 * except that a batch, an iterator and a value belong to one thread at a time.
 */
#ifndef ENGINE_KV_H
#define ENGINE_KV_H

#include "engine/base/slice.h"

#define KV_KEY_MAX   ((size_t)1024)     /* bytes */
#define KV_VALUE_MAX ((size_t)16 << 20) /* bytes */
#define KV_BATCH_MAX ((size_t)64 << 20) /* bytes, keys and values */

struct env;
struct kv;          /* an open store */
struct kv_batch;    /* changes to be made together */
struct kv_iter;     /* a position in a store as it was at one moment */
struct kv_snapshot; /* a store as it was at one moment */

/*
 * A memtable and a blob file are made smaller than asked for on a small medium:
 * at most a 64th of it, but 1 MiB in any case.
 */
struct kv_options {
	bool create;               /* make a store where there is none */
	bool background;           /* own threads; else work is done in calls */
	size_t memtable_bytes_max; /* then it is flushed to an SST */
	size_t tree_memory_bytes;  /* memtables, indexes, filters and, with what
				      is left of it, decoded SST blocks */
	size_t blob_cache_bytes;   /* of decoded blobs */
	size_t separate_at;        /* values from this size on are blobs */
	size_t block_bytes;        /* an SST block before compression */
	size_t sst_bytes_max;      /* an SST made by compaction */
	size_t level_base_bytes;   /* the first level below L0 */
	size_t blob_file_bytes_max; /* then the next blob file is begun */
	unsigned sync_interval_ms;  /* background sync; 0: none */
	size_t reserve_bytes;       /* kept free: kv_batch_use_reserve() */
	size_t open_files_max;      /* tables and old blob files; 0: no bound */
	size_t sst_write_bytes;     /* written of an SST at a time; 0: 1 MiB */
	bool salvage;               /* a damaged log ends where the damage is */
};

/* What kv_open() takes for options that are NULL. */
extern const struct kv_options kv_options_default;

/*
 * Opens the store that @env holds, recovering it if need be, and takes it for
 * this process until env_free().  @env is borrowed until kv_close().
 *
 * Returns 0, -ENOENT (no store and no @create), -ENOTEMPTY (the directory holds
 * something else; nothing was touched), -EBUSY (another process has it open),
 * -EPROTONOSUPPORT (written by a newer version), -EBADMSG or -EUCLEAN
 * (damaged), -EIO, -ENOSPC, -ENOMEM, -EINVAL.
 */
int kv_open(struct kv **out, struct env *env,
	    const struct kv_options *options) MUST_USE;

/*
 * Makes everything durable and ends.  No other call may be under way; all
 * iterators and values must have been given back.  Returns the error that kept
 * something from being durable; @kv is gone in any case.  Accepts NULL.
 */
int kv_close(struct kv *kv);

/* The words for the last error in this thread; see error.h. */
const char *kv_error_text(int rc);

/* ------------------------------------------------------------- reading -- */

/*
 * A value that kv_get() found: pinned in memory, not copied.  Give it back
 * soon; what it pins cannot be evicted.
 */
struct kv_value {
	struct slice data;         /* valid until kv_value_release() */
	void *pinned;              /* private */
	void (*unpin)(void *what); /* private */
};

/*
 * Finds the newest value of @key.  Returns 0 and fills @value, -ENOENT if there
 * is no such key, -EIO, -EBADMSG, -EUCLEAN or -ENOMEM.
 */
int kv_get(struct kv *kv, struct slice key, struct kv_value *value) MUST_USE;

/* As kv_get(), of the store as it was for @snapshot; NULL: as it is now. */
int kv_get_at(struct kv *kv, const struct kv_snapshot *snapshot,
	      struct slice key, struct kv_value *value) MUST_USE;

/* As kv_get() without reading the value: 0 and its size, or -ENOENT, ... */
int kv_size(struct kv *kv, struct slice key, size_t *size) MUST_USE;

/* Accepts a value that is all zero. */
void kv_value_release(struct kv_value *value);

/*
 * Holds on to the store as it is now.  What it sees is kept through any number
 * of changes, flushes and compactions, which costs space: close it when it is
 * of no use any more, in any case before kv_close().  It does not outlive the
 * process.  Returns 0 or -ENOMEM.
 */
int kv_snapshot_open(struct kv_snapshot **out, struct kv *kv) MUST_USE;
void kv_snapshot_close(struct kv_snapshot *snapshot); /* accepts NULL */

/*
 * An iterator over the keys from @lower (included) to @upper (excluded); an
 * empty slice means no bound.  It sees the store as it is now, whatever is
 * written later, and keeps the files it needs.  It begins before the first key
 * and after the last: seek before you step.  The bounds are copied.
 *
 * The caller ends it with kv_iter_close().  Returns 0 or -ENOMEM.
 */
int kv_iter_open(struct kv_iter **out, struct kv *kv, struct slice lower,
		 struct slice upper) MUST_USE;

/* The same over the store as it was for @snapshot; NULL: as it is now. */
int kv_iter_open_at(struct kv_iter **out, struct kv *kv,
		    const struct kv_snapshot *snapshot, struct slice lower,
		    struct slice upper) MUST_USE;

/* The same over all keys that begin with @prefix; or -EINVAL: it is too long.
 */
int kv_iter_open_prefix(struct kv_iter **out, struct kv *kv,
			const struct kv_snapshot *snapshot,
			struct slice prefix) MUST_USE;

void kv_iter_close(struct kv_iter *it); /* accepts NULL */

/*
 * Each goes to an entry and returns 1, or 0 if there is none that way, or an
 * error (-EIO, -EBADMSG, -EUCLEAN, -ENOMEM).  After 0 or an error only another
 * seek or kv_iter_close() may follow.  kv_iter_seek() goes to the first key at
 * or after @key, kv_iter_seek_before() to the last key before it.
 */
int kv_iter_first(struct kv_iter *it) MUST_USE;
int kv_iter_last(struct kv_iter *it) MUST_USE;
int kv_iter_seek(struct kv_iter *it, struct slice key) MUST_USE;
int kv_iter_seek_before(struct kv_iter *it, struct slice key) MUST_USE;
int kv_iter_next(struct kv_iter *it) MUST_USE;
int kv_iter_prev(struct kv_iter *it) MUST_USE;

/* The entry's key; valid until the iterator moves. */
struct slice kv_iter_key(const struct kv_iter *it);

/*
 * The entry's value, read from the value log if need be; valid until the
 * iterator moves.  Returns 0, -EIO, -EBADMSG, -EUCLEAN or -ENOMEM.
 */
int kv_iter_value(struct kv_iter *it, struct slice *value) MUST_USE;

/*
 * The size in bytes of the entry's value, without reading it; 0 if what the
 * store says of it is nonsense, as kv_iter_value() will report.
 */
size_t kv_iter_value_size(const struct kv_iter *it);

/* Where a value lies, and what it takes there. */
struct kv_place {
	uint64_t blob_id;      /* 0: in the tree, beside its key */
	uint64_t ordinal;      /* names the value among those of the blob */
	uint64_t file;         /* the number in the blob file's name; 0: none */
	uint64_t stored_bytes; /* of its record; in the tree: of the value */
	uint64_t raw_bytes;    /* of the value */
};

/*
 * Of the entry's value, without reading it.  Entries of one blob_id and ordinal
 * share one value.  Returns 0 or -EUCLEAN.
 */
int kv_iter_place(const struct kv_iter *it, struct kv_place *out) MUST_USE;

/*
 * Where in its blob file the record begins, in bytes; a part of the file's
 * directory may have to be read.  Returns 0, -EINVAL (it lies in the tree),
 * -EUCLEAN, -EBADMSG, -EIO or -ENOMEM.
 */
int kv_iter_offset(const struct kv_iter *it, uint64_t *offset) MUST_USE;

/* ------------------------------------------------------------- writing -- */

struct kv_batch *kv_batch_new(void); /* NULL if out of memory */
void kv_batch_free(struct kv_batch *batch);

/* Empties it and keeps its memory. */
void kv_batch_reset(struct kv_batch *batch);

/*
 * Adds a change.  The bytes are copied.  The changes of a batch are made in the
 * order in which they were added.  An error sticks: kv_write() returns it, so
 * that a caller may check once.  Returns 0, -ENOMEM, -EINVAL (an empty or
 * overlong key) or -E2BIG (an overlong value or batch).
 */
int kv_batch_put(struct kv_batch *batch, struct slice key, struct slice value);
int kv_batch_delete(struct kv_batch *batch, struct slice key);

/*
 * Deletes every key from @from (included) to @to (excluded), however many, at
 * the cost of one small change.  An empty range, @from not before @to, is one
 * change that does nothing.
 */
int kv_batch_delete_range(struct kv_batch *batch, struct slice from,
			  struct slice to);

/*
 * As kv_batch_put(), but @value is borrowed until kv_write() returned: for
 * large values that the caller has in memory anyway.
 */
int kv_batch_put_borrowed(struct kv_batch *batch, struct slice key,
			  struct slice value);

/*
 * Gives @key the value that @source has when kv_write() is called, not counting
 * what comes before in the same batch.  A value in the value log is then
 * shared, not copied.  kv_write() returns -ENOENT if @source has none.
 */
int kv_batch_copy(struct kv_batch *batch, struct slice key,
		  struct slice source);

/*
 * Lets the batch use the reserve: for one that frees space, or that must be
 * admitted on a full medium.  Any other is refused with -ENOSPC while no more
 * than options.reserve_bytes of the medium (but at most an eighth of it) are
 * free, so that there is always room for deletes, for what is already accepted
 * to be flushed, and for recovery.  Nothing needs to be done when space
 * returns.
 */
void kv_batch_use_reserve(struct kv_batch *batch);

/* The changes in it. */
size_t kv_batch_count(const struct kv_batch *batch);

/*
 * Makes every change in @batch visible at once.  An empty batch is no error.
 *
 * Returns once the changes survive the death of this process.  Returns 0,
 * -ENOENT (a copy of nothing), -ENOSPC, -EIO, -ENOMEM, the error that stuck to
 * the batch, or -EROFS after an earlier write error.  @batch is emptied on
 * success, untouched on error; then none of its changes is visible now or after
 * a crash, unless the error was -EIO: then they may be found after the next
 * kv_open(), all or none.
 */
int kv_write(struct kv *kv, struct kv_batch *batch) MUST_USE;

/*
 * Does what kv_write() would have to do first with a large batch: compresses
 * the values that are in it by now.  For a caller who will hold a lock over
 * kv_write(); more changes may be added afterwards.  Returns 0 or -ENOMEM.
 */
int kv_write_prepare(struct kv *kv, struct kv_batch *batch) MUST_USE;

/* A mark to be given to kv_sync(): covers every kv_write() that returned. */
uint64_t kv_mark(struct kv *kv);

/*
 * Returns 0 once every change up to @mark survives a power cut.  Concurrent
 * calls share one device flush.  After a failure: -EIO, then -EROFS.
 */
int kv_sync(struct kv *kv, uint64_t mark) MUST_USE;

/* --------------------------------------------------------- maintenance -- */

/* Writes what is in memory to SSTs, and waits for it. */
int kv_flush(struct kv *kv) MUST_USE;

/* Flushes, merges all levels into one, collects as below, and waits for it. */
int kv_compact(struct kv *kv) MUST_USE;

/*
 * Flushes, drops blob files that nothing refers to and rewrites those with the
 * most garbage, until not more than a tenth of all is left, and waits for it.
 * Garbage is what no table refers to: a value that was overwritten becomes
 * garbage when the tables that know both are merged, as kv_compact() does.
 *
 * Returns 0; -ENOSPC if there is no room for what is live in the smallest file
 * that is due; or an error, after which the file that could not be read is left
 * as it is, and another call goes on with the others.
 */
int kv_collect(struct kv *kv) MUST_USE;

/*
 * An online backup: makes the store as it is at one moment of this call, with
 * every change whose kv_write() had returned before, a store of its own in
 * @target, which must be empty.  Writers go on meanwhile.  Files that will
 * never change again are shared where both envs are of one medium
 * (env_link_from()), and copied elsewhere; what happens to either store later
 * does not concern the other.  Both say the same store id.
 *
 * All of it is durable on return.  @target is taken for this process until
 * env_free(): the new store is opened through another env.  Nothing is
 * verified: kv_verify() of the new store does that.
 *
 * Returns 0, -ENOTEMPTY or -EBUSY (then @target was not touched), -EROFS (the
 * store is poisoned), -ENOSPC, -EIO, -ENOMEM; after an error there is no store
 * in @target, and what was made has been removed if it could be.
 */
int kv_checkpoint(struct kv *kv, struct env *target) MUST_USE;

/*
 * Reads and checks every table of the current version and every value that one
 * refers to.  Returns 0 or the first error, with file and offset in
 * kv_error_text().
 */
int kv_verify(struct kv *kv) MUST_USE;

/*
 * The same, and calls @progress every now and then; an error that it returns
 * ends it and is returned.
 */
typedef int (*kv_progress_fn)(void *arg, uint64_t done_bytes,
			      uint64_t total_bytes);
int kv_verify_watched(struct kv *kv, kv_progress_fn progress,
		      void *arg) MUST_USE;

#define KV_REPAIR_NAMES 16

struct kv_repair_report {
	bool rebuilt;        /* from the tables; else the manifest was whole */
	uint64_t tables;     /* that were found whole */
	uint64_t blob_files; /* whose header, and directory, is whole */
	uint64_t damaged; /* files set aside as NAME.damaged, or unfinished */
	uint64_t values_lost;   /* entries left out: their value is gone */
	uint64_t blobs_missing; /* blob files that were referred to */
	char damaged_names[KV_REPAIR_NAMES][64]; /* of the first ones */
	uint64_t missing_ids[KV_REPAIR_NAMES];   /* of the first ones */
};

/*
 * Makes a store that kv_open() opens again of one whose SUPER or manifest is
 * lost or damaged; repair.c says how, and what cannot be told.  Nothing that is
 * damaged is removed.  It may be interrupted and begun again.  @env is taken
 * for this process until env_free(): the store is opened through another env.
 *
 * Returns 0 and fills @report, -EEXIST (SUPER and manifest are whole, nothing
 * was touched), -ENOENT (there is no store), -EBUSY, -ENOSPC, -EIO, -ENOMEM;
 * after an error the store is as it was, but for files set aside.
 */
int kv_repair(struct env *env, struct kv_repair_report *report) MUST_USE;

/* A part of a file, as kv_dump() found it. */
struct kv_dump_item {
	const char *file;     /* its name */
	const char *what;     /* "header", "record", "block", "entry", ... */
	uint64_t offset;      /* in the file, bytes */
	uint64_t size;        /* bytes */
	const char *words;    /* what it says: names and numbers */
	int rc;               /* 0, or how it is damaged; @words say it */
	struct slice key;     /* of an entry */
	struct slice key_end; /* of an entry that deletes up to it */
	struct slice value;   /* of an entry that has it beside its key */
	bool has_value;
};

/* Borrowed until it returns; an error ends the dump and is returned. */
typedef int (*kv_dump_fn)(void *arg, const struct kv_dump_item *item);

/*
 * Takes the file @name of a store apart, which need not be open, nor whole, for
 * people to look at: with @entries, also the entries in it.  Nothing is
 * written.  Returns 0, -EUCLEAN if damage was told of, -EINVAL, -ENOENT, -EIO
 * or -ENOMEM.
 */
int kv_dump(struct env *env, const char *name, bool entries, kv_dump_fn fn,
	    void *arg) MUST_USE;

/* What was done to the files of one kind since kv_open(). */
struct kv_io {
	uint64_t reads; /* calls */
	uint64_t read_bytes;
	uint64_t writes; /* calls that went well */
	uint64_t write_bytes;
	uint64_t syncs; /* calls */
};

struct kv_stats {
	uint64_t disk_bytes; /* of all files of the store */
	uint64_t sst_count;
	uint64_t sst_bytes;
	uint64_t sst_raw_bytes; /* keys and values before compression */
	uint64_t blob_file_count;
	uint64_t blob_file_bytes;
	uint64_t blob_live_bytes; /* stored bytes that SSTs refer to, once */
	uint64_t blob_live_raw_bytes; /* the same before compression */
	uint64_t memtable_bytes;
	uint64_t wal_bytes; /* room that logs take */

	/* Not flushed yet: records in logs; stored values, each put counts. */
	uint64_t unflushed_bytes;
	uint64_t blob_unflushed_bytes;

	uint64_t level_sst_count[8]; /* by level */

	/* Counted since kv_open(). */
	uint64_t gets_memtable; /* kv_get(), kv_size(), sources of copies: */
	uint64_t gets_table;    /* where the key's newest entry, a tombstone */
	uint64_t gets_absent;   /* too, was found; here: nowhere */
	uint64_t blob_values;   /* values asked of the value log or its cache */
	uint64_t block_cache_hits;
	uint64_t block_cache_misses;
	uint64_t blob_cache_hits;
	uint64_t blob_cache_misses;
	uint64_t block_cache_bytes; /* in it now */
	uint64_t blob_cache_bytes;  /* likewise */
	uint64_t filter_checks;     /* tables whose filter was asked in a get */
	uint64_t filter_useful;     /* it said no */
	uint64_t filter_false; /* it said perhaps, and the key was not there */
	uint64_t iterators;
	uint64_t seeks;
	uint64_t batches;
	uint64_t batch_bytes; /* keys and values */
	uint64_t syncs; /* rounds that made all that was written durable */
	uint64_t flushes;
	uint64_t flush_bytes; /* of the tables they made */
	uint64_t compactions;
	uint64_t compact_bytes_in;   /* of the tables they read */
	uint64_t compact_bytes_out;  /* of the tables they made */
	uint64_t compact_tombstones; /* that they left out */
	uint64_t moves;              /* tables that only changed their level */
	uint64_t blobs_dropped;      /* blob files removed, dead */
	uint64_t collections;        /* blob files rewritten */
	uint64_t collected_bytes;    /* of the files that came of it */
	struct kv_io table_io;       /* by whomever, also compactions */
	struct kv_io blob_io;
	struct kv_io log_io;
	struct kv_io manifest_io;
};

/*
 * Looks at every table, every blob file and every cached block, which may take
 * milliseconds, and keeps those waiting who read what is not cached.  Returns
 * 0, -ENOMEM or -EUCLEAN.
 */
int kv_stats(struct kv *kv, struct kv_stats *stats) MUST_USE;

/*
 * What can be changed while the store is open.  The sizes mean what they do in
 * struct kv_options; of a memtable's, kv_tuning() tells what was asked for or,
 * on a small medium, what it became.
 */
struct kv_tuning {
	size_t memtable_bytes_max;
	size_t tree_memory_bytes;
	size_t blob_cache_bytes;
	unsigned sync_interval_ms;
	bool compress; /* what is written from now on */
};

void kv_tuning(struct kv *kv, struct kv_tuning *out);

/*
 * Makes it so, at once and until kv_close().  Returns 0, or -EINVAL with
 * nothing changed: a memtable of no size; or an interval of 0 where there is a
 * background sync, or another where there is none.
 */
int kv_tune(struct kv *kv, const struct kv_tuning *tuning) MUST_USE;

/* The medium that the store lies on. */
struct kv_space {
	uint64_t bytes_total;
	uint64_t bytes_free;  /* that this process may still use */
	uint64_t bytes_avail; /* of these: beside the reserve */
};

/* Asks the medium, and looks at nothing of the store.  Returns 0 or -EIO. */
int kv_space(struct kv *kv, struct kv_space *space) MUST_USE;

/*
 * How something was spread: of all that was seen since kv_open(), so many
 * tenths of a percent were not above the member with that name.  These are
 * never below the exact number and less than a sixteenth of it above.
 */
struct kv_spread {
	uint64_t count; /* of what was measured */
	uint64_t sum;
	uint64_t p50;
	uint64_t p90;
	uint64_t p99;
	uint64_t p999;
	uint64_t max;
};

struct kv_spreads {
	/* One call in 64, at random, is measured. */
	struct kv_spread get_ns;
	struct kv_spread seek_ns;
	struct kv_spread write_ns;

	/* Each is measured. */
	struct kv_spread group_batches; /* batches that shared a log write */
	struct kv_spread
		wait_ns; /* writers who waited for a flush, or were slowed */
	struct kv_spread sync_ns; /* kv_sync() calls that had to wait */
	struct kv_spread flush_ns;
	struct kv_spread compact_ns;
	struct kv_spread table_read_ns; /* a read from an SST's file */
	struct kv_spread blob_read_ns;  /* a read from a blob file */
	struct kv_spread file_sync_ns;  /* a sync of one file of any kind */
};

void kv_spreads(struct kv *kv, struct kv_spreads *spreads);

#endif
