# Stores of each format that there was; golden.c makes and checks them.
check_PROGRAMS += tests/golden/golden
dist_check_SCRIPTS += %D%/run
TESTS += %D%/run
EXTRA_DIST += %D%/format1-blocks-closed.tar.xz \
	%D%/format1-blocks-killed.tar.xz \
	%D%/format1-closed.tar.xz %D%/format1-killed.tar.xz \
	%D%/format1-signed-closed.tar.xz %D%/format1-signed-killed.tar.xz

tests_golden_golden_SOURCES = %D%/golden.c
tests_golden_golden_LDADD = $(FS_LIBS)
