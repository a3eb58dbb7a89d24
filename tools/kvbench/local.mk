# The engine beside other stores, as far as their libraries were found.  Built
# for `make check`, or with `make tools/kvbench/kvbench`; never installed.
check_PROGRAMS += tools/kvbench/kvbench

tools_kvbench_kvbench_CFLAGS = $(AM_CFLAGS) $(LZ4_CFLAGS)
tools_kvbench_kvbench_LDADD = $(ENGINE_LIBS) -lm
tools_kvbench_kvbench_SOURCES = \
	%D%/items.c %D%/items.h \
	%D%/main.c \
	%D%/median.c %D%/median.h \
	%D%/options.c %D%/options.h \
	%D%/probe.c %D%/probe.h \
	%D%/random.h \
	%D%/report.c %D%/report.h \
	%D%/run.c %D%/run.h %D%/run_put.c \
	%D%/target.c %D%/target.h \
	%D%/target_loamfs.c \
	%D%/workload.c %D%/workload.h \
	%D%/workload_agao.c \
	%D%/workload_cached.c \
	%D%/workload_flush.c \
	%D%/workload_large.c \
	%D%/workload_random.c \
	%D%/workload_sync.c \
	%D%/workload_timeseries.c \
	%D%/workload_tombstones.c

if HAVE_ROCKSDB
tools_kvbench_kvbench_SOURCES += %D%/target_rocksdb.c
tools_kvbench_kvbench_CFLAGS += $(ROCKSDB_CFLAGS)
tools_kvbench_kvbench_LDADD += $(ROCKSDB_LIBS)
endif
if HAVE_LEVELDB
tools_kvbench_kvbench_SOURCES += %D%/target_leveldb.c
tools_kvbench_kvbench_LDADD += $(LEVELDB_LIBS)
endif
if HAVE_LMDB
tools_kvbench_kvbench_SOURCES += %D%/target_lmdb.c
tools_kvbench_kvbench_CFLAGS += $(LMDB_CFLAGS)
tools_kvbench_kvbench_LDADD += $(LMDB_LIBS)
endif

EXTRA_DIST += %D%/README.md
