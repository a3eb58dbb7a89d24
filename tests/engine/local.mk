# Suites of engine/ link libengine.a and nothing above it.
ENGINE_SUITES = \
	tests/engine/test_base \
	tests/engine/test_blob_dir \
	tests/engine/test_block \
	tests/engine/test_cache \
	tests/engine/test_checkpoint \
	tests/engine/test_checkpoint_busy \
	tests/engine/test_compact_pick \
	tests/engine/test_crash \
	tests/engine/test_deletes \
	tests/engine/test_demand \
	tests/engine/test_env \
	tests/engine/test_env_bounded \
	tests/engine/test_env_mem \
	tests/engine/test_filter \
	tests/engine/test_gc \
	tests/engine/test_histogram \
	tests/engine/test_iter \
	tests/engine/test_keep \
	tests/engine/test_kv \
	tests/engine/test_kv_damage \
	tests/engine/test_kv_space \
	tests/engine/test_kv_threads \
	tests/engine/test_leftovers \
	tests/engine/test_manifest \
	tests/engine/test_memory \
	tests/engine/test_merge \
	tests/engine/test_model \
	tests/engine/test_mt \
	tests/engine/test_ordinals \
	tests/engine/test_output \
	tests/engine/test_pace \
	tests/engine/test_pool \
	tests/engine/test_queue \
	tests/engine/test_range_del \
	tests/engine/test_reclog \
	tests/engine/test_repair \
	tests/engine/test_sst \
	tests/engine/test_sst_pipe \
	tests/engine/test_sync \
	tests/engine/test_stats \
	tests/engine/test_version \
	tests/engine/test_view \
	tests/engine/test_vlog \
	tests/engine/test_voids \
	tests/engine/test_wal \
	tests/engine/test_warm

check_PROGRAMS += $(ENGINE_SUITES)
TESTS += $(ENGINE_SUITES)

ENGINE_TEST_LIBS = $(ENVMEM_LIBS) $(ENGINE_LIBS) $(CHECK_LIBS)

tests_engine_test_base_SOURCES = %D%/test_base.c tests/suite.h
tests_engine_test_base_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_base_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_demand_SOURCES = \
	%D%/test_demand.c %D%/small.h tests/suite.h
tests_engine_test_demand_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_demand_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_deletes_SOURCES = %D%/test_deletes.c tests/suite.h
tests_engine_test_deletes_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_deletes_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_env_SOURCES = %D%/test_env.c tests/suite.h
tests_engine_test_env_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_env_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_env_bounded_SOURCES = %D%/test_env_bounded.c tests/suite.h
tests_engine_test_env_bounded_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_env_bounded_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_env_mem_SOURCES = %D%/test_env_mem.c tests/suite.h
tests_engine_test_env_mem_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_env_mem_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_model_SOURCES = %D%/test_model.c %D%/model.h tests/suite.h
tests_engine_test_model_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_model_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_crash_SOURCES = %D%/test_crash.c %D%/model.h tests/suite.h
tests_engine_test_crash_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_crash_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_range_del_SOURCES = \
	%D%/test_range_del.c %D%/model.h tests/suite.h
tests_engine_test_range_del_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_range_del_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_reclog_SOURCES = %D%/test_reclog.c tests/suite.h
tests_engine_test_reclog_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_reclog_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_block_SOURCES = %D%/test_block.c %D%/entries.h tests/suite.h
tests_engine_test_block_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_block_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_filter_SOURCES = %D%/test_filter.c tests/suite.h
tests_engine_test_filter_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_filter_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_cache_SOURCES = %D%/test_cache.c tests/suite.h
tests_engine_test_cache_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_cache_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_mt_SOURCES = %D%/test_mt.c %D%/entries.h tests/suite.h
tests_engine_test_mt_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_mt_LDADD = $(ENGINE_TEST_LIBS)
# The test says which allocation fails.
tests_engine_test_mt_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=mmap

tests_engine_test_output_SOURCES = %D%/test_output.c %D%/entries.h tests/suite.h
tests_engine_test_output_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_output_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_leftovers_SOURCES = %D%/test_leftovers.c %D%/model.h tests/suite.h
tests_engine_test_leftovers_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_leftovers_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_memory_SOURCES = %D%/test_memory.c %D%/model.h tests/suite.h
tests_engine_test_memory_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_memory_LDADD = $(ENGINE_TEST_LIBS)
# The test says which allocation fails.
tests_engine_test_memory_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc \
	-Wl,--wrap=reallocarray,--wrap=aligned_alloc,--wrap=mmap

