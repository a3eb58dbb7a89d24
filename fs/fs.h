/*
 * fs: inodes, dentries and file data as keys and values.  The header of fs/
 * that src/ includes, with admin.h.
 *
 * An operation names inodes by number, changes what it changes in one atomic
 * batch of the store, and returns 0 or a negative errno as POSIX and Linux
 * give it.  A crash leaves the tree as it was after some operation: never half
 * of one, and never before one that an fsync covered.
 *
 * Who checks what.  The caller (the kernel, with default_permissions) has
 * checked permissions, search rights and the sticky bit.  fs checks everything
 * else: names, types, loops, limits, flags, and that inodes exist.
 *
 * Lookup counts.  Each entry that an operation returns through a struct
 * fs_entry counts one reference of the kernel's to that inode, which
 * fs_forget() gives back.  An inode without links lives until its last
 * reference is gone; then its data are removed.  After a crash fs_open() does
 * that.
 *
 * Thread safety: all functions may be called from several threads at once; a
 * struct fs_dir belongs to one thread at a time.  No lock is held on return.
 */
#ifndef FS_FS_H
#define FS_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#define FS_MUST_USE __attribute__((warn_unused_result))

#define FS_ROOT_INO      1
#define FS_NAME_MAX      255       /* bytes */
#define FS_SYMLINK_MAX   4095      /* bytes */
#define FS_LINK_MAX      65000     /* hard links to a file */
#define FS_FILE_SIZE_MAX INT64_MAX /* bytes: 8 EiB - 1 */

struct env;
struct fs;
struct fs_dir;

/* When fs_accessed() changes atime. */
enum fs_atime {
	FS_ATIME_RELATIVE, /* if it is not newer than mtime and ctime, or old */
	FS_ATIME_NEVER,
	FS_ATIME_ALWAYS,
};

/* The ranges of the options below, also while it is open (tune.h). */
#define FS_MEMORY_MIN   ((uint64_t)16 << 20) /* bytes */
#define FS_MEMORY_MAX   ((uint64_t)1 << 40)  /* bytes */
#define FS_MEMORY_RANGE "16M to 1024G"
#define FS_SYNC_MS_MIN  ((uint64_t)100)
#define FS_SYNC_MS_MAX  ((uint64_t)3600000)
#define FS_SYNC_RANGE   "100ms to 3600s"

struct fs_options {
	bool create;     /* make a filesystem where there is none */
	bool read_only;  /* see fs_open() */
	bool background; /* the store has threads of its own */
	enum fs_atime atime;
	size_t memory_bytes;       /* for memtables and caches, together */
	unsigned sync_interval_ms; /* between background syncs; 0: none */
	unsigned purge_wait_ms;    /* the longest that a removal waits for
				      others, to be written with them */
	uid_t root_uid;            /* owner of the root of a new filesystem */
	gid_t root_gid;

	/* What the store is made like, down to its sizes, instead of what
	 * memory_bytes makes of it; or NULL.  Borrowed while it is opened. */
	const struct kv_options *store;
};

extern const struct fs_options fs_options_default;

/* Who asks, for the owner and mode of what is created. */
struct fs_cred {
	uid_t uid;
	gid_t gid;
	mode_t umask; /* applied unless the directory has a default ACL */
};

/* What an operation tells the kernel about an inode. */
struct fs_entry {
	uint64_t ino;
	uint64_t generation;
	struct stat attr;
	bool unlink_pending; /* see below */
};

/*
 * The kernel counts links, too: it takes one off when it deals with the answer
 * to an unlink or to a rename that replaced a name.  Attributes that were made
 * after the unlink and are taken over before that make it count twice, and
 * link(2) refuses a file whose count is 0.  So fs says when this may be:
 * unlink_pending is set from an unlink that left other links until another name
 * changes in the same directory, as the kernel holds its lock from the unlink
 * to the end of dealing with it.  Who gets such attributes must first tell the
 * kernel to forget those it has: it then shows them to whoever asked, and
 * takes nothing over from requests that had been sent before.
 */

/* ---------------------------------------------------------------- life -- */

/*
 * Has the heap give memory back, so that memory_bytes holds; see heap.h.  For
 * main(), before there are threads.
 */
void fs_tune_heap(void);

