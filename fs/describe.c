#include "fs/describe.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/base/coding.h"
#include "fs/dentry.h"
#include "fs/inode_format.h"
#include "fs/schema.h"
#include "fs/superblock.h"

#define WORDS_SIZE 512 /* bytes */

static int add(struct buf *out, const char *fmt, ...) PRINTF(2, 3);

static int add(struct buf *out, const char *fmt, ...)
{
	char words[WORDS_SIZE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	assert(n >= 0 && (size_t)n < sizeof(words));
	return buf_append(out, words, (size_t)n);
}

static int add_hex(struct buf *out, struct slice bytes)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < bytes.size; i++)
		rc = add(out, "%02x", ((const uint8_t *)bytes.data)[i]);
	return rc;
}

/* A key that ends a range need not be one by itself. */
static int add_bytes(struct buf *out, struct slice key)
{
	int rc = add(out, "key ");

	return rc < 0 ? rc : add_hex(out, key);
}

static int add_name(struct buf *out, struct slice name)
{
	return buf_append(out, name.data, name.size);
}

int describe_key(struct slice key, struct buf *out)
{
	struct schema_parsed k;
	int rc;

	if (schema_parse(key, &k) < 0)
		return add_bytes(out, key);
	switch (k.kind) {
	case SCHEMA_SUPER:
		return add(out, "superblock");
	case SCHEMA_INODE:
		return add(out, "inode %" PRIu64, k.ino);
	case SCHEMA_DENTRY:
		rc = add(out, "name in %" PRIu64 " hash %" PRIx64 " ", k.ino,
			 k.number);
		return rc < 0 ? rc : add_name(out, k.name);
	case SCHEMA_CHUNK:
		return add(out, "%s of %" PRIu64 " at %" PRIu64,
			   k.is_block ? "block" : "chunk", k.ino,
			   schema_chunk_offset(&k));
	case SCHEMA_XATTR:
		rc = add(out, "xattr of %" PRIu64 " ", k.ino);
		return rc < 0 ? rc : add_name(out, k.name);
	default:
		return add(out, "orphan %" PRIu64, k.ino);
	}
}

static int describe_inode(uint64_t ino, struct slice value, struct buf *out)
{
	struct inode_record r;

	if (inode_format_decode(&r, ino, value) < 0)
		return add(out, "malformed");
	return add(out,
		   "mode %06o uid %" PRIu32 " gid %" PRIu32 " links %" PRIu32
		   " size %" PRIu64 " stored %" PRIu64 " flags %" PRIx32
		   " generation %" PRIu32 " parent %" PRIu64 " mtime_ns "
		   "%" PRId64,
		   r.mode, r.uid, r.gid, r.nlink, r.size, r.stored, r.flags,
		   r.generation, r.parent, r.mtime_ns);
}

static int describe_super(struct slice value, struct buf *out)
{
	struct superblock s;
	int rc;

	if (superblock_decode(&s, value) < 0)
		return add(out, "malformed");
	rc = add(out, "uuid ");
	if (rc == 0)
		rc = add_hex(out, slice_of(s.uuid, sizeof(s.uuid)));
	return rc < 0 ? rc
		      : add(out,
			    " compat %" PRIx64 " incompat %" PRIx64
			    " ino_reserved %" PRIu64 " clean %d inodes "
			    "%" PRIu64 " data_bytes %" PRIu64,
			    s.compat, s.incompat, s.ino_reserved, s.clean,
			    s.inodes, s.data_bytes);
}

int describe_value(struct slice key, struct slice value, struct buf *out)
{
	struct schema_parsed k;
	struct dentry dentry;

	if (schema_parse(key, &k) < 0)
		return add(out, "bytes %zu", value.size);
	switch (k.kind) {
	case SCHEMA_SUPER:
		return describe_super(value, out);
	case SCHEMA_INODE:
		return describe_inode(k.ino, value, out);
	case SCHEMA_DENTRY:
		if (dentry_decode(&dentry, value) < 0)
			return add(out, "malformed");
		return add(out, "leads to %" PRIu64 " type %u", dentry.ino,
			   dentry.type);
	default:
		return add(out, "bytes %zu", value.size);
	}
}
