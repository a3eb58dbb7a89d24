# loamctl, on stores and on real mounts.
CTL_TESTS = \
	%D%/completion \
	%D%/dumps \
	%D%/fsck \
	%D%/looks \
	%D%/mounting \
	%D%/screens \
	%D%/status \
	%D%/storage \
	%D%/tunes \
	%D%/verbs

# Its daemons are in the background, where nobody sees what a sanitizer says.
if !SANITIZE
CTL_TESTS += %D%/examples %D%/helpers %D%/users
endif

# The frames of the control socket, and what is none.
check_PROGRAMS += tests/ctl/test_wire
TESTS += tests/ctl/test_wire
tests_ctl_test_wire_SOURCES = %D%/test_wire.c src/wire.c src/wire.h \
	tests/suite.h
tests_ctl_test_wire_CFLAGS = $(TEST_CFLAGS)
tests_ctl_test_wire_LDADD = $(CHECK_LIBS)

# Damages a tree.
check_PROGRAMS += tests/ctl/damage
tests_ctl_damage_SOURCES = %D%/damage.c
tests_ctl_damage_LDADD = $(FS_LIBS)

# A terminal for programs.
check_PROGRAMS += tests/ctl/terminal
tests_ctl_terminal_SOURCES = %D%/terminal.c
check_PROGRAMS += tests/ctl/bars
tests_ctl_bars_SOURCES = %D%/bars.c \
	src/wire.c src/wire.h \
	tools/loamctl/lines.c tools/loamctl/lines.h \
	tools/loamctl/measures.c tools/loamctl/measures.h \
	tools/loamctl/out.c tools/loamctl/out.h \
	tools/loamctl/target.c tools/loamctl/target.h \
	tools/loamctl/watch.c tools/loamctl/watch.h
tests_ctl_bars_LDADD = $(FS_LIBS)

AM_TESTS_ENVIRONMENT += LOAMCTL='$(abs_builddir)/loamctl'; export LOAMCTL;
dist_check_SCRIPTS += $(CTL_TESTS)
EXTRA_DIST += %D%/lib.sh
TESTS += $(CTL_TESTS)