/*
 * Opens the filesystem in the directory @store, recovering it if need be.
 * Returns 0 or an error as kv_open() does, words in fs_error_text().
 *
 * With @options->read_only no byte of the store changes, but for the number of
 * this process in its lock: what has to be recovered is so in memory, which
 * takes as much as the logs hold.  What would change something fails with
 * -EROFS.
 */
int fs_open(struct fs **out, const char *store,
	    const struct fs_options *options) FS_MUST_USE;

/* The same on an env, which is borrowed until fs_close(): for tests. */
int fs_open_env(struct fs **out, struct env *env,
		const struct fs_options *options) FS_MUST_USE;

/*
 * Drops all references, makes everything durable and ends.  No other call may
 * be under way.  Returns what kept something from being durable; @fs is gone in
 * any case.  Accepts NULL.
 */
int fs_close(struct fs *fs);

const char *fs_error_text(int rc);

/* Whether the filesystem had been closed in order when it was opened. */
bool fs_was_clean(const struct fs *fs);

/* --------------------------------------------------------------- names -- */

/* ".." is understood, and "." of anything.  -ENOENT, -ENOTDIR, -ENAMETOOLONG.
 */
int fs_lookup(struct fs *fs, uint64_t dir, const char *name,
	      struct fs_entry *out) FS_MUST_USE;

/* Gives back @count references.  An unknown @ino is ignored. */
void fs_forget(struct fs *fs, uint64_t ino, uint64_t count);

/*
 * Creates anything but a directory or a symlink; @mode has the type.
 */
int fs_mknod(struct fs *fs, uint64_t dir, const char *name, mode_t mode,
	     dev_t rdev, const struct fs_cred *cred,
	     struct fs_entry *out) FS_MUST_USE;
int fs_mkdir(struct fs *fs, uint64_t dir, const char *name, mode_t mode,
	     const struct fs_cred *cred, struct fs_entry *out) FS_MUST_USE;
/*
 * O_TMPFILE: a regular file without a name, which fs_link() may give it, and
 * only the first time; else it goes with its last reference.
 */
int fs_tmpfile(struct fs *fs, uint64_t dir, mode_t mode,
	       const struct fs_cred *cred, struct fs_entry *out) FS_MUST_USE;
int fs_symlink(struct fs *fs, uint64_t dir, const char *name,
	       const char *target, const struct fs_cred *cred,
	       struct fs_entry *out) FS_MUST_USE;
int fs_link(struct fs *fs, uint64_t ino, uint64_t dir, const char *name,
	    struct fs_entry *out) FS_MUST_USE;

int fs_unlink(struct fs *fs, uint64_t dir, const char *name) FS_MUST_USE;
int fs_rmdir(struct fs *fs, uint64_t dir, const char *name) FS_MUST_USE;

/*
 * @flags: RENAME_EXCHANGE, or RENAME_NOREPLACE and RENAME_WHITEOUT, each or
 * both, or 0; others are -EINVAL.  @cred owns the whiteout and may be NULL
 * without one.
 */
int fs_rename(struct fs *fs, uint64_t dir, const char *name, uint64_t newdir,
	      const char *newname, unsigned flags,
	      const struct fs_cred *cred) FS_MUST_USE;

/* ---------------------------------------------------------- attributes -- */

/* @unlink_pending may be NULL. */
int fs_getattr(struct fs *fs, uint64_t ino, struct stat *out,
	       bool *unlink_pending) FS_MUST_USE;

/*
 * Notes that @ino was read.  Not done by what reads: the caller knows who asked
 * not to have it noted (O_NOATIME).  If it cannot be noted, it is not.
 */
void fs_accessed(struct fs *fs, uint64_t ino);

/* When the inode was made. */
int fs_birth(struct fs *fs, uint64_t ino, struct timespec *out) FS_MUST_USE;

/* Which fields of the struct stat fs_setattr() shall take. */
enum fs_set {
	FS_SET_MODE = 1 << 0,
	FS_SET_UID = 1 << 1,
	FS_SET_GID = 1 << 2,
	FS_SET_SIZE = 1 << 3,
	FS_SET_ATIME = 1 << 4,
	FS_SET_MTIME = 1 << 5,
	FS_SET_CTIME = 1 << 6,
	FS_SET_ATIME_NOW = 1 << 7,
	FS_SET_MTIME_NOW = 1 << 8,
	FS_SET_KILL_PRIV = 1 << 9, /* as FS_WRITE_KILL_PRIV */
};

