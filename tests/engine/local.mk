# Suites of engine/ link libengine.a and nothing above it.
ENGINE_SUITES = \
	tests/engine/test_base

check_PROGRAMS += $(ENGINE_SUITES)
TESTS += $(ENGINE_SUITES)

tests_engine_test_base_SOURCES = %D%/test_base.c tests/suite.h
tests_engine_test_base_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_base_LDADD = $(ENGINE_LIBS) $(CHECK_LIBS)
