# The tool that looks after stores.
bin_PROGRAMS += loamctl
dist_man8_MANS += %D%/loamctl.8

# The language of the control socket is the daemon's.
loamctl_CPPFLAGS = $(AM_CPPFLAGS)
loamctl_LDADD = $(FS_LIBS)
loamctl_SOURCES = \
	%D%/act.c \
	%D%/fsck.c \
	%D%/loamctl.h \
	%D%/main.c \
	%D%/out.c %D%/out.h \
	%D%/scrub.c \
	%D%/stat.c \
	%D%/target.c %D%/target.h \
	src/place.h \
	src/wire.c src/wire.h

# As fsck(8) looks for it.
install-exec-hook:
	$(MKDIR_P) '$(DESTDIR)$(sbindir)'
	ln -sf '$(bindir)/loamctl' '$(DESTDIR)$(sbindir)/fsck.loamfs'

uninstall-hook:
	rm -f '$(DESTDIR)$(sbindir)/fsck.loamfs'
