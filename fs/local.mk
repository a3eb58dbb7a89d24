noinst_LIBRARIES += libfs.a

libfs_a_CPPFLAGS = $(AM_CPPFLAGS)
libfs_a_CFLAGS = $(AM_CFLAGS) $(XXHASH_CFLAGS)
libfs_a_SOURCES = \
	%D%/acl.c %D%/acl.h \
	%D%/admin.c %D%/admin.h \
	%D%/atime.c \
	%D%/attr.c \
	%D%/blocks.c %D%/blocks.h \
	%D%/check.c %D%/check.h \
	%D%/check_inodes.c \
	%D%/check_keys.c \
	%D%/create.c \
	%D%/copy.c \
	%D%/data.c %D%/data.h \
	%D%/dentry.c %D%/dentry.h \
	%D%/describe.c %D%/describe.h \
	%D%/dir.c \
	%D%/dir_marks.c %D%/dir_marks.h \
	%D%/du.c \
	%D%/fallocate.c \
	%D%/flags.c %D%/flags.h \
	%D%/fs.c %D%/fs.h \
	%D%/icache.c %D%/icache.h \
	%D%/info.c %D%/info.h \
	%D%/inode.c %D%/inode.h \
	%D%/inode_format.c %D%/inode_format.h \
	%D%/measure.c %D%/measure.h \
	%D%/namei.c %D%/namei.h \
	%D%/orphan.c %D%/orphan.h \
	%D%/purge.c %D%/purge.h \
	%D%/rename.c \
	%D%/repair.c %D%/repair.h \
	%D%/say.c %D%/say.h \
	%D%/schema.c %D%/schema.h \
	%D%/scrub.c %D%/scrub.h \
	%D%/seek.c \
	%D%/superblock.c %D%/superblock.h \
	%D%/truncate.c %D%/truncate.h \
	%D%/tune.c %D%/tune.h \
	%D%/value.c %D%/value.h \
	%D%/write.c %D%/write.h \
	%D%/xattr.c %D%/xattr.h

FS_LIBS = libfs.a $(ENGINE_LIBS)
