#include "fs/inode_format.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "engine/base/coding.h"
#include "engine/base/error.h"
#include "fs/fs.h"

#define FORMAT_VERSION 1
#define FLAGS_KNOWN                                                   \
	(INODE_PURGE | INODE_XATTRS | INODE_ACL | INODE_ACL_DEFAULT | \
	 INODE_USER_FLAGS | INODE_BLOCKS)

void inode_format_encode(const struct inode_record *rec,
			 uint8_t out[INODE_FORMAT_SIZE])
{
	put_le32(out + 0, FORMAT_VERSION);
	put_le32(out + 4, rec->flags);
	put_le32(out + 8, rec->mode);
	put_le32(out + 12, rec->uid);
	put_le32(out + 16, rec->gid);
	put_le32(out + 20, rec->nlink);
	put_le32(out + 24, rec->rdev_major);
	put_le32(out + 28, rec->rdev_minor);
	put_le64(out + 32, rec->size);
	put_le64(out + 40, rec->stored);
	put_le64(out + 48, (uint64_t)rec->atime_ns);
	put_le64(out + 56, (uint64_t)rec->mtime_ns);
	put_le64(out + 64, (uint64_t)rec->ctime_ns);
	put_le64(out + 72, (uint64_t)rec->btime_ns);
	put_le32(out + 80, rec->generation);
	put_le32(out + 84, 0);
	put_le64(out + 88, rec->parent);
}

static bool mode_valid(uint32_t mode)
{
	if (mode & ~(uint32_t)(S_IFMT | 07777))
		return false;
	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFLNK:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return true;
	default:
		return false;
	}
}

/* NULL, or which field makes no sense. */
static const char *nonsense(const struct inode_record *rec)
{
	if (rec->flags & ~FLAGS_KNOWN)
		return "flags";
	if (rec->flags & (INODE_ACL | INODE_ACL_DEFAULT) &&
	    !(rec->flags & INODE_XATTRS))
		return "flags";
	if (!mode_valid(rec->mode))
		return "mode";
	if (rec->size > FS_FILE_SIZE_MAX)
		return "size";
	if (S_ISLNK(rec->mode) &&
	    (rec->size == 0 || rec->size > FS_SYMLINK_MAX))
		return "size of a symlink";
	if (!S_ISREG(rec->mode) && !S_ISLNK(rec->mode) && rec->stored != 0)
		return "stored bytes";
	if (S_ISDIR(rec->mode) != (rec->parent != 0))
		return "parent";
	if (S_ISDIR(rec->mode) && rec->nlink == 1)
		return "link count";
	return NULL;
}

int inode_format_decode(struct inode_record *out, uint64_t ino,
			struct slice value)
{
	const uint8_t *in = value.data;
	struct inode_record rec;
	const char *bad;

	if (value.size != INODE_FORMAT_SIZE)
		return error_set(-EUCLEAN, "inode %" PRIu64 ": %zu bytes", ino,
				 value.size);
	if (get_le32(in) != FORMAT_VERSION || get_le32(in + 84) != 0)
		return error_set(-EUCLEAN, "inode %" PRIu64 ": version %u", ino,
				 in[0]);

	rec.flags = get_le32(in + 4);
	rec.mode = get_le32(in + 8);
	rec.uid = get_le32(in + 12);
	rec.gid = get_le32(in + 16);
	rec.nlink = get_le32(in + 20);
	rec.rdev_major = get_le32(in + 24);
	rec.rdev_minor = get_le32(in + 28);
	rec.size = get_le64(in + 32);
	rec.stored = get_le64(in + 40);
	rec.atime_ns = (int64_t)get_le64(in + 48);
	rec.mtime_ns = (int64_t)get_le64(in + 56);
	rec.ctime_ns = (int64_t)get_le64(in + 64);
	rec.btime_ns = (int64_t)get_le64(in + 72);
	rec.generation = get_le32(in + 80);
	rec.parent = get_le64(in + 88);

	bad = nonsense(&rec);
	if (bad)
		return error_set(-EUCLEAN, "inode %" PRIu64 ": nonsense %s",
				 ino, bad);
	*out = rec;
	return 0;
}
