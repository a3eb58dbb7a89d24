# Suites of engine/ link libengine.a and nothing above it.
ENGINE_SUITES = \
	tests/engine/test_base \
	tests/engine/test_crash \
	tests/engine/test_env \
	tests/engine/test_env_mem \
	tests/engine/test_model

check_PROGRAMS += $(ENGINE_SUITES)
TESTS += $(ENGINE_SUITES)

ENGINE_TEST_LIBS = $(ENVMEM_LIBS) $(ENGINE_LIBS) $(CHECK_LIBS)

tests_engine_test_base_SOURCES = %D%/test_base.c tests/suite.h
tests_engine_test_base_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_base_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_env_SOURCES = %D%/test_env.c tests/suite.h
tests_engine_test_env_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_env_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_env_mem_SOURCES = %D%/test_env_mem.c tests/suite.h
tests_engine_test_env_mem_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_env_mem_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_model_SOURCES = %D%/test_model.c %D%/model.h tests/suite.h
tests_engine_test_model_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_model_LDADD = $(ENGINE_TEST_LIBS)

tests_engine_test_crash_SOURCES = %D%/test_crash.c %D%/model.h tests/suite.h
tests_engine_test_crash_CFLAGS = $(TEST_CFLAGS)
tests_engine_test_crash_LDADD = $(ENGINE_TEST_LIBS)
