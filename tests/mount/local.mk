# Real programs on a real mount.  Exit status 77 is a test that was skipped.
MOUNT_TESTS = \
	%D%/bigdir \
	%D%/conforms \
	%D%/contents \
	%D%/copies \
	%D%/damage \
	%D%/fio \
	%D%/flags \
	%D%/full \
	%D%/git \
	%D%/handles \
	%D%/idle \
	%D%/links \
	%D%/logs \
	%D%/options \
	%D%/programs \
	%D%/ready \
	%D%/serving \
	%D%/signals \
	%D%/soak \
	%D%/sqlite \
	%D%/stress \
	%D%/traces \
	%D%/trees \
	%D%/twins

# Makes a store that a later version would have written.
check_PROGRAMS += tests/mount/set_format
tests_mount_set_format_SOURCES = %D%/set_format.c
tests_mount_set_format_LDADD = $(ENGINE_LIBS)

# A large directory, made and listed.
check_PROGRAMS += tests/mount/many_names
tests_mount_many_names_SOURCES = %D%/many_names.c
tests_mount_many_names_LDADD = $(FS_LIBS)

# Is the filesystem in a store as it should be?
check_PROGRAMS += tests/mount/check_store
tests_mount_check_store_SOURCES = %D%/check_store.c
tests_mount_check_store_LDADD = $(FS_LIBS)

# Random things done to one file.
check_PROGRAMS += tests/mount/exercise
tests_mount_exercise_SOURCES = %D%/exercise.c

# Hard links made and removed while others ask for attributes.
check_PROGRAMS += tests/mount/race_links
tests_mount_race_links_SOURCES = %D%/race_links.c

# What each call does, as conforms runs it.
check_PROGRAMS += tests/mount/posix/posix
tests_mount_posix_posix_SOURCES = \
	%D%/posix/acl.c \
	%D%/posix/attr.c \
	%D%/posix/copy.c \
	%D%/posix/fallocate.c \
	%D%/posix/flags.c \
	%D%/posix/locks.c \
	%D%/posix/names.c \
	%D%/posix/open.c \
	%D%/posix/posix.c %D%/posix/posix.h \
	%D%/posix/rename.c \
	%D%/posix/seek.c \
	%D%/posix/tmpfile.c \
	%D%/posix/xattr.c \
	tests/suite.h
tests_mount_posix_posix_CFLAGS = $(TEST_CFLAGS)
tests_mount_posix_posix_LDADD = $(CHECK_LIBS)

# The same random program in two directories.
check_PROGRAMS += tests/mount/twins_run
tests_mount_twins_run_SOURCES = \
	%D%/twins_run.c \
	%D%/twins_tree.c %D%/twins_tree.h

# File handles, made and opened.
check_PROGRAMS += tests/mount/by_handle
tests_mount_by_handle_SOURCES = %D%/by_handle.c

AM_TESTS_ENVIRONMENT = LOAMFS='$(abs_builddir)/loamfs'; export LOAMFS;
# build takes minutes; long runs the long forms of all.
dist_check_SCRIPTS += $(MOUNT_TESTS) %D%/build %D%/long %D%/soak_load
EXTRA_DIST += %D%/lib.sh
TESTS += $(MOUNT_TESTS)
