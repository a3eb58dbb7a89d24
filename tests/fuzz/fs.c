#include <sys/stat.h>

#include "fs/acl.h"
#include "fs/dentry.h"
#include "fs/inode_format.h"
#include "fs/orphan.h"
#include "fs/schema.h"
#include "fs/superblock.h"
#include "tests/fuzz/fuzz.h"

void fuzz_key(struct slice in)
{
	struct schema_parsed key;
	struct schema_key made;

	if (schema_parse(in, &key) < 0)
		return;
	switch (key.kind) {
	case SCHEMA_SUPER:
		schema_key_kind(&made, SCHEMA_SUPER);
		break;
	case SCHEMA_CHUNK:
		schema_key_chunk(&made, key.ino, key.number);
		if (key.is_block)
			schema_key_block(&made, key.ino, key.number, key.block);
		break;
	case SCHEMA_DENTRY:
		schema_key_dentry(&made, key.ino, key.number, key.name);
		break;
	case SCHEMA_XATTR:
		/* Made of a string, so without its NUL. */
		return;
	default:
		schema_key_ino(&made, key.kind, key.ino);
		break;
	}
	fuzz_check(slice_eq(schema_slice(&made), in));
}

void fuzz_superblock(struct slice in)
{
	uint8_t bytes[SUPERBLOCK_FORMAT_SIZE];
	struct superblock super, again;

	if (superblock_decode(&super, in) < 0)
		return;
	superblock_encode(&super, bytes);
	fuzz_check(superblock_decode(&again, slice_of(bytes, sizeof(bytes))) ==
		   0);
	fuzz_check(again.ino_reserved == super.ino_reserved);
	fuzz_check(again.clean == super.clean && again.inodes == super.inodes);
}

/* What is accepted is written as it was read. */
void fuzz_inode(struct slice in)
{
	uint8_t bytes[INODE_FORMAT_SIZE];
	struct inode_record rec;

	if (inode_format_decode(&rec, 7, in) < 0)
		return;
	inode_format_encode(&rec, bytes);
	fuzz_check(slice_eq(in, slice_of(bytes, sizeof(bytes))));
}

void fuzz_dentry(struct slice in)
{
	struct dentry dentry;

	if (dentry_decode(&dentry, in) == 0)
		fuzz_check(dentry.ino > 0);
}

void fuzz_orphan(struct slice in)
{
	struct orphan orphan;

	(void)!orphan_decode(&orphan, in);
}

/* A valid ACL stays one, whatever the mode. */
void fuzz_acl(struct slice in)
{
	uint8_t acl[4096];
	mode_t mode;
	bool plain;

	if (in.size > sizeof(acl) || acl_check(in) < 0)
		return;
	for (mode = 0; mode <= 0777; mode += 0123) {
		memcpy(acl, in.data, in.size);
		acl_chmod(acl, in.size, S_IFREG | mode);
		fuzz_check(acl_check(slice_of(acl, in.size)) == 0);
		fuzz_check((acl_mode(slice_of(acl, in.size), S_IFREG | mode,
				     &plain) &
			    0777) == mode);
		memcpy(acl, in.data, in.size);
		(void)acl_inherit(acl, in.size, S_IFREG | mode, &plain);
		fuzz_check(acl_check(slice_of(acl, in.size)) == 0);
	}
}
