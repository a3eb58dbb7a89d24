/*
 * env: the files of one store, and the only code that touches a file.
 *
 * A store is a flat set of named files.  Everything but the logs is written
 * once, from the front to the back, synced, and then never changed; no caller
 * may assume a local path, an mmap or an inode number, so that another env can
 * keep the files elsewhere.
 *
 * What a power cut leaves (the model that env_mem.c simulates)
 *   - Bytes written since the last env_sync() of their file are each there,
 *     gone, torn or garbage, and the file's size may be the old, the new or one
 *     in between.
 *   - A name that was created, renamed or removed since the last
 *     env_sync_dir() is there in its old or in its new state, each name by
 *     itself; a rename leaves exactly one of the two.
 *   - env_sync() of a file makes its bytes durable, not its name.
 * When the process dies alone, everything that a call answered stays.
 *
 * After env_sync() has failed once for a file, the kernel may have dropped the
 * bytes and call later syncs good; the caller must not go on writing.
 *
 * Thread safety: all functions may be called from several threads at once,
 * also for one file, as long as no two write to the same bytes.
 *
 * Names are 1 to ENV_NAME_MAX bytes of [A-Za-z0-9._-], and begin with no dot.
 */
#ifndef ENGINE_BASE_ENV_H
#define ENGINE_BASE_ENV_H

#include "engine/base/slice.h"

#define ENV_NAME_MAX 63 /* bytes without the NUL */

struct env;
struct env_file;
struct env_names;

/* How a file is opened. */
enum env_mode {
	ENV_READ,   /* read an existing file */
	ENV_WRITE,  /* read and write an existing file */
	ENV_CREATE, /* create a file that must not exist, read and write it */
};

struct env_space {
	uint64_t bytes_total; /* of the medium that the store lies on */
	uint64_t bytes_free;  /* that this process may still use */
};

/* What an implementation brings; called through the functions below only. */
struct env_ops {
	int (*open)(struct env *env, const char *name, enum env_mode mode,
		    struct env_file **out);
	void (*close)(struct env_file *file);
	void (*seal)(struct env_file *file); /* or NULL: nothing to do */
	ssize_t (*read_at)(struct env_file *file, void *buf, size_t size,
			   uint64_t offset);
	int (*write_at)(struct env_file *file, const struct slice *parts,
			size_t count, uint64_t offset);
	int (*write_over)(struct env_file *file, const struct slice *parts,
			  size_t count, uint64_t offset);
	int (*size)(struct env_file *file, uint64_t *size);
	int (*truncate)(struct env_file *file, uint64_t size);
	/* Or NULL: nothing to do. */
	void (*sync_soon)(struct env_file *file, uint64_t offset,
			  uint64_t size);
	int (*sync)(struct env_file *file);
	int (*rename)(struct env *env, const char *from, const char *to);
	int (*remove)(struct env *env, const char *name);
	/* Both of the same kind; NULL if the kind cannot. */
	int (*link)(struct env *env, struct env *source, const char *name);
	int (*sync_dir)(struct env *env);
	int (*list)(struct env *env, struct env_names *names);
	int (*lock)(struct env *env, const char *name);
	int (*space)(struct env *env, struct env_space *space);
	uint64_t (*realtime_ns)(struct env *env);
	uint64_t (*monotonic_ns)(struct env *env);
	void (*random)(struct env *env, void *buf, size_t size);
	void (*free)(struct env *env);
};

struct env {
	const struct env_ops *ops;
};

/* Implementations begin with this. */
struct env_file {
	struct env *env;
	char name[ENV_NAME_MAX + 1]; /* as opened: for messages */
};

/*
 * The files of the directory @path.  With @create, a directory that does not
 * exist is made, mode 0700, and its parent synced.  Returns 0, -ENOENT,
 * -ENOTDIR, -EACCES, -ENOMEM, ... with words in error_text().
 */
int env_posix_new(struct env **out, const char *path, bool create) MUST_USE;

/* Ends an env whose files are all closed; its lock, if held, is given up. */
void env_free(struct env *env);

