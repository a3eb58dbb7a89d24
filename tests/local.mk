# One Check suite a module.  Each folder adds its own.
TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)

include tests/analysis.mk
include tests/engine/local.mk
include tests/fs/local.mk
include tests/fuzz/local.mk
include tests/golden/local.mk
include tests/mount/local.mk
include tests/ctl/local.mk

dist_check_SCRIPTS += %D%/documents %D%/fsbench %D%/hardening %D%/kvbench %D%/layers
# For the package that make deb makes.
EXTRA_DIST += %D%/package
TESTS += %D%/documents %D%/kvbench %D%/layers
# Its daemons do what those of tests/mount do, and take minutes with sanitizers.
if !SANITIZE
TESTS += %D%/fsbench %D%/hardening
endif

# What reads files of the source tree, or writes beside itself: enough to see
# whether a distribution is whole, since all the others are programs.
DIST_TESTS = \
	%D%/ctl/verbs \
	%D%/documents \
	%D%/fuzz/replay \
	%D%/golden/run \
	%D%/kvbench \
	%D%/layers \
	%D%/mount/conforms \
	%D%/mount/options

# Suites that start no thread, as strace -f tells: ThreadSanitizer, which makes
# everything ten times as slow, has nothing to look at in them.
ALONE_SUITES = \
	%D%/engine/test_base \
	%D%/engine/test_blob_dir \
	%D%/engine/test_block \
	%D%/engine/test_checkpoint \
	%D%/engine/test_compact_pick \
	%D%/engine/test_env_mem \
	%D%/engine/test_filter \
	%D%/engine/test_iter \
	%D%/engine/test_keep \
	%D%/engine/test_kv \
	%D%/engine/test_kv_damage \
	%D%/engine/test_leftovers \
	%D%/engine/test_manifest \
	%D%/engine/test_memory \
	%D%/engine/test_merge \
	%D%/engine/test_ordinals \
	%D%/engine/test_output \
	%D%/engine/test_pool \
	%D%/engine/test_range_del \
	%D%/engine/test_reclog \
	%D%/engine/test_repair \
	%D%/engine/test_sst \
	%D%/engine/test_version \
	%D%/engine/test_vlog \
	%D%/engine/test_wal \
	%D%/fs/test_damage \
	%D%/fs/test_data \
	%D%/fs/test_dir \
	%D%/fs/test_flags \
	%D%/fs/test_format \
	%D%/fs/test_memory \
	%D%/fs/test_model \
	%D%/fs/test_range \
	%D%/fs/test_readonly \
	%D%/fs/test_repair \
	%D%/fs/test_xattr

THREADED_TESTS = %D%/kvbench \
	$(filter-out $(ALONE_SUITES), $(ENGINE_SUITES) $(FS_SUITES)) \
	$(MOUNT_TESTS) $(CTL_TESTS)
