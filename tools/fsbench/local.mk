# Files on a mount beside files elsewhere.  fsops is what the script has no
# program for, limit the target of that name; built for `make check`, or by the
# script itself.
check_PROGRAMS += tools/fsbench/fsops tools/fsbench/limit

tools_fsbench_fsops_SOURCES = \
	%D%/clock.h \
	%D%/content.c %D%/content.h \
	%D%/main.c \
	%D%/ops.c %D%/ops.h \
	%D%/source.c %D%/source.h

tools_fsbench_limit_CFLAGS = $(AM_CFLAGS) $(FUSE_CFLAGS)
tools_fsbench_limit_LDADD = $(FUSE_LIBS)
tools_fsbench_limit_SOURCES = \
	src/device.c src/device.h \
	src/fuse.h \
	src/loop.c src/loop.h \
	src/opcode.h \
	src/transport.c src/transport.h \
	%D%/limit.c \
	%D%/limit_list.c \
	%D%/limit_ops.c %D%/limit_ops.h \
	%D%/limit_tree.c %D%/limit_tree.h

EXTRA_DIST += \
	%D%/README.md \
	%D%/fsbench \
	%D%/grow.sh \
	%D%/grow_plot.awk \
	%D%/median.awk \
	%D%/plot.awk \
	%D%/table.awk \
	%D%/target.sh \
	%D%/work_data.sh \
	%D%/work_files.sh \
	%D%/work_real.sh
