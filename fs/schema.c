#include "fs/schema.h"

#include "engine/base/coding.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"

void schema_key_kind(struct schema_key *key, char kind)
{
	key->bytes[0] = (uint8_t)kind;
	key->size = 1;
}

void schema_key_ino(struct schema_key *key, enum schema_kind kind, uint64_t ino)
{
	key->bytes[0] = (uint8_t)kind;
	put_be64(key->bytes + 1, ino);
	key->size = 1 + 8;
}

void schema_key_chunk(struct schema_key *key, uint64_t ino, uint64_t chunk)
{
	schema_key_ino(key, SCHEMA_CHUNK, ino);
	put_be64(key->bytes + 9, chunk);
	key->size = 1 + 8 + 8;
}

void schema_key_block(struct schema_key *key, uint64_t ino, uint64_t chunk,
		      unsigned block)
{
	assert(block < SCHEMA_BLOCKS);
	schema_key_chunk(key, ino, chunk);
	key->bytes[17] = (uint8_t)block;
	key->size = 1 + 8 + 8 + 1;
}

void schema_key_dentry(struct schema_key *key, uint64_t parent, uint64_t hash,
		       struct slice name)
{
	assert(name.size <= FS_NAME_MAX);
	schema_key_ino(key, SCHEMA_DENTRY, parent);
	put_be64(key->bytes + 9, hash);
	if (name.size)
		memcpy(key->bytes + 17, name.data, name.size);
	key->size = 1 + 8 + 8 + name.size;
}

void schema_key_xattr(struct schema_key *key, uint64_t ino, const char *name)
{
	size_t size = strlen(name);

	assert(size <= FS_NAME_MAX);
	schema_key_ino(key, SCHEMA_XATTR, ino);
	memcpy(key->bytes + 9, name, size);
	key->size = 1 + 8 + size;
}

uint64_t schema_name_hash(uint64_t seed, struct slice name)
{
	uint64_t hash = checksum(seed, name.data, name.size) >> 9;

	return hash ? hash : 1;
}

static int bad_key(struct slice key)
{
	return error_set(-EUCLEAN, "key of %zu bytes, kind 0x%02x: not ours",
			 key.size, key.size ? *(const uint8_t *)key.data : 0);
}

static int parse_dentry(struct slice key, struct schema_parsed *p)
{
	const uint8_t *bytes = key.data;
	size_t name_size = key.size - 17;

	if (name_size == 0 || name_size > FS_NAME_MAX)
		return bad_key(key);
	p->number = get_be64(bytes + 9);
	p->name = slice_of(bytes + 17, name_size);
	if (p->number == 0 || p->number >> 55 != 0 ||
	    memchr(p->name.data, 0, name_size) ||
	    memchr(p->name.data, '/', name_size))
		return bad_key(key);
	return 0;
}

static int parse_chunk(struct slice key, struct schema_parsed *p)
{
	const uint8_t *bytes = key.data;

	if (key.size != 17 && key.size != 18)
		return bad_key(key);
	p->number = get_be64(bytes + 9);
	p->is_block = key.size == 18;
	if (p->is_block)
		p->block = bytes[17];
	return p->block < SCHEMA_BLOCKS ? 0 : bad_key(key);
}

static int parse_xattr(struct slice key, struct schema_parsed *p)
{
	size_t name_size = key.size - 9;

	if (name_size > FS_NAME_MAX)
		return bad_key(key);
	p->name = slice_of((const uint8_t *)key.data + 9, name_size);
	return memchr(p->name.data, 0, name_size) ? bad_key(key) : 0;
}

int schema_parse(struct slice key, struct schema_parsed *out)
{
	const uint8_t *bytes = key.data;
	struct schema_parsed p = { 0 };
	int rc = 0;

	if (key.size == 0)
		return bad_key(key);
	p.kind = bytes[0];
	if (p.kind == SCHEMA_SUPER) {
		if (key.size != 1)
			return bad_key(key);
		*out = p;
		return 0;
	}
	if (key.size < 9)
		return bad_key(key);
	p.ino = get_be64(bytes + 1);

	if (p.kind == SCHEMA_DENTRY && key.size > 17)
		rc = parse_dentry(key, &p);
	else if (p.kind == SCHEMA_CHUNK)
		rc = parse_chunk(key, &p);
	else if (p.kind == SCHEMA_XATTR && key.size > 9)
		rc = parse_xattr(key, &p);
	else if ((p.kind != SCHEMA_INODE && p.kind != SCHEMA_ORPHAN) ||
		 key.size != 9)
		rc = bad_key(key);
	if (rc < 0)
		return rc;
	*out = p;
	return 0;
}
