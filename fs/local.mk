noinst_LIBRARIES += libfs.a

libfs_a_CPPFLAGS = $(AM_CPPFLAGS)
libfs_a_CFLAGS = $(AM_CFLAGS) $(XXHASH_CFLAGS)
libfs_a_SOURCES = \
	%D%/fs.h \
	%D%/inode_format.c %D%/inode_format.h \
	%D%/schema.c %D%/schema.h

FS_LIBS = libfs.a $(ENGINE_LIBS)
