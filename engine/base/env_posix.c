/*
 * An env on a local directory.
 *
 * The directory is opened once and every name is looked up below that
 * descriptor, so that neither chdir() nor a rename of a parent can move the
 * store away from under us.  No link is followed and nothing but regular files
 * is opened: what lies in the directory may have been put there by anybody.
 *
 * The lock is an open-file-description lock: it conflicts with every other
 * open of the lock file, in this process too, and the kernel gives it up when
 * the last descriptor is closed, however the process ends.  A child that was
 * forked after env_lock() shares it.
 */
#include "engine/base/env.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "engine/base/window.h"

#define IOV_BATCH     128 /* parts a system call: 2 KiB of stack */
#define LOCK_PID_SIZE 11  /* bytes of "%-10d\n" */

static_assert(IOV_BATCH <= IOV_MAX, "a batch fits into one pwritev()");

struct env_posix {
	struct env env;
	char *path;   /* owned: for messages */
	int dirfd;    /* owned */
	bool windows; /* files may have them */
	int lock_fd;  /* owned, or -1; set by the one env_lock() that wins */
	_Atomic unsigned files_open;
};

struct posix_file {
	struct env_file file;
	int fd;               /* owned */
	struct window window; /* of env_write_over() */
};

static const struct env_ops posix_ops;

static struct env_posix *posix_of(struct env *env)
{
	return container_of(env, struct env_posix, env);
}

static struct posix_file *posix_file_of(struct env_file *file)
{
	return container_of(file, struct posix_file, file);
}

/* errno as our code, with words.  A quota is a full disk to us. */
static int failed(struct env *env, const char *verb, const char *name)
{
	int rc = errno == EDQUOT ? -ENOSPC : -errno;

	return error_set(rc, "%s: cannot %s %s: %s", posix_of(env)->path, verb,
			 name, strerror(errno));
}

static int file_failed(struct posix_file *pf, const char *verb)
{
	return failed(pf->file.env, verb, pf->file.name);
}

static int not_regular(struct env_posix *ep, const char *name)
{
	return error_set(-EUCLEAN, "%s/%s: not a regular file", ep->path, name);
}

/*
 * Opens @name as @flags say and returns the descriptor.  O_NONBLOCK, which
 * means nothing to a regular file, keeps a FIFO from blocking us.
 */
static int open_regular(struct env_posix *ep, const char *name, int flags)
{
	struct stat st;
	int fd, rc;

	flags |= O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	do
		fd = openat(ep->dirfd, name, flags, 0600);
	while (fd < 0 && errno == EINTR);
	if (fd < 0) {
		/* A link, a directory, a socket. */
		if (errno == ELOOP || errno == EISDIR || errno == ENXIO)
			return not_regular(ep, name);
		return failed(&ep->env, "open", name);
	}

	if (fstat(fd, &st) < 0)
		rc = failed(&ep->env, "stat", name);
	else if (!S_ISREG(st.st_mode))
		rc = not_regular(ep, name);
	else
		return fd;
	close(fd);
	return rc;
}

static int posix_open(struct env *env, const char *name, enum env_mode mode,
		      struct env_file **out)
{
	static const int flags[] = {
		[ENV_READ] = O_RDONLY,
		[ENV_WRITE] = O_RDWR,
		[ENV_CREATE] = O_RDWR | O_CREAT | O_EXCL,
	};
	struct env_posix *ep = posix_of(env);
	struct posix_file *pf;
	int fd;

	/* Before the file is made, so that this failure leaves none behind. */
	pf = calloc(1, sizeof(*pf));
	if (!pf)
		return -ENOMEM;

	fd = open_regular(ep, name, flags[mode]);
	if (fd < 0) {
		free(pf);
		return fd;
	}
	pf->fd = fd;
	pf->file.env = env;
	memcpy(pf->file.name, name, strlen(name) + 1);
	atomic_fetch_add(&ep->files_open, 1);
	*out = &pf->file;
	return 0;
}

/* What mattered was synced, so close() has nothing left to tell. */
static void posix_close(struct env_file *file)
{
	struct posix_file *pf = posix_file_of(file);

	atomic_fetch_sub(&posix_of(file->env)->files_open, 1);
	window_close(&pf->window);
	close(pf->fd);
	free(pf);
}

