# The daemon: the only folder compiled with the FUSE flags.
bin_PROGRAMS += loamfs
dist_man5_MANS += %D%/loamfs.5
dist_man8_MANS += %D%/loamfs.8 %D%/mount.loamfs.8 \
	%D%/mount.fuse.loamfs.8

loamfs_CPPFLAGS = $(AM_CPPFLAGS)
loamfs_CFLAGS = $(AM_CFLAGS) $(FUSE_CFLAGS)
loamfs_LDADD = $(FS_LIBS) $(FUSE_LIBS)
loamfs_SOURCES = \
	%D%/control.c %D%/control.h \
	%D%/daemon.c %D%/daemon.h \
	%D%/device.c %D%/device.h \
	%D%/flusher.c %D%/flusher.h \
	%D%/foreign.c %D%/foreign.h \
	%D%/fuse.h \
	%D%/log.c %D%/log.h \
	%D%/loop.c %D%/loop.h \
	%D%/main.c \
	%D%/opcode.c %D%/opcode.h \
	%D%/ops.c %D%/ops.h \
	%D%/ops_attr.c \
	%D%/ops_dir.c \
	%D%/ops_io.c \
	%D%/ops_ioctl.c \
	%D%/ops_name.c \
	%D%/ops_xattr.c \
	%D%/opts.c %D%/opts.h \
	%D%/own.c %D%/own.h \
	%D%/own_format.h \
	%D%/paths.c %D%/paths.h \
	%D%/place.h \
	%D%/remount.c %D%/remount.h \
	%D%/reply.c %D%/reply.h \
	%D%/report.c %D%/report.h \
	%D%/scratch.c %D%/scratch.h \
	%D%/serve.c %D%/serve.h \
	%D%/stop.c %D%/stop.h \
	%D%/status.c %D%/status.h \
	%D%/tally.c %D%/tally.h \
	%D%/trace.c %D%/trace.h \
	%D%/transport.c %D%/transport.h \
	%D%/unmount.c %D%/unmount.h \
	%D%/view.h \
	%D%/wire.c %D%/wire.h
