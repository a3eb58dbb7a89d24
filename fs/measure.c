#include "fs/measure.h"

#include "fs/superblock.h"

/* All that is measured, at one moment. */
struct measured {
	struct kv_stats stats;
	struct kv_spreads spreads;
	struct kv_space space;
	uint64_t inodes;
	uint64_t data_bytes;
	uint64_t blob_dead_bytes;
};

struct row {
	const char *group;
	const char *name;
	size_t offset; /* of an uint64_t in struct measured */
};

#define ROW(group, name, member)                                 \
	{                                                        \
#group, #name, offsetof(struct measured, member) \
	}
#define STAT(group, name, member) ROW(group, name, stats.member)
#define IO(kind, member)                                          \
	STAT(io, kind##_reads, member.reads),                     \
		STAT(io, kind##_read_bytes, member.read_bytes),   \
		STAT(io, kind##_writes, member.writes),           \
		STAT(io, kind##_write_bytes, member.write_bytes), \
		STAT(io, kind##_syncs, member.syncs)
#define SPREAD(group, member, unit)                          \
	ROW(group, count, spreads.member.count),             \
		ROW(group, sum##unit, spreads.member.sum),   \
		ROW(group, p50##unit, spreads.member.p50),   \
		ROW(group, p90##unit, spreads.member.p90),   \
		ROW(group, p99##unit, spreads.member.p99),   \
		ROW(group, p999##unit, spreads.member.p999), \
		ROW(group, max##unit, spreads.member.max)

static const struct row rows[] = {
	ROW(space, inodes, inodes),
	ROW(space, files_bytes, data_bytes),
	STAT(space, disk_bytes, disk_bytes),
	STAT(space, tables, sst_count),
	STAT(space, tables_bytes, sst_bytes),
	STAT(space, tables_raw_bytes, sst_raw_bytes),
	STAT(space, blob_files, blob_file_count),
	STAT(space, blob_files_bytes, blob_file_bytes),
	STAT(space, blobs_live_bytes, blob_live_bytes),
	STAT(space, blobs_unflushed_bytes, blob_unflushed_bytes),
	ROW(space, blobs_dead_bytes, blob_dead_bytes),
	STAT(space, blobs_live_raw_bytes, blob_live_raw_bytes),
	STAT(space, log_bytes, wal_bytes),
	STAT(space, unflushed_bytes, unflushed_bytes),
	STAT(space, memtables_bytes, memtable_bytes),
	ROW(space, medium_bytes, space.bytes_total),
	ROW(space, medium_free_bytes, space.bytes_free),

	STAT(levels, l0_tables, level_sst_count[0]),
	STAT(levels, l1_tables, level_sst_count[1]),
	STAT(levels, l2_tables, level_sst_count[2]),
	STAT(levels, l3_tables, level_sst_count[3]),
	STAT(levels, l4_tables, level_sst_count[4]),
	STAT(levels, l5_tables, level_sst_count[5]),
	STAT(levels, l6_tables, level_sst_count[6]),
	STAT(levels, l7_tables, level_sst_count[7]),

	STAT(reads, gets_memtable, gets_memtable),
	STAT(reads, gets_table, gets_table),
	STAT(reads, gets_absent, gets_absent),
	STAT(reads, blob_values, blob_values),
	STAT(reads, iterators, iterators),
	STAT(reads, seeks, seeks),

	STAT(caches, block_hits, block_cache_hits),
	STAT(caches, block_misses, block_cache_misses),
	STAT(caches, blob_hits, blob_cache_hits),
	STAT(caches, blob_misses, blob_cache_misses),
	STAT(caches, block_cached_bytes, block_cache_bytes),
	STAT(caches, blob_cached_bytes, blob_cache_bytes),
	STAT(caches, filter_checks, filter_checks),
	STAT(caches, filter_useful, filter_useful),
	STAT(caches, filter_false, filter_false),

	STAT(writes, batches, batches),
	STAT(writes, batches_bytes, batch_bytes),
	STAT(writes, syncs, syncs),

	STAT(work, flushes, flushes),
	STAT(work, flushes_bytes, flush_bytes),
	STAT(work, compactions, compactions),
	STAT(work, compactions_in_bytes, compact_bytes_in),
	STAT(work, compactions_out_bytes, compact_bytes_out),
	STAT(work, tombstones_dropped, compact_tombstones),
	STAT(work, tables_moved, moves),
	STAT(work, blob_files_dropped, blobs_dropped),
	STAT(work, collections, collections),
	STAT(work, collections_bytes, collected_bytes),

	IO(tables, table_io),
	IO(blobs, blob_io),
	IO(log, log_io),
	IO(manifest, manifest_io),

	SPREAD(get, get_ns, _ns),
	SPREAD(seek, seek_ns, _ns),
	SPREAD(write, write_ns, _ns),
	SPREAD(write_group, group_batches, ),
	SPREAD(write_wait, wait_ns, _ns),
	SPREAD(sync, sync_ns, _ns),
	SPREAD(flush, flush_ns, _ns),
	SPREAD(compaction, compact_ns, _ns),
	SPREAD(table_read, table_read_ns, _ns),
	SPREAD(blob_read, blob_read_ns, _ns),
	SPREAD(file_sync, file_sync_ns, _ns),
};

static_assert(ARRAY_SIZE(((struct kv_stats *)0)->level_sst_count) == 8,
	      "each level has a row");

static int measure_now(struct fs *fs, struct measured *m)
{
	int rc;

	rc = kv_stats(fs->kv, &m->stats);
	if (rc == 0)
		rc = kv_space(fs->kv, &m->space);
	if (rc < 0)
		return rc;
	kv_spreads(fs->kv, &m->spreads);
	m->inodes = atomic_load(&fs->inodes);
	m->data_bytes = atomic_load(&fs->data_bytes);
	/* Files come and go between two looks: never below zero. */
	m->blob_dead_bytes = m->stats.blob_file_bytes -
			     u64_min(m->stats.blob_file_bytes,
				     m->stats.blob_live_bytes +
					     m->stats.blob_unflushed_bytes);
	return 0;
}

int measure_all(struct fs *fs, measure_fn fn, void *arg)
{
	struct measured m;
	size_t i;
	int rc;

	rc = measure_now(fs, &m);
	for (i = 0; rc == 0 && i < ARRAY_SIZE(rows); i++) {
		struct measure out = {
			.group = rows[i].group,
			.name = rows[i].name,
		};

		memcpy(&out.value, (const char *)&m + rows[i].offset,
		       sizeof(out.value));
		rc = fn(arg, &out);
	}
	return rc;
}
