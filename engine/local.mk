noinst_LIBRARIES += libengine.a

libengine_a_CPPFLAGS = $(AM_CPPFLAGS)
libengine_a_CFLAGS = $(AM_CFLAGS) $(LZ4_CFLAGS) $(XXHASH_CFLAGS)
libengine_a_SOURCES = \
	%D%/base/arena.c %D%/base/arena.h \
	%D%/base/base.h \
	%D%/base/buf.c %D%/base/buf.h \
	%D%/base/coding.c %D%/base/coding.h \
	%D%/base/env.c %D%/base/env.h %D%/base/env_posix.c \
	%D%/base/env_bounded.c %D%/base/env_bounded.h \
	%D%/base/env_overlay.c %D%/base/env_overlay.h \
	%D%/base/error.c %D%/base/error.h \
	%D%/base/hash.c %D%/base/hash.h \
	%D%/base/heap.c %D%/base/heap.h \
	%D%/base/histogram.c %D%/base/histogram.h \
	%D%/base/huge.c %D%/base/huge.h \
	%D%/base/lock.c %D%/base/lock.h \
	%D%/base/numbers.c %D%/base/numbers.h \
	%D%/base/slice.h \
	%D%/base/thread.c %D%/base/thread.h \
	%D%/base/window.c %D%/base/window.h \
	%D%/batch.c %D%/batch.h \
	%D%/blob.c %D%/blob_record.h \
	%D%/blob_dir.c %D%/blob_dir.h \
	%D%/blob_refs.c %D%/blob_refs.h \
	%D%/blob_rewrite.c %D%/blob_rewrite.h \
	%D%/block.c %D%/block.h \
	%D%/cache.c %D%/cache.h %D%/cache_entry.h \
	%D%/cache_evict.c %D%/cache_evict.h \
	%D%/cache_memory.c %D%/cache_memory.h \
	%D%/cache_table.c %D%/cache_table.h \
	%D%/checkpoint.c \
	%D%/compact.c \
	%D%/compact_pick.c %D%/compact_pick.h \
	%D%/cover.c %D%/cover.h \
	%D%/demand.c %D%/demand.h \
	%D%/dump.c %D%/dump.h \
	%D%/dump_blob.c \
	%D%/dump_log.c \
	%D%/dump_sst.c \
	%D%/edit.c \
	%D%/entry.h \
	%D%/file_format.c %D%/file_format.h \
	%D%/filter.c %D%/filter.h \
	%D%/flush.c \
	%D%/gc.c %D%/gc.h \
	%D%/gc_pick.c %D%/gc_pick.h \
	%D%/gc_scan.c %D%/gc_scan.h \
	%D%/iter.c %D%/iter.h %D%/iter_open.c %D%/iter_run.c \
	%D%/keep.c %D%/keep.h \
	%D%/kv.c %D%/kv.h \
	%D%/level_iter.c %D%/level_iter.h \
	%D%/live.c %D%/live.h \
	%D%/manifest.c %D%/manifest.h \
	%D%/merge.c %D%/merge.h \
	%D%/meter.c %D%/meter.h \
	%D%/mt.c %D%/mt.h %D%/mt_iter.c %D%/mt_iter.h %D%/mt_key.h \
	%D%/mt_hash.c %D%/mt_hash.h \
	%D%/mt_range.c %D%/mt_range.h \
	%D%/mt_tree.c %D%/mt_tree.h \
	%D%/ordinals.c %D%/ordinals.h \
	%D%/output.c %D%/output.h \
	%D%/pace.c %D%/pace.h \
	%D%/page.c %D%/page.h \
	%D%/place.c \
	%D%/pool.c %D%/pool.h \
	%D%/prepare.c %D%/prepare.h \
	%D%/queue.c %D%/queue.h \
	%D%/range_del.c %D%/range_del.h \
	%D%/read.c %D%/read.h \
	%D%/reclog.c %D%/reclog.h \
	%D%/recover.c %D%/recover.h \
	%D%/repair.c %D%/repair.h %D%/repair_merge.c %D%/repair_survey.c \
	%D%/sched.c %D%/sched.h \
	%D%/snapshot.c %D%/snapshot.h \
	%D%/source.h \
	%D%/space.c %D%/space.h \
	%D%/sst.c %D%/sst.h \
	%D%/sst_ahead.c %D%/sst_ahead.h \
	%D%/sst_iter.c %D%/sst_iter.h \
	%D%/sst_format.c %D%/sst_format.h \
	%D%/sst_index.c %D%/sst_index.h \
	%D%/sst_out.c %D%/sst_out.h \
	%D%/sst_pipe.c %D%/sst_pipe.h \
	%D%/sst_writer.c %D%/sst_writer.h \
	%D%/stats.c %D%/stats.h \
	%D%/store.c %D%/store.h \
	%D%/sync.c \
	%D%/verify.c \
	%D%/tune.c %D%/tune.h \
	%D%/version.c %D%/version.h \
	%D%/view.c %D%/view.h \
	%D%/vlog.c %D%/vlog.h \
	%D%/voids.c %D%/voids.h \
	%D%/wal.c %D%/wal.h \
	%D%/warm.c %D%/warm.h \
	%D%/write.c

ENGINE_LIBS = libengine.a $(LZ4_LIBS) $(XXHASH_LIBS) -lpthread

# The env that tests use, apart so that the product does not carry it.
noinst_LIBRARIES += libenvmem.a

libenvmem_a_CPPFLAGS = $(AM_CPPFLAGS)
libenvmem_a_CFLAGS = $(AM_CFLAGS)
libenvmem_a_SOURCES = \
	%D%/base/env_mem.c %D%/base/env_mem.h \
	%D%/base/mem_dir.c %D%/base/mem_dir.h \
	%D%/base/mem_file.c %D%/base/mem_file.h \
	%D%/base/mem_rand.h

# Linked before ENGINE_LIBS.
ENVMEM_LIBS = libenvmem.a