tests_engine_test_merge_SOURCES = %D%/test_merge.c %D%/entries.h tests/suite.h
tests_engine_test_merge_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_merge_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_sst_SOURCES = %D%/test_sst.c %D%/entries.h tests/suite.h
tests_engine_test_sst_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_sst_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_sst_pipe_SOURCES = %D%/test_sst_pipe.c tests/suite.h
tests_engine_test_sst_pipe_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_sst_pipe_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_voids_SOURCES = %D%/test_voids.c tests/suite.h
tests_engine_test_voids_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_voids_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_wal_SOURCES = %D%/test_wal.c tests/suite.h
tests_engine_test_wal_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_wal_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_warm_SOURCES = %D%/test_warm.c %D%/small.h tests/suite.h
tests_engine_test_warm_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_warm_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_histogram_SOURCES = %D%/test_histogram.c tests/suite.h
tests_engine_test_histogram_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_histogram_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_checkpoint_SOURCES = \
	%D%/test_checkpoint.c %D%/forward.h %D%/model.h %D%/places.h \
	tests/suite.h
tests_engine_test_checkpoint_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_checkpoint_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_iter_SOURCES = %D%/test_iter.c %D%/entries.h tests/suite.h
tests_engine_test_iter_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_iter_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_keep_SOURCES = %D%/test_keep.c %D%/model.h tests/suite.h
tests_engine_test_keep_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_keep_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_repair_SOURCES = \
	%D%/test_repair.c %D%/model.h tests/suite.h
tests_engine_test_repair_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_repair_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_checkpoint_busy_SOURCES = %D%/test_checkpoint_busy.c %D%/places.h tests/suite.h
tests_engine_test_checkpoint_busy_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_checkpoint_busy_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_kv_SOURCES = %D%/test_kv.c %D%/small.h tests/suite.h
tests_engine_test_kv_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_kv_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_kv_damage_SOURCES = %D%/test_kv_damage.c %D%/small.h tests/suite.h
tests_engine_test_kv_damage_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_kv_damage_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_kv_space_SOURCES = %D%/test_kv_space.c %D%/small.h tests/suite.h
tests_engine_test_kv_space_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_kv_space_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_kv_threads_SOURCES = %D%/test_kv_threads.c %D%/small.h tests/suite.h
tests_engine_test_kv_threads_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_kv_threads_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_compact_pick_SOURCES = \
	%D%/test_compact_pick.c %D%/tables.h tests/suite.h
tests_engine_test_compact_pick_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_compact_pick_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_stats_SOURCES = %D%/test_stats.c tests/suite.h
tests_engine_test_stats_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_stats_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_version_SOURCES = \
	%D%/test_version.c %D%/tables.h tests/suite.h
tests_engine_test_version_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_version_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_vlog_SOURCES = %D%/test_vlog.c tests/suite.h
tests_engine_test_vlog_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_vlog_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_manifest_SOURCES = \
	%D%/test_manifest.c %D%/tables.h tests/suite.h
tests_engine_test_manifest_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_manifest_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_ordinals_SOURCES = %D%/test_ordinals.c tests/suite.h
tests_engine_test_ordinals_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_ordinals_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_blob_dir_SOURCES = %D%/test_blob_dir.c tests/suite.h
tests_engine_test_blob_dir_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_blob_dir_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_gc_SOURCES = %D%/test_gc.c %D%/forward.h tests/suite.h
tests_engine_test_gc_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_gc_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_view_SOURCES = %D%/test_view.c tests/suite.h
tests_engine_test_view_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_view_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_queue_SOURCES = %D%/test_queue.c tests/suite.h
tests_engine_test_queue_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_queue_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_pace_SOURCES = %D%/test_pace.c tests/suite.h
tests_engine_test_pace_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_pace_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_pool_SOURCES = %D%/test_pool.c tests/suite.h
tests_engine_test_pool_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_pool_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_sync_SOURCES = %D%/test_sync.c tests/suite.h
tests_engine_test_sync_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_sync_LDADD = $(ENGINE_TEST_LIBS)