/*
 * Opens @name.  Returns 0, -ENOENT, -EEXIST, -EMFILE, -ENOSPC, -EIO, ...  The
 * caller closes what it gets.
 */
int env_open(struct env *env, const char *name, enum env_mode mode,
	     struct env_file **out) MUST_USE;
void env_close(struct env_file *file);

/*
 * Says that @file, whose bytes are all durable, will not be written to any
 * more: from now on it may be treated as one opened with ENV_READ.
 */
void env_seal(struct env_file *file);

/*
 * Reads up to @size bytes; fewer only at the end of the file.  Returns their
 * number or -EIO.
 */
ssize_t env_read_at(struct env_file *file, void *buf, size_t size,
		    uint64_t offset) MUST_USE;

/* Reads exactly @size bytes: -EUCLEAN if the file ends before. */
int env_read_full(struct env_file *file, void *buf, size_t size,
		  uint64_t offset) MUST_USE;

/*
 * Writes all the parts, one behind the other, at @offset, extending the file
 * if need be.  Returns 0, -ENOSPC or -EIO; then any part of the bytes may have
 * been written.
 */
int env_write_at(struct env_file *file, const struct slice *parts, size_t count,
		 uint64_t offset) MUST_USE;

/*
 * As env_write_at(), for small writes over bytes that were just written with it
 * through this @file, and not cut off since: there it may be much cheaper.  By
 * one thread at a time for a file.
 */
int env_write_over(struct env_file *file, const struct slice *parts,
		   size_t count, uint64_t offset) MUST_USE;

int env_size(struct env_file *file, uint64_t *size) MUST_USE;

int env_truncate(struct env_file *file, uint64_t size) MUST_USE;

/*
 * Says that env_sync() is going to be called when more has been written, so
 * that the medium may begin with these bytes.  Waits for nothing, promises
 * nothing, and an error is told by the sync.
 */
void env_sync_soon(struct env_file *file, uint64_t offset, uint64_t size);

/*
 * Makes the file's bytes and size durable.  Returns 0, -ENOSPC, or -EIO: also
 * if all files have been removed from under us, with the one of env_lock().
 */
int env_sync(struct env_file *file) MUST_USE;

/* Renames, replacing @to if it exists. */
int env_rename(struct env *env, const char *from, const char *to) MUST_USE;

/* Removes a name; open files stay readable.  Returns 0, -ENOENT, -EIO. */
int env_remove(struct env *env, const char *name) MUST_USE;

/*
 * Gives the file @name of @source the same name in @env, too: one file from
 * then on, whose bytes, and whether they are durable, are the same for both; so
 * it must never be written again.  Removing one name leaves the other.
 *
 * Returns 0, -ENOENT, -EEXIST, -ENOSPC, -EIO, or -EOPNOTSUPP or -EXDEV: these
 * two cannot share files, and the caller has to copy.
 */
int env_link_from(struct env *env, struct env *source,
		  const char *name) MUST_USE;

/* Makes every name as it is now durable. */
int env_sync_dir(struct env *env) MUST_USE;

/*
 * Takes the store for this process until env_free(), creating the file @name
 * if need be.  Returns 0, or -EBUSY if another process, or another env in this
 * one, holds it (error_text() says who).
 */
int env_lock(struct env *env, const char *name) MUST_USE;

int env_space(struct env *env, struct env_space *space) MUST_USE;

uint64_t env_realtime_ns(struct env *env);  /* since 1970 */
uint64_t env_monotonic_ns(struct env *env); /* never goes back */
void env_random(struct env *env, void *buf, size_t size);

/* A list of names, in no order, each NUL-terminated. */
struct env_names {
	char (*names)[ENV_NAME_MAX + 1]; /* owned */
	size_t count;
	size_t cap;
	size_t foreign; /* how many names are none that env_open() takes */
};

/* Lists the store's files.  The caller ends @names with env_names_fini(). */
int env_list(struct env *env, struct env_names *names) MUST_USE;
void env_names_fini(struct env_names *names);

/* For implementations: adds a name.  Returns 0 or -ENOMEM. */
int env_names_add(struct env_names *names, const char *name) MUST_USE;

bool env_name_valid(const char *name);

#endif
