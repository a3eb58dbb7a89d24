#include "src/status.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fs/fs.h"
#include "src/log.h"
#include "src/opcode.h"
#include "src/ops.h"
#include "src/own.h"
#include "src/own_format.h"
#include "src/reply.h"
#include "src/report.h"
#include "src/transport.h"

#define DIR_INO ((uint64_t)1 << 63) /* those of texts are greater */

static const char *const names[] = {
	[REPORT_STATS] = "stats",
	[REPORT_JSON] = "stats.json",
	[REPORT_METRICS] = "metrics",
};

/* A file that the kernel knows. */
struct text {
	struct text *next;
	uint64_t ino;
	uint64_t lookups; /* references that the kernel has */
	struct timespec made;
	size_t size; /* bytes */
	char *bytes; /* owned */
};

static bool is_on;
static struct timespec begun;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct text *texts; /* guarded by lock, and so are these */
static unsigned texts_count;
static uint64_t last_ino = DIR_INO;

void status_begin(struct fs *fs)
{
	struct fs_entry entry;

	if (fs_lookup(fs, FS_ROOT_INO, STATUS_NAME, &entry) == 0) {
		fs_forget(fs, entry.ino, 1);
		log_warning("there is a %s in the store, which is shown "
			    "instead of the files of this mount's state",
			    STATUS_NAME);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &begun);
	is_on = true;
}

static void text_free(struct text *t)
{
	free(t->bytes);
	free(t);
}

void status_end(void)
{
	struct text *t;

	while ((t = texts)) {
		texts = t->next;
		text_free(t);
	}
	is_on = false;
}

/* ---------------------------------------------------------------- texts -- */

static int text_new(struct text **out, struct fs *fs, enum report_form form)
{
	struct text *t = calloc(1, sizeof(*t));
	struct report *report;
	struct fs_sink sink;
	int rc;

	if (!t)
		return -ENOMEM;
	rc = report_new(&report, form);
	if (rc == 0) {
		sink = report_sink(report);
		rc = fs_admin(fs, "stat", "", &sink);
		rc = report_end(report, rc, &t->bytes, &t->size);
	}
	if (rc < 0) {
		free(t);
		return rc;
	}
	t->lookups = 1;
	clock_gettime(CLOCK_REALTIME, &t->made);
	*out = t;
	return 0;
}

/* Takes @t over if there is room. */
static bool text_keep(struct text *t)
{
	bool room;

	pthread_mutex_lock(&lock);
	room = texts_count < STATUS_TEXTS_MAX;
	if (room) {
		t->ino = ++last_ino;
		t->next = texts;
		texts = t;
		texts_count++;
	}
	pthread_mutex_unlock(&lock);
	return room;
}

/* The kernel asks for what it has a reference to, so it stays there. */
static const struct text *text_find(uint64_t ino)
{
	const struct text *t;

	pthread_mutex_lock(&lock);
	for (t = texts; t && t->ino != ino; t = t->next)
		;
	pthread_mutex_unlock(&lock);
	return t;
}

static void text_forget(uint64_t ino, uint64_t lookups)
{
	struct text **at = &texts, *gone = NULL;

	pthread_mutex_lock(&lock);
	while (*at && (*at)->ino != ino)
		at = &(*at)->next;
	if (*at && (*at)->lookups <= lookups) {
		gone = *at;
		*at = gone->next;
		texts_count--;
	} else if (*at) {
		(*at)->lookups -= lookups;
	}
	pthread_mutex_unlock(&lock);
	if (gone)
		text_free(gone);
}

/* ----------------------------------------------------------- attributes -- */

/* @t is NULL for the folder. */
static struct stat stat_of(const struct text *t)
{
	struct timespec time = t ? t->made : begun;
	size_t size = t ? t->size : 0;

	return (struct stat){
		.st_ino = t ? t->ino : DIR_INO,
		.st_mode = t ? S_IFREG | 0400 : S_IFDIR | 0500,
		.st_nlink = t ? 1 : 2,
		.st_uid = geteuid(),
		.st_gid = getegid(),
		.st_size = (off_t)size,
		.st_blocks = (blkcnt_t)((size + 511) / 512),
		.st_blksize = 4096,
		.st_atim = time,
		.st_mtim = time,
		.st_ctim = time,
	};
}