/*
 * Takes the fields of @attr that @set names, all in one batch; ctime becomes
 * now unless given.  @out, if not NULL, is what the inode is then.
 */
int fs_setattr(struct fs *fs, uint64_t ino, const struct stat *attr,
	       unsigned set, struct stat *out) FS_MUST_USE;

/* ---------------------------------------------------------------- data -- */

/*
 * Reads up to @size bytes; fewer only at the end of the file; holes are zeros.
 * Returns their number, -EISDIR, -EINVAL (not a regular file), -EIO, ...
 */
ssize_t fs_read(struct fs *fs, uint64_t ino, void *buf, size_t size,
		uint64_t offset) FS_MUST_USE;

enum fs_write_flags {
	/*
	 * The bytes come out of the kernel's writeback cache, which owns mtime
	 * and ctime and sends them by itself, perhaps before the bytes: leave
	 * both alone.
	 */
	FS_WRITE_CACHED = 1 << 0,
	/* Clear setuid, and setgid if the group may execute. */
	FS_WRITE_KILL_PRIV = 1 << 1,
};

/*
 * Writes all of @buf, extending the file if need be, and sets mtime and ctime.
 * Returns @size, -EFBIG, -ENOSPC, ...: then the file is as it was.
 *
 * *@changed, if not NULL, is set to whether mode or st_blocks have changed,
 * which a kernel does not expect of a write.
 */
ssize_t fs_write(struct fs *fs, uint64_t ino, const void *buf, size_t size,
		 uint64_t offset, unsigned flags, bool *changed) FS_MUST_USE;

/*
 * The first offset from @offset on where there are data, or a hole: @whence is
 * SEEK_DATA or SEEK_HOLE.  The end of the file is a hole.  -ENXIO.
 */
off_t fs_seek(struct fs *fs, uint64_t ino, off_t offset,
	      int whence) FS_MUST_USE;

/*
 * fallocate(2): @mode is 0, KEEP_SIZE, PUNCH_HOLE | KEEP_SIZE, or ZERO_RANGE
 * with or without KEEP_SIZE; others are -EOPNOTSUPP.  Room is checked for and
 * not reserved.  @kill_priv: as FS_WRITE_KILL_PRIV.  -ENOSPC, -EFBIG, ...
 */
int fs_fallocate(struct fs *fs, uint64_t ino, int mode, uint64_t offset,
		 uint64_t size, bool kill_priv) FS_MUST_USE;

/*
 * copy_file_range(2): copies up to @size bytes at @in of one file to @out of
 * another, or of the same, sharing what can be shared.  Returns how many, 0 at
 * the end of the source, -EINVAL (they overlap), -EFBIG, -EISDIR, ...
 */
ssize_t fs_copy(struct fs *fs, uint64_t in_ino, uint64_t in, uint64_t out_ino,
		uint64_t out, uint64_t size, bool kill_priv) FS_MUST_USE;

/*
 * Copies the target, without a NUL, into @buf.  Returns its size, at most
 * FS_SYMLINK_MAX; -EINVAL if @ino is no symlink, -ERANGE if @size is too small.
 */
ssize_t fs_readlink(struct fs *fs, uint64_t ino, char *buf,
		    size_t size) FS_MUST_USE;

/* -------------------------------------------------------------- xattrs -- */

#define FS_XATTR_SIZE_MAX 65536 /* bytes, of a value */
#define FS_XATTR_LIST_MAX 65536 /* bytes, of all names of an inode */

/*
 * The namespaces are user, trusted, security, and system.posix_acl_access and
 * _default; the caller checks who may use which.  A @size of 0 asks for the
 * size alone.  -ENODATA, -ERANGE (@size is too small, or the name too long),
 * -EOPNOTSUPP (another namespace), -EINVAL (a namespace alone).
 */
ssize_t fs_getxattr(struct fs *fs, uint64_t ino, const char *name, void *buf,
		    size_t size) FS_MUST_USE;

