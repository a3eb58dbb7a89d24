/*
 * Which values of a file other files share is not kept anywhere: it is found by
 * looking at the handles of all chunks, and only if the file has values in the
 * value log.
 */
#include "fs/info.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/base/numbers.h"
#include "fs/inode.h"
#include "fs/say.h"
#include "fs/schema.h"

struct info {
	struct fs *fs;
	uint64_t ino;
	const struct fs_sink *sink;
	struct numbers own;    /* values of the file */
	struct numbers shared; /* of these, what something else has, too */
	struct say_progress progress;
	uint64_t ino_end; /* no inode has this number or a greater one */
};

/* ---------------------------------------------------------- the inode -- */

static int step_to(struct fs *fs, uint64_t dir, const char *name, uint64_t *ino)
{
	struct fs_entry entry;
	int rc;

	rc = fs_lookup(fs, dir, name, &entry);
	if (rc < 0)
		return rc;
	fs_forget(fs, entry.ino, 1);
	*ino = entry.ino;
	return 0;
}

int info_resolve(struct fs *fs, const char *argument, uint64_t *ino)
{
	uint64_t at = FS_ROOT_INO;
	char *copy, *rest, *name, *end;
	int rc = 0;

	if (argument[0] != '/') {
		errno = 0;
		at = strtoull(argument, &end, 10);
		if (argument[0] < '0' || argument[0] > '9' || *end || errno)
			return error_set(-EINVAL, "%s: no inode, and no path",
					 argument);
		*ino = at;
		return 0;
	}
	copy = strdup(argument);
	if (!copy)
		return -ENOMEM;
	for (rest = copy; rc == 0 && (name = strsep(&rest, "/"));)
		if (*name)
			rc = step_to(fs, at, name, &at);
	free(copy);
	if (rc < 0)
		return error_set(rc, "%s: %s", argument, strerror(-rc));
	*ino = at;
	return 0;
}

static const char *type_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symlink";
	case S_IFBLK:
		return "block-device";
	case S_IFCHR:
		return "character-device";
	case S_IFIFO:
		return "fifo";
	default:
		return "socket";
	}
}

