# Suites of fs/ link libfs.a and libengine.a.
FS_SUITES = \
	tests/fs/test_crash \
	tests/fs/test_damage \
	tests/fs/test_data \
	tests/fs/test_dir \
	tests/fs/test_faults \
	tests/fs/test_flags \
	tests/fs/test_format \
	tests/fs/test_memory \
	tests/fs/test_model \
	tests/fs/test_namei \
	tests/fs/test_purge \
	tests/fs/test_range \
	tests/fs/test_readonly \
	tests/fs/test_rename \
	tests/fs/test_repair \
	tests/fs/test_xattr

FS_TEST_LIBS = $(ENVMEM_LIBS) $(FS_LIBS) $(CHECK_LIBS)

check_PROGRAMS += $(FS_SUITES)
TESTS += $(FS_SUITES)

FS_FIXTURE = \
	%D%/fixture.c %D%/fixture.h \
	%D%/model.c %D%/model.h \
	%D%/model_file.c \
	%D%/model_fs.c %D%/model_fs.h \
	%D%/model_step.h \
	tests/suite.h

tests_fs_test_crash_SOURCES = %D%/test_crash.c \
	%D%/workload.c %D%/workload.h $(FS_FIXTURE)
tests_fs_test_crash_CFLAGS = $(TEST_CFLAGS)
tests_fs_test_crash_LDADD = $(FS_TEST_LIBS)

tests_fs_test_damage_SOURCES = %D%/test_damage.c $(FS_FIXTURE)
tests_fs_test_damage_CFLAGS = $(TEST_CFLAGS)
tests_fs_test_damage_LDADD = $(FS_TEST_LIBS)

tests_fs_test_data_SOURCES = %D%/test_data.c $(FS_FIXTURE)
tests_fs_test_data_CFLAGS = $(TEST_CFLAGS)
tests_fs_test_data_LDADD = $(FS_TEST_LIBS)

tests_fs_test_dir_SOURCES = %D%/test_dir.c $(FS_FIXTURE)
tests_fs_test_dir_CFLAGS = $(TEST_CFLAGS)
tests_fs_test_dir_LDADD = $(FS_TEST_LIBS)

tests_fs_test_faults_SOURCES = %D%/test_faults.c \
	%D%/workload.c %D%/workload.h $(FS_FIXTURE)
tests_fs_test_faults_CFLAGS = $(TEST_CFLAGS)
tests_fs_test_faults_LDADD = $(FS_TEST_LIBS)

tests_fs_test_flags_SOURCES = %D%/test_flags.c $(FS_FIXTURE)
tests_fs_test_flags_CFLAGS = $(TEST_CFLAGS)
tests_fs_test_flags_LDADD = $(FS_TEST_LIBS)

tests_fs_test_format_SOURCES = %D%/test_format.c $(FS_FIXTURE)
tests_fs_test_format_CFLAGS = $(TEST_CFLAGS)
tests_fs_test_format_LDADD = $(FS_TEST_LIBS)

tests_fs_test_memory_SOURCES = %D%/test_memory.c $(FS_FIXTURE)
tests_fs_test_memory_CFLAGS = $(TEST_CFLAGS)
tests_fs_test_memory_LDADD = $(FS_TEST_LIBS)
# The test says which allocation fails.
tests_fs_test_memory_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc \
	-Wl,--wrap=reallocarray,--wrap=aligned_alloc

tests_fs_test_model_SOURCES = %D%/test_model.c $(FS_FIXTURE)
tests_fs_test_model_CFLAGS = $(TEST_CFLAGS)
tests_fs_test_model_LDADD = $(FS_TEST_LIBS)

tests_fs_test_namei_SOURCES = %D%/test_namei.c $(FS_FIXTURE)
tests_fs_test_namei_CFLAGS = $(TEST_CFLAGS)
tests_fs_test_namei_LDADD = $(FS_TEST_LIBS)

tests_fs_test_purge_SOURCES = %D%/test_purge.c $(FS_FIXTURE)
tests_fs_test_purge_CFLAGS = $(TEST_CFLAGS)
tests_fs_test_purge_LDADD = $(FS_TEST_LIBS)

tests_fs_test_readonly_SOURCES = %D%/test_readonly.c $(FS_FIXTURE)
tests_fs_test_readonly_CFLAGS = $(TEST_CFLAGS)
tests_fs_test_readonly_LDADD = $(FS_TEST_LIBS)

tests_fs_test_rename_SOURCES = %D%/test_rename.c $(FS_FIXTURE)
tests_fs_test_rename_CFLAGS = $(TEST_CFLAGS)
tests_fs_test_rename_LDADD = $(FS_TEST_LIBS)

tests_fs_test_repair_SOURCES = %D%/test_repair.c $(FS_FIXTURE)
tests_fs_test_repair_CFLAGS = $(TEST_CFLAGS)
tests_fs_test_repair_LDADD = $(FS_TEST_LIBS)

tests_fs_test_xattr_SOURCES = %D%/test_xattr.c $(FS_FIXTURE)
tests_fs_test_xattr_CFLAGS = $(TEST_CFLAGS)
tests_fs_test_xattr_LDADD = $(FS_TEST_LIBS)

tests_fs_test_range_SOURCES = %D%/test_range.c $(FS_FIXTURE)
tests_fs_test_range_CFLAGS = $(TEST_CFLAGS)
tests_fs_test_range_LDADD = $(FS_TEST_LIBS)