static int reply_getattr(int fd, const struct fuse_in_header *in,
			 const struct text *t)
{
	struct stat st = stat_of(t);
	struct fuse_attr_out out = {
		.attr_valid = (uint64_t)TRANSPORT_CACHE_SECONDS,
		.attr = own_attr(&st),
	};

	own_reply(fd, in, 0, &out, sizeof(out));
	return 0;
}

/* The name of a file is good for as long as its text may be shown again. */
static struct fuse_entry_out entry_of(const struct text *t)
{
	struct stat st = stat_of(t);

	return (struct fuse_entry_out){
		.nodeid = st.st_ino,
		.generation = 1,
		.entry_valid = t ? STATUS_TEXT_S
				 : (uint64_t)TRANSPORT_CACHE_SECONDS,
		.attr_valid = (uint64_t)TRANSPORT_CACHE_SECONDS,
		.attr = own_attr(&st),
	};
}

/* ------------------------------------------------------------- requests -- */

/* Each returns 0 after an answer, or what is to be answered. */
static int look_up(struct fs *fs, int fd, const struct fuse_in_header *in)
{
	const char *name = (const char *)(in + 1);
	struct fuse_entry_out out;
	struct text *t = NULL;
	size_t i = 0;
	int rc;

	if (in->nodeid != DIR_INO)
		return -ENOTDIR;
	while (i < REPORT_FORMS && strcmp(names[i], name) != 0)
		i++;
	if (i == REPORT_FORMS)
		return -ENOENT;
	rc = text_new(&t, fs, (enum report_form)i);
	if (rc < 0)
		return rc;
	if (!text_keep(t)) {
		text_free(t);
		return -ENFILE;
	}
	out = entry_of(t);
	/* A reply that was not sent gave the kernel no reference. */
	if (!own_reply(fd, in, 0, &out, sizeof(out)))
		text_forget(out.nodeid, 1);
	return 0;
}

static int read_text(int fd, const struct fuse_in_header *in,
		     const struct text *t)
{
	const struct fuse_read_in *arg = (const void *)(in + 1);
	size_t size = 0;

	if (!t)
		return -EISDIR;
	if (arg->offset < t->size)
		size = t->size - arg->offset;
	if (size > arg->size)
		size = arg->size;
	own_reply(fd, in, 0, t->bytes + (size ? arg->offset : 0), size);
	return 0;
}

static int seek(int fd, const struct fuse_in_header *in, const struct text *t)
{
	const struct fuse_lseek_in *arg = (const void *)(in + 1);
	struct fuse_lseek_out out;

	if (!t || arg->offset >= t->size)
		return -ENXIO;
	out.offset = arg->whence == SEEK_HOLE ? t->size : arg->offset;
	own_reply(fd, in, 0, &out, sizeof(out));
	return 0;
}

/*
 * The listing, which fits into any buffer.  A direntplus without an inode is
 * one without attributes.
 */
static int list(int fd, const struct fuse_in_header *in)
{
	const struct fuse_read_in *arg = (const void *)(in + 1);
	size_t entry = in->opcode == FUSE_READDIRPLUS
			       ? sizeof(struct fuse_entry_out)
			       : 0;
	char buf[1024] = "";
	struct fuse_dirent *d;
	const char *name;
	size_t used = 0, i;

	if (in->nodeid != DIR_INO)
		return -ENOTDIR;
	for (i = arg->offset; i < REPORT_FORMS + 2; i++) {
		name = i == 0 ? "." : i == 1 ? ".." : names[i - 2];
		d = (void *)(buf + used + entry);
		*d = (struct fuse_dirent){
			.ino = DIR_INO,
			.off = i + 1,
			.namelen = (uint32_t)strlen(name),
			.type = i < 2 ? S_IFDIR >> 12 : S_IFREG >> 12,
		};
		memcpy(d->name, name, d->namelen);
		used += entry + FUSE_DIRENT_SIZE(d);
	}
	own_reply(fd, in, 0, buf, used);
	return 0;
}

static int open_text(const struct ops *ops, int fd,
		     const struct fuse_in_header *in)
{
	const struct fuse_open_in *arg = (const void *)(in + 1);
	struct fuse_open_out out = {
		.open_flags = FOPEN_KEEP_CACHE | FOPEN_NOFLUSH,
	};

	if (!ops->asks_open)
		return -ENOSYS;
	if ((arg->flags & O_ACCMODE) != O_RDONLY)
		return -EPERM;
	own_reply(fd, in, 0, &out, sizeof(out));
	return 0;
}