static int say_flags(const struct info *info, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = {
		{ INODE_IMMUTABLE, " immutable" },
		{ INODE_APPEND, " append-only" },
		{ INODE_NODUMP, " no-dump" },
		{ INODE_NOATIME, " no-atime" },
		{ INODE_PURGE, " purge" },
		{ INODE_ACL, " acl" },
		{ INODE_ACL_DEFAULT, " default-acl" },
		{ INODE_BLOCKS, " blocks" },
	};
	const char *said[ARRAY_SIZE(names)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		said[i] = flags & names[i].flag ? names[i].name : "";
	return say(info->sink, "flags%s%s%s%s%s%s%s%s\n", said[0], said[1],
		   said[2], said[3], said[4], said[5], said[6], said[7]);
}

static int say_record(const struct info *info, const struct inode_record *rec)
{
	int rc;

	rc = say(info->sink,
		 "inode %" PRIu64 "\ngeneration %" PRIu32 "\ntype %s\n"
		 "mode %04o\nuid %" PRIu32 "\ngid %" PRIu32 "\nlinks %" PRIu32
		 "\n",
		 info->ino, rec->generation, type_name(rec->mode),
		 rec->mode & 07777, rec->uid, rec->gid, rec->nlink);
	if (rc == 0)
		rc = say_flags(info, rec->flags);
	if (rc == 0)
		rc = say(info->sink, "%s %" PRIu64 "\n",
			 S_ISDIR(rec->mode) ? "names" : "size_bytes",
			 rec->size);
	if (rc == 0 && (S_ISBLK(rec->mode) || S_ISCHR(rec->mode)))
		rc = say(info->sink, "device %" PRIu32 ":%" PRIu32 "\n",
			 rec->rdev_major, rec->rdev_minor);
	if (rc == 0 && S_ISDIR(rec->mode))
		rc = say(info->sink, "parent %" PRIu64 "\n", rec->parent);
	if (rc < 0)
		return rc;
	return say(info->sink,
		   "accessed_ns %" PRId64 "\nmodified_ns %" PRId64
		   "\nchanged_ns %" PRId64 "\nborn_ns %" PRId64 "\n",
		   rec->atime_ns, rec->mtime_ns, rec->ctime_ns, rec->btime_ns);
}

/* Bytes of the values under a kind of keys: xattrs, or names. */
static int say_sum(const struct info *info, enum schema_kind kind,
		   const char *name)
{
	struct schema_key key;
	struct kv_iter *it;
	uint64_t count = 0, bytes = 0;
	int rc;

	schema_key_ino(&key, kind, info->ino);
	rc = kv_iter_open_prefix(&it, info->fs->kv, NULL, schema_slice(&key));
	if (rc < 0)
		return rc;
	for (rc = kv_iter_first(it); rc > 0; rc = kv_iter_next(it)) {
		count++;
		bytes += kv_iter_key(it).size + kv_iter_value_size(it);
	}
	kv_iter_close(it);
	if (rc < 0 || count == 0)
		return rc;
	return say(info->sink, "%s %" PRIu64 "\n%s_bytes %" PRIu64 "\n", name,
		   count, name, bytes);
}

/* ----------------------------------------------------------- the data -- */

typedef int (*chunk_fn)(struct info *info, struct kv_iter *it,
			const struct schema_parsed *key,
			const struct kv_place *place);

/* Every chunk from the first of @from to before the first of @to. */
static int each_chunk(struct info *info, uint64_t from, uint64_t to,
		      chunk_fn fn)
{
	struct schema_key lower, upper;
	struct schema_parsed key;
	struct kv_place place;
	struct kv_iter *it;
	int rc;

	schema_key_ino(&lower, SCHEMA_CHUNK, from);
	schema_key_ino(&upper, SCHEMA_CHUNK, to);
	if (to == UINT64_MAX)
		schema_key_kind(&upper, SCHEMA_CHUNK + 1);
	rc = kv_iter_open(&it, info->fs->kv, schema_slice(&lower),
			  schema_slice(&upper));
	if (rc < 0)
		return rc;
	rc = kv_iter_first(it);
	while (rc > 0) {
		rc = schema_parse(kv_iter_key(it), &key);
		if (rc == 0)
			rc = kv_iter_place(it, &place);
		if (rc == 0)
			rc = fn(info, it, &key, &place);
		if (rc == 0)
			rc = kv_iter_next(it);
	}
	kv_iter_close(it);
	return rc;
}

static int note_own(struct info *info, struct kv_iter *it UNUSED,
		    const struct schema_parsed *key UNUSED,
		    const struct kv_place *place)
{
	uint64_t n = info_place_number(place);
	int rc;

	if (place->blob_id == 0)
		return 0;
	rc = numbers_add(&info->own, n);
	/* Twice in the one file. */
	if (rc == 0)
		rc = numbers_add(&info->shared, n);
	return rc < 0 ? rc : 0;
}

static int note_shared(struct info *info, struct kv_iter *it UNUSED,
		       const struct schema_parsed *key,
		       const struct kv_place *place)
{
	uint64_t n = info_place_number(place);
	int rc;

	rc = say_progress(&info->progress, key->ino, info->ino_end);
	if (rc < 0 || place->blob_id == 0 || key->ino == info->ino ||
	    !numbers_has(&info->own, n))
		return rc;
	rc = numbers_add(&info->shared, n);
	return rc < 0 ? rc : 0;
}

static int say_chunk(struct info *info, struct kv_iter *it,
		     const struct schema_parsed *key,
		     const struct kv_place *place)
{
	uint64_t from = schema_chunk_offset(key), offset = 0;

	if (place->blob_id == 0)
		return say(info->sink, "chunk %" PRIu64 " %" PRIu64 " tree\n",
			   from, place->raw_bytes);
	/* One that cannot be found is told of all the same: file 0. */
	if (place->file != 0 && kv_iter_offset(it, &offset) < 0)
		offset = 0;
	return say(info->sink,
		   "chunk %" PRIu64 " %" PRIu64 " blob %" PRIu64 " %" PRIu64
		   " %" PRIu64 " %" PRIu64 " %s\n",
		   from, place->raw_bytes, place->stored_bytes, place->file,
		   offset, place->ordinal,
		   numbers_has(&info->shared, info_place_number(place))
			   ? "shared"
			   : "own");
}

static int say_data(struct info *info)
{
	int rc;

	rc = each_chunk(info, info->ino, info->ino + 1, note_own);
	if (rc == 0 && info->own.count > 0)
		rc = each_chunk(info, 0, UINT64_MAX, note_shared);
	return rc < 0 ? rc
		      : each_chunk(info, info->ino, info->ino + 1, say_chunk);
}

int info_tell(struct fs *fs, uint64_t ino, const struct fs_sink *sink)
{
	struct info info = {
		.fs = fs,
		.ino = ino,
		.sink = sink,
		.progress = { .sink = sink, .env = fs->env },
	};
	struct inode_record rec;
	struct inode *inode;
	int rc;

	rc = inode_get_locked(fs, ino, &inode);
	if (rc < 0)
		return rc;
	rec = inode->rec;
	inode_put_locked(fs, inode);
	mutex_lock(&fs->super_lock);
	info.ino_end = fs->ino_next;
	mutex_unlock(&fs->super_lock);
	rc = say_record(&info, &rec);
	if (rc == 0)
		rc = say_sum(&info, SCHEMA_XATTR, "xattrs");
	if (rc == 0 && S_ISDIR(rec.mode))
		rc = say_sum(&info, SCHEMA_DENTRY, "entries");
	if (rc == 0 && !S_ISDIR(rec.mode))
		rc = say_data(&info);
	numbers_fini(&info.own);
	numbers_fini(&info.shared);
	return rc;
}
