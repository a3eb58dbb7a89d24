# Files on a mount beside files elsewhere.  fsops is what the script has no
# program for; built for `make check`, or by the script itself.
check_PROGRAMS += tools/fsbench/fsops

tools_fsbench_fsops_SOURCES = \
	%D%/clock.h \
	%D%/content.c %D%/content.h \
	%D%/main.c \
	%D%/ops.c %D%/ops.h \
	%D%/source.c %D%/source.h

EXTRA_DIST += \
	%D%/README.md \
	%D%/fsbench \
	%D%/grow.sh \
	%D%/median.awk \
	%D%/plot.awk \
	%D%/table.awk \
	%D%/target.sh \
	%D%/work_data.sh \
	%D%/work_files.sh \
	%D%/work_real.sh
