# Real programs on a real mount.  Exit status 77 is a test that was skipped.
MOUNT_TESTS = \
	%D%/options \
	%D%/programs \
	%D%/signals \
	%D%/trees

AM_TESTS_ENVIRONMENT = LOAMFS='$(abs_builddir)/loamfs'; export LOAMFS;
dist_check_SCRIPTS += $(MOUNT_TESTS)
EXTRA_DIST += %D%/lib.sh
TESTS += $(MOUNT_TESTS)