static int answer(struct ops *ops, int fd, const struct fuse_in_header *in)
{
	const struct text *t = text_find(in->nodeid);
	struct fuse_getxattr_out no_xattrs = { .size = 0 };
	struct stat st;

	if (!t && in->nodeid != DIR_INO)
		return -ESTALE;
	switch (in->opcode) {
	case FUSE_LOOKUP:
		return look_up(ops->fs, fd, in);
	case FUSE_GETATTR:
		return reply_getattr(fd, in, t);
	case FUSE_READ:
		return read_text(fd, in, t);
	case FUSE_LSEEK:
		return seek(fd, in, t);
	case FUSE_READDIR:
	case FUSE_READDIRPLUS:
		return list(fd, in);
	case FUSE_OPEN:
		return open_text(ops, fd, in);
	case FUSE_OPENDIR:
		return -ENOSYS;
	case FUSE_GETXATTR:
		return -ENODATA;
	case FUSE_LISTXATTR:
		own_reply(fd, in, 0, &no_xattrs, sizeof(no_xattrs));
		return 0;
	case FUSE_FSYNC:
	case FUSE_FSYNCDIR:
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		own_reply(fd, in, 0, NULL, 0);
		return 0;
	case FUSE_COPY_FILE_RANGE:
		/* The kernel copies by itself. */
		return -EXDEV;
	case OWN_STATX:
		st = stat_of(t);
		own_reply_statx(fd, in, &st, st.st_mtim);
		return 0;
	default:
		return -EPERM;
	}
}

/* ----------------------------------------------------------- the folder -- */

static bool is_name(uint64_t dir, const char *name)
{
	return dir == FS_ROOT_INO && name && strcmp(name, STATUS_NAME) == 0;
}

/* Whether a request changes the name of the folder in the root. */
static bool changes_name(const struct fuse_in_header *in)
{
	/* The first field of both forms of a rename. */
	const uint64_t *newdir = (const void *)(in + 1);

	switch (in->opcode) {
	case FUSE_RENAME:
	case FUSE_RENAME2:
		if (is_name(*newdir, opcode_second_name(in)))
			return true;
		/* fallthrough */
	case FUSE_UNLINK:
	case FUSE_RMDIR:
	case FUSE_SYMLINK:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_LINK:
		return is_name(in->nodeid, opcode_name(in));
	default:
		return false;
	}
}

/* Other inodes in it are those of fs, which passes over ours. */
static void forget_batch(const struct fuse_in_header *in)
{
	const struct fuse_batch_forget_in *arg = (const void *)(in + 1);
	const struct fuse_forget_one *one = (const void *)(arg + 1);

	for (uint32_t i = 0; i < arg->count; i++) {
		if (one[i].nodeid > DIR_INO)
			text_forget(one[i].nodeid, one[i].nlookup);
	}
}

static bool is_ours(const struct fuse_in_header *in)
{
	/* These ask for the filesystem, or are answered by ops_ioctl.c. */
	if (in->opcode == FUSE_STATFS || in->opcode == FUSE_IOCTL)
		return false;
	return in->nodeid >= DIR_INO;
}

bool status_answer(struct ops *ops, int fd, const struct fuse_in_header *in)
{
	const struct fuse_forget_in *forget = (const void *)(in + 1);
	struct fuse_entry_out folder;
	int rc;

	if (!is_on)
		return false;
	if (in->opcode == FUSE_LOOKUP && is_name(in->nodeid, opcode_name(in))) {
		folder = entry_of(NULL);
		own_reply(fd, in, 0, &folder, sizeof(folder));
		return true;
	}
	if (in->opcode == FUSE_BATCH_FORGET)
		forget_batch(in);
	if (changes_name(in)) {
		own_reply(fd, in, -EPERM, NULL, 0);
		return true;
	}
	if (!is_ours(in))
		return false;
	if (in->opcode == FUSE_FORGET) {
		text_forget(in->nodeid, forget->nlookup);
		return true;
	}
	rc = answer(ops, fd, in);
	if (rc < 0)
		own_reply(fd, in, rc, NULL, 0);
	return true;
}