static ssize_t posix_read_at(struct env_file *file, void *buf, size_t size,
			     uint64_t offset)
{
	struct posix_file *pf = posix_file_of(file);
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(pf->fd, (char *)buf + done, size - done,
				  (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return file_failed(pf, "read");
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* The parts that are still to be written. */
struct parts {
	const struct slice *at;
	size_t count;
	size_t skip; /* bytes of the first that are written already */
};

/* Goes @done bytes on, and past every empty part that follows. */
static void parts_advance(struct parts *p, size_t done)
{
	while (p->count && done >= p->at->size - p->skip) {
		done -= p->at->size - p->skip;
		p->skip = 0;
		p->at++;
		p->count--;
	}
	p->skip += done;
}

static int parts_iov(const struct parts *p, struct iovec iov[IOV_BATCH])
{
	size_t n = size_min(p->count, IOV_BATCH);
	size_t i;

	for (i = 0; i < n; i++) {
		size_t skip = i == 0 ? p->skip : 0;

		iov[i].iov_base = (char *)p->at[i].data + skip;
		iov[i].iov_len = p->at[i].size - skip;
	}
	return (int)n;
}

static int posix_write_at(struct env_file *file, const struct slice *slices,
			  size_t count, uint64_t offset)
{
	struct posix_file *pf = posix_file_of(file);
	struct parts left = { .at = slices, .count = count };
	struct iovec iov[IOV_BATCH];

	parts_advance(&left, 0);
	while (left.count) {
		int parts = parts_iov(&left, iov);
		ssize_t n = pwritev(pf->fd, iov, parts, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO; /* no progress would be for ever */
		if (n <= 0)
			return file_failed(pf, "write");
		offset += (uint64_t)n;
		parts_advance(&left, (size_t)n);
	}
	return 0;
}

/* Beyond that, what is copied costs more than the call. */
#define OVER_BYTES_MAX (16 * KIB)

static int posix_write_over(struct env_file *file, const struct slice *parts,
			    size_t count, uint64_t offset)
{
	struct posix_file *pf = posix_file_of(file);
	size_t size = 0, i;

	for (i = 0; i < count; i++)
		size += parts[i].size;
	if (!posix_of(file->env)->windows || size > OVER_BYTES_MAX ||
	    !window_show(&pf->window, pf->fd, offset, size))
		return posix_write_at(file, parts, count, offset);
	window_copy(&pf->window, parts, count, offset);
	return 0;
}

static int posix_size(struct env_file *file, uint64_t *size)
{
	struct posix_file *pf = posix_file_of(file);
	struct stat st;

	if (fstat(pf->fd, &st) < 0)
		return file_failed(pf, "stat");
	*size = (uint64_t)st.st_size;
	return 0;
}

static int posix_truncate(struct env_file *file, uint64_t size)
{
	struct posix_file *pf = posix_file_of(file);
	int rc;

	/* Where there is no file any more, there must be no window. */
	window_close(&pf->window);
	do
		rc = ftruncate(pf->fd, (off_t)size);
	while (rc < 0 && errno == EINTR);
	return rc < 0 ? file_failed(pf, "truncate") : 0;
}

/* An error stays with the file: fdatasync() returns it. */
static void posix_sync_soon(struct env_file *file, uint64_t offset,
			    uint64_t size)
{
	(void)!sync_file_range(posix_file_of(file)->fd, (off_t)offset,
			       (off_t)size, SYNC_FILE_RANGE_WRITE);
}

/*
 * A file that was removed is synced as well as any, and gone when it is closed.
 * Whoever removes a store from under us removes the lock, which we never do.
 */
static int check_not_removed(struct env_posix *ep)
{
	struct stat st;

	if (ep->lock_fd < 0 || fstat(ep->lock_fd, &st) < 0 || st.st_nlink > 0)
		return 0;
	return error_set(-EIO, "%s: the store has been removed", ep->path);
}

static int posix_sync(struct env_file *file)
{
	struct posix_file *pf = posix_file_of(file);
	int rc;

	do
		rc = fdatasync(pf->fd);
	while (rc < 0 && errno == EINTR);
	return rc < 0 ? file_failed(pf, "sync")
		      : check_not_removed(posix_of(file->env));
}

static int posix_rename(struct env *env, const char *from, const char *to)
{
	struct env_posix *ep = posix_of(env);

	if (renameat(ep->dirfd, from, ep->dirfd, to) < 0)
		return failed(env, "rename", from);
	return 0;
}

static int posix_remove(struct env *env, const char *name)
{
	if (unlinkat(posix_of(env)->dirfd, name, 0) < 0)
		return failed(env, "remove", name);
	return 0;
}

/* EPERM: a file system without links; EMLINK: with no more of them. */
static int posix_link(struct env *env, struct env *source, const char *name)
{
	if (linkat(posix_of(source)->dirfd, name, posix_of(env)->dirfd, name,
		   0) == 0)
		return 0;
	if (errno == EPERM || errno == EMLINK)
		errno = EOPNOTSUPP;
	return failed(env, "link", name);
}

/* EINVAL says that the file system cannot sync a directory by itself. */
static int sync_directory(int fd)
{
	int rc;

	do
		rc = fsync(fd);
	while (rc < 0 && errno == EINTR);
	return rc < 0 && errno != EINVAL ? -1 : 0;
}

static int posix_sync_dir(struct env *env)
{
	if (sync_directory(posix_of(env)->dirfd) < 0)
		return failed(env, "sync", "the directory");
	return 0;
}

/* Returns 1, 0, or < 0. */
static int entry_is_regular(struct env_posix *ep, const struct dirent *de)
{
	struct stat st;

	if (de->d_type != DT_UNKNOWN)
		return de->d_type == DT_REG;
	if (fstatat(ep->dirfd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(&ep->env, "stat", de->d_name);
	return S_ISREG(st.st_mode);
}

static int list_entry(struct env_posix *ep, const struct dirent *de,
		      struct env_names *names)
{
	const char *name = de->d_name;
	int rc;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    strcmp(name, "lost+found") == 0)
		return 0;
	if (!env_name_valid(name)) {
		names->foreign++;
		return 0;
	}

	rc = entry_is_regular(ep, de);
	if (rc == -ENOENT) /* removed since readdir() saw it */
		return 0;
	if (rc > 0)
		return env_names_add(names, name);
	if (rc == 0)
		names->foreign++;
	return rc;
}

static int posix_list(struct env *env, struct env_names *names)
{
	struct env_posix *ep = posix_of(env);
	struct dirent *de;
	int fd, rc = 0;
	DIR *dir;

	/* A description of its own: two lists must not share a position. */
	fd = openat(ep->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return failed(env, "open", "the directory");
	dir = fdopendir(fd);
	if (!dir) {
		rc = failed(env, "list", "the directory");
		close(fd);
		return rc;
	}

	while (rc == 0 && (errno = 0, de = readdir(dir)))
		rc = list_entry(ep, de, names);
	if (rc == 0 && errno != 0)
		rc = failed(env, "list", "the directory");
	closedir(dir);
	return rc;
}

/*
 * The number in front may be missing or stale for a moment, while a new holder
 * writes it.
 */
static int lock_busy(struct env_posix *ep, int fd)
{
	char text[LOCK_PID_SIZE + 1] = "";
	long pid = 0;

	if (pread(fd, text, LOCK_PID_SIZE, 0) > 0)
		pid = strtol(text, NULL, 10);
	if (pid <= 0)
		return error_set(-EBUSY, "%s: in use by another process",
				 ep->path);
	return error_set(-EBUSY, "%s: in use by process %ld", ep->path, pid);
}

/*
 * For people only, so a full disk must not keep the store closed; but a number
 * that is not ours must not stay.
 */
static int lock_sign(struct env *env, int fd, const char *name)
{
	char text[LOCK_PID_SIZE + 1];

	snprintf(text, sizeof(text), "%-10d\n", (int)getpid());
	if (pwrite(fd, text, LOCK_PID_SIZE, 0) != LOCK_PID_SIZE &&
	    ftruncate(fd, 0) < 0)
		return failed(env, "write", name);
	return 0;
}

static int posix_lock(struct env *env, const char *name)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct env_posix *ep = posix_of(env);
	int fd, rc;

	fd = open_regular(ep, name, O_RDWR | O_CREAT);
	if (fd < 0)
		return fd;
	/* The directory too: the file could be removed under its holder. */
	if (fcntl(fd, F_OFD_SETLK, &whole) == 0 &&
	    flock(ep->dirfd, LOCK_EX | LOCK_NB) == 0)
		rc = lock_sign(env, fd, name);
	else if (errno == EAGAIN || errno == EACCES)
		rc = lock_busy(ep, fd);
	else
		rc = failed(env, "lock", name);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	ep->lock_fd = fd;
	return 0;
}

static int posix_space(struct env *env, struct env_space *space)
{
	struct statvfs st;
	int rc;

	do
		rc = fstatvfs(posix_of(env)->dirfd, &st);
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return failed(env, "ask the space of", "the file system");
	space->bytes_total = (uint64_t)st.f_blocks * st.f_frsize;
	space->bytes_free = (uint64_t)st.f_bavail * st.f_frsize;
	return 0;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static uint64_t posix_realtime_ns(struct env *env UNUSED)
{
	return clock_ns(CLOCK_REALTIME);
}

static uint64_t posix_monotonic_ns(struct env *env UNUSED)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* Store ids come from here: predictable ones would be worse than none. */
static void posix_random(struct env *env UNUSED, void *buf, size_t size)
{
	uint8_t *at = buf;

	while (size) {
		ssize_t n = getrandom(at, size, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			abort();
		at += n;
		size -= (size_t)n;
	}
}

static void posix_free(struct env *env)
{
	struct env_posix *ep = posix_of(env);

	assert(atomic_load(&ep->files_open) == 0);
	if (ep->lock_fd >= 0)
		close(ep->lock_fd);
	if (ep->dirfd >= 0)
		close(ep->dirfd);
	free(ep->path);
	free(ep);
}

static const struct env_ops posix_ops = {
	.open = posix_open,
	.close = posix_close,
	.read_at = posix_read_at,
	.write_at = posix_write_at,
	.write_over = posix_write_over,
	.size = posix_size,
	.truncate = posix_truncate,
	.sync_soon = posix_sync_soon,
	.sync = posix_sync,
	.rename = posix_rename,
	.remove = posix_remove,
	.link = posix_link,
	.sync_dir = posix_sync_dir,
	.list = posix_list,
	.lock = posix_lock,
	.space = posix_space,
	.realtime_ns = posix_realtime_ns,
	.monotonic_ns = posix_monotonic_ns,
	.random = posix_random,
	.free = posix_free,
};

static int path_failed(const char *path, const char *verb)
{
	if (errno == ENOTDIR)
		return error_set(-ENOTDIR, "%s: not a directory", path);
	return error_set(-errno, "%s: cannot %s: %s", path, verb,
			 strerror(errno));
}

/* Makes the name of the directory @dirfd durable. */
static int sync_parent(int dirfd)
{
	int fd = openat(dirfd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -1;
	rc = sync_directory(fd);
	close(fd);
	return rc;
}

/* Opens the directory, after making it if @create says so. */
static int open_directory(const char *path, bool create)
{
	bool made = create && mkdir(path, 0700) == 0;
	int fd, rc;

	if (create && !made && errno != EEXIST)
		return path_failed(path, "create");

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return path_failed(path, "open");
	if (made && sync_parent(fd) < 0) {
		rc = path_failed(path, "sync the parent");
		close(fd);
		rmdir(path); /* so that the next attempt syncs it again */
		return rc;
	}
	return fd;
}

int env_posix_new(struct env **out, const char *path, bool create)
{
	struct env_posix *ep = calloc(1, sizeof(*ep));
	int rc;

	if (!ep)
		return -ENOMEM;
	ep->env.ops = &posix_ops;
	ep->dirfd = -1;
	ep->lock_fd = -1;

	ep->path = strdup(path);
	rc = ep->path ? open_directory(path, create) : -ENOMEM;
	if (rc < 0) {
		posix_free(&ep->env);
		return rc;
	}
	ep->dirfd = rc;
	ep->windows = window_allowed(rc);
	*out = &ep->env;
	return 0;
}
