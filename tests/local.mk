# One Check suite a module.  Each folder adds its own.
TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)

include tests/analysis.mk
include tests/engine/local.mk
include tests/fs/local.mk
include tests/fuzz/local.mk
include tests/golden/local.mk
include tests/mount/local.mk
include tests/ctl/local.mk

dist_check_SCRIPTS += %D%/fsbench %D%/hardening %D%/kvbench %D%/layers
# For the package that make deb makes.
EXTRA_DIST += %D%/package
TESTS += %D%/kvbench %D%/layers
# Its daemons do what those of tests/mount do, and take minutes with sanitizers.
if !SANITIZE
TESTS += %D%/fsbench %D%/hardening
endif

# What reads files of the source tree, or writes beside itself: enough to see
# whether a distribution is whole, since all the others are programs.
DIST_TESTS = \
	%D%/ctl/verbs \
	%D%/fuzz/replay \
	%D%/golden/run \
	%D%/kvbench \
	%D%/layers \
	%D%/mount/conforms \
	%D%/mount/options
