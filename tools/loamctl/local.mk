# The tool that looks after stores.
bin_PROGRAMS += loamctl
dist_man8_MANS += %D%/loamctl.8

# The language of the control socket is the daemon's.
loamctl_CPPFLAGS = $(AM_CPPFLAGS)
loamctl_LDADD = $(FS_LIBS)
loamctl_SOURCES = \
	%D%/act.c \
	%D%/dump.c \
	%D%/fsck.c \
	%D%/info.c \
	%D%/lines.c %D%/lines.h \
	%D%/loamctl.h \
	%D%/main.c \
	%D%/measures.c %D%/measures.h \
	%D%/mkfs.c \
	%D%/mounted.c %D%/mounted.h \
	%D%/out.c %D%/out.h \
	%D%/remount.c \
	%D%/screen.c %D%/screen.h \
	%D%/scrub.c \
	%D%/stat.c \
	%D%/target.c %D%/target.h \
	%D%/top.c \
	%D%/top_sample.c %D%/top_sample.h \
	%D%/tune.c \
	%D%/umount.c \
	%D%/verbs.c \
	%D%/watch.c %D%/watch.h \
	%D%/where.c %D%/where.h \
	src/place.h \
	src/report.c src/report.h \
	src/unmount.c src/unmount.h \
	src/wire.c src/wire.h

# As fsck(8) and mkfs(8) look for it.
dist_man8_MANS += %D%/fsck.loamfs.8 %D%/mkfs.loamfs.8

# As mount(8) and umount(8) look for their helpers: by the type in the mount
# table and by the short one.  They look in /sbin alone.
dist_man8_MANS += %D%/umount.loamfs.8 %D%/umount.fuse.loamfs.8
LOAMCTL_NAMES = fsck.loamfs mkfs.loamfs umount.loamfs umount.fuse.loamfs
LOAMFS_NAMES = mount.loamfs mount.fuse.loamfs

install-exec-hook:
	$(MKDIR_P) '$(DESTDIR)$(sbindir)'
	for name in $(LOAMCTL_NAMES); do \
		ln -sf '$(bindir)/loamctl' "$(DESTDIR)$(sbindir)/$$name"; done
	for name in $(LOAMFS_NAMES); do \
		ln -sf '$(bindir)/loamfs' "$(DESTDIR)$(sbindir)/$$name"; done

uninstall-hook:
	for name in $(LOAMCTL_NAMES) $(LOAMFS_NAMES); do \
		rm -f "$(DESTDIR)$(sbindir)/$$name"; done

# Where the shells look.
bashcompdir = $(datadir)/bash-completion/completions
dist_bashcomp_DATA += %D%/completion/loamctl
dist_zshcomp_DATA += %D%/completion/_loamctl