/* All names, with a NUL each; those of trusted only if asked for.  -ERANGE. */
ssize_t fs_listxattr(struct fs *fs, uint64_t ino, char *buf, size_t size,
		     bool trusted) FS_MUST_USE;

enum fs_xattr_flags {
	FS_XATTR_CREATE = 1 << 0,    /* -EEXIST if it is there */
	FS_XATTR_REPLACE = 1 << 1,   /* -ENODATA if it is not */
	FS_XATTR_KILL_SGID = 1 << 2, /* with an access ACL: clear setgid */
};

/*
 * An access ACL also sets the mode.  -E2BIG, -ENOSPC (also: no room in the
 * list), -EINVAL (not an ACL), -EACCES (a default ACL of no directory).
 */
int fs_setxattr(struct fs *fs, uint64_t ino, const char *name,
		const void *value, size_t size, unsigned flags) FS_MUST_USE;
int fs_removexattr(struct fs *fs, uint64_t ino, const char *name) FS_MUST_USE;

/* --------------------------------------------------------------- flags -- */

/* What chattr(1) sets. */
enum fs_flags {
	FS_FLAG_IMMUTABLE = 1 << 0, /* nothing of it changes but these */
	FS_FLAG_APPEND = 1 << 1,    /* a file grows; a directory keeps names */
	FS_FLAG_NODUMP = 1 << 2,    /* kept for backup programs */
	FS_FLAG_NOATIME = 1 << 3,   /* reading does not change atime */
};

/*
 * Every operation heeds immutable and append-only with -EPERM, where and as
 * Linux does it; which calls those are is in flags.h.  The caller has checked
 * CAP_LINUX_IMMUTABLE.
 */
int fs_getflags(struct fs *fs, uint64_t ino, unsigned *flags) FS_MUST_USE;

/* -EPERM also if @ino is and stays immutable and another flag changes. */
int fs_setflags(struct fs *fs, uint64_t ino, unsigned flags) FS_MUST_USE;

/* Whether open(2) may open @ino with the O_* @flags: 0 or -EPERM. */
int fs_check_open(struct fs *fs, uint64_t ino, int flags) FS_MUST_USE;

/* Whether there is, or was, an inode with flags. */
bool fs_has_flags(struct fs *fs);

/* ---------------------------------------------------------- directories -- */

struct fs_dirent {
	const char *name; /* valid until the next fs_dir_next() */
	uint64_t ino;
	mode_t type; /* S_IFMT bits */
	off_t next;  /* where to go on behind this entry; never 0 */
};

/*
 * A walk over @dir, beginning at @offset: 0, or the `next` of an entry that any
 * earlier walk returned, also before a remount.  "." and ".." come first.  An
 * entry that exists throughout is returned exactly once, whatever is created
 * and removed meanwhile; where names share a hash (dir_marks.h), at least once.
 */
int fs_dir_open(struct fs *fs, uint64_t dir, off_t offset,
		struct fs_dir **out) FS_MUST_USE;
int fs_dir_next(struct fs_dir *d, struct fs_dirent *out) FS_MUST_USE;
void fs_dir_close(struct fs_dir *d);

/*
 * The entry that fs_dir_next() has just returned, as by fs_lookup(): counts a
 * reference, except for "." and "..", for which READDIRPLUS takes none.
 * -ENOENT if it has been removed meanwhile.
 */
int fs_dir_entry(struct fs_dir *d, struct fs_entry *out) FS_MUST_USE;

/* ------------------------------------------------------ whole filesystem -- */

/* Everything that an operation on @ino answered survives a power cut. */
int fs_fsync(struct fs *fs, uint64_t ino) FS_MUST_USE;
int fs_sync(struct fs *fs) FS_MUST_USE;

int fs_statfs(struct fs *fs, struct statvfs *out) FS_MUST_USE;

/* What lies where: for `quickstart` and the tools. */
struct fs_usage {
	uint64_t inodes;         /* in use */
	uint64_t data_bytes;     /* sum of the sizes of all regular files */
	uint64_t disk_bytes;     /* all files of the store */
	uint64_t disk_bytes_log; /* of these: write-ahead logs */
};

int fs_usage(struct fs *fs, struct fs_usage *out) FS_MUST_USE;

#endif
