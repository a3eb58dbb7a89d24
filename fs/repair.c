#include "fs/repair.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/env.h"
#include "engine/base/error.h"
#include "fs/dentry.h"

#define BATCH_CHANGES 512
#define NAMES_TRIED   16 /* for one that is not taken */

/* ------------------------------------------------------------ writing -- */

static int flush(struct check *c)
{
	if (!c->batch || kv_batch_count(c->batch) == 0)
		return 0;
	kv_batch_use_reserve(c->batch);
	return kv_write(c->kv, c->batch);
}

int repair_put(struct check *c, struct slice key, struct slice value)
{
	int rc;

	if (!c->batch)
		return 0;
	rc = kv_batch_put(c->batch, key, value);
	if (rc == 0 && kv_batch_count(c->batch) >= BATCH_CHANGES)
		rc = flush(c);
	return rc;
}

int repair_delete(struct check *c, struct slice key)
{
	int rc;

	if (!c->batch)
		return 0;
	rc = kv_batch_delete(c->batch, key);
	if (rc == 0 && kv_batch_count(c->batch) >= BATCH_CHANGES)
		rc = flush(c);
	return rc;
}

/* ------------------------------------------------------------ dentries -- */

static void make_key(const struct check *c, uint64_t dir, struct slice name,
		     struct schema_key *key)
{
	schema_key_dentry(key, dir, schema_name_hash(c->super.hash_seed, name),
			  name);
}

int repair_put_dentry(struct check *c, uint64_t dir, struct slice name,
		      const struct seen *child)
{
	uint8_t bytes[DENTRY_FORMAT_SIZE];
	struct schema_key key;

	make_key(c, dir, name, &key);
	dentry_encode(child->ino, child->rec.mode, bytes);
	return repair_put(c, schema_slice(&key),
			  slice_of(bytes, sizeof(bytes)));
}

/* 1 if there is such a name by now, 0 if not, or an error. */
static int is_taken(struct check *c, uint64_t dir, struct slice name)
{
	struct schema_key key;
	size_t size;
	int rc;

	rc = flush(c);
	if (rc < 0)
		return rc;
	make_key(c, dir, name, &key);
	rc = kv_size(c->kv, schema_slice(&key), &size);
	if (rc == -ENOENT)
		return 0;
	return rc < 0 ? rc : 1;
}

int repair_rehash(struct check *c, struct slice old,
		  const struct schema_parsed *key, const struct seen *child,
		  bool *removed)
{
	int rc = is_taken(c, key->ino, key->name);

	if (rc < 0)
		return rc;
	*removed = rc > 0;
	rc = repair_delete(c, old);
	if (rc == 0 && !*removed)
		rc = repair_put_dentry(c, key->ino, key->name, child);
	return rc;
}

/* --------------------------------------------------------- lost+found -- */

/* Its number; -ENOENT: there is no such name; -EEXIST: it is something else. */
static int find_lost_and_found(struct check *c, struct slice name,
			       uint64_t *ino)
{
	struct dentry dentry;
	struct schema_key key;
	struct kv_value value;
	struct seen *s;
	int rc;

	rc = flush(c);
	if (rc < 0)
		return rc;
	make_key(c, FS_ROOT_INO, name, &key);
	rc = kv_get(c->kv, schema_slice(&key), &value);
	if (rc < 0)
		return rc;
	rc = dentry_decode(&dentry, value.data);
	kv_value_release(&value);
	s = rc == 0 ? check_find(c, dentry.ino) : NULL;
	if (!s || !S_ISDIR(s->rec.mode) || s->found_in != FS_ROOT_INO)
		return -EEXIST;
	*ino = s->ino;
	return 0;
}

static int make_lost_and_found(struct check *c, struct slice name,
			       uint64_t *ino)
{
	uint64_t number = c->super.ino_reserved;
	struct seen *s, *root;
	int rc;

	s = check_insert(c, number);
	if (!s)
		return -ENOMEM;
	repair_make(c, s, S_IFDIR);
	s->rec.parent = FS_ROOT_INO;
	s->found_in = FS_ROOT_INO;
	s->links = 1;
	rc = repair_put_dentry(c, FS_ROOT_INO, name, s);
	if (rc < 0)
		return rc;
	root = check_find(c, FS_ROOT_INO);
	root->names++;
	root->subdirs++;
	root->rec.nlink++;
	root->rec.size++;
	root->dirty = true;
	*ino = number;
	return 0;
}

/* Finds it or makes it, and remembers its number. */
static int need_lost_and_found(struct check *c)
{
	char name[32] = "lost+found";
	int i, rc = -EEXIST;

	if (c->lost_and_found != 0)
		return 0;
	for (i = 1; rc == -EEXIST && i <= NAMES_TRIED; i++) {
		rc = find_lost_and_found(c, slice_str(name),
					 &c->lost_and_found);
		if (rc == -ENOENT)
			rc = make_lost_and_found(c, slice_str(name),
						 &c->lost_and_found);
		if (rc == -EEXIST)
			snprintf(name, sizeof(name), "lost+found.%d", i);
	}
	if (rc == -EEXIST)
		return error_set(rc, "no name is left for lost+found");
	return rc;
}

/* A name that is not taken: "#12", else "#12.1", ... */
static int choose_name(struct check *c, uint64_t dir, uint64_t ino,
		       char name[48])
{
	int i, rc = 1;

	snprintf(name, 48, "#%" PRIu64, ino);
	for (i = 1; rc > 0 && i <= NAMES_TRIED; i++) {
		rc = is_taken(c, dir, slice_str(name));
		if (rc > 0)
			snprintf(name, 48, "#%" PRIu64 ".%d", ino, i);
	}
	return rc > 0 ? error_set(-EEXIST, "lost+found: no name for %" PRIu64,
				  ino)
		      : rc;
}

int repair_attach(struct check *c, uint64_t ino)
{
	struct seen *s, *dir;
	char name[48];
	int rc;

	rc = need_lost_and_found(c);
	if (rc == 0)
		rc = choose_name(c, c->lost_and_found, ino, name);
	if (rc < 0)
		return rc;
	s = check_find(c, ino);
	dir = check_find(c, c->lost_and_found);
	rc = repair_put_dentry(c, dir->ino, slice_str(name), s);
	if (rc < 0)
		return rc;
	/* What goes with the new name is made true without another word. */
	s->links = 1;
	s->found_in = dir->ino;
	s->dirty = true;
	dir->names++;
	dir->rec.size++;
	dir->dirty = true;
	if (S_ISDIR(s->rec.mode)) {
		s->rec.parent = dir->ino;
		dir->subdirs++;
		dir->rec.nlink++;
	}
	return 0;
}

/* The name in @dir that leads to @ino: 1, or 0 if there is none. */
static int find_name(struct check *c, uint64_t dir, uint64_t ino,
		     struct schema_key *out)
{
	struct schema_key prefix;
	struct dentry dentry;
	struct kv_iter *it;
	struct slice value;
	int rc;

	schema_key_ino(&prefix, SCHEMA_DENTRY, dir);
	rc = kv_iter_open_prefix(&it, c->kv, NULL, schema_slice(&prefix));
	if (rc < 0)
		return rc;
	rc = kv_iter_first(it);
	while (rc > 0) {
		rc = kv_iter_value(it, &value);
		if (rc == 0 && dentry_decode(&dentry, value) == 0 &&
		    dentry.ino == ino) {
			struct slice key = kv_iter_key(it);

			memcpy(out->bytes, key.data, key.size);
			out->size = key.size;
			rc = 1;
			break;
		}
		if (rc == 0)
			rc = kv_iter_next(it);
	}
	kv_iter_close(it);
	return rc;
}

int repair_detach(struct check *c, uint64_t ino)
{
	struct seen *s = check_find(c, ino);
	struct seen *dir = check_find(c, s->found_in);
	struct schema_key key;
	int rc;

	rc = flush(c);
	if (rc == 0)
		rc = find_name(c, dir->ino, ino, &key);
	if (rc > 0)
		rc = repair_delete(c, schema_slice(&key));
	if (rc < 0)
		return rc;
	s->links = 0;
	dir->names--;
	dir->subdirs--;
	dir->rec.size--;
	dir->rec.nlink--;
	dir->dirty = true;
	return 0;
}

/* ------------------------------------------------------------ records -- */

void repair_make(struct check *c, struct seen *s, mode_t type)
{
	int64_t now_ns = (int64_t)env_realtime_ns(c->options->env);
	const struct seen *root = check_find(c, FS_ROOT_INO);
	bool dir = type == S_IFDIR;

	s->rec = (struct inode_record){
		.mode = type | (dir ? 0700 : 0600),
		.uid = root ? root->rec.uid : 0,
		.gid = root ? root->rec.gid : 0,
		.nlink = dir ? 2 : 1,
		.generation = 1,
		.atime_ns = now_ns,
		.mtime_ns = now_ns,
		.ctime_ns = now_ns,
		.btime_ns = now_ns,
		.parent = dir ? FS_ROOT_INO : 0,
	};
	s->made = true;
	s->dirty = true;
	c->super.ino_reserved = u64_max(c->super.ino_reserved, s->ino + 1);
}

int repair_cut(struct check *c, struct slice key, size_t size)
{
	struct kv_value value;
	int rc;

	if (!c->batch)
		return 0;
	rc = kv_get(c->kv, key, &value);
	if (rc < 0)
		return rc;
	rc = repair_put(
		c, key,
		slice_of(value.data.data, size_min(size, value.data.size)));
	kv_value_release(&value);
	return rc;
}

int repair_fill_chunk(struct check *c, uint64_t ino, uint64_t chunk)
{
	struct schema_key key;
	struct kv_value value;
	uint8_t *bytes;
	int rc;

	if (!c->batch)
		return 0;
	bytes = calloc(1, SCHEMA_CHUNK_BYTES);
	if (!bytes)
		return -ENOMEM;
	schema_key_chunk(&key, ino, chunk);
	rc = kv_get(c->kv, schema_slice(&key), &value);
	if (rc == 0) {
		memcpy(bytes, value.data.data,
		       size_min(value.data.size, SCHEMA_CHUNK_BYTES));
		kv_value_release(&value);
	}
	if (rc == 0 || rc == -ENOENT)
		rc = repair_put(c, schema_slice(&key),
				slice_of(bytes, SCHEMA_CHUNK_BYTES));
	free(bytes);
	return rc;
}

int repair_orphan(struct check *c, struct seen *s)
{
	bool removed = s->rec.nlink == 0;
	struct schema_key key;

	if (!removed && !(s->rec.flags & INODE_PURGE)) {
		schema_key_ino(&key, SCHEMA_ORPHAN, s->ino);
		return repair_delete(c, schema_slice(&key));
	}
	if (!c->batch)
		return 0;
	orphan_stage(c->batch, s->ino, removed ? 0 : schema_chunks(s->rec.size),
		     removed);
	return 0;
}

void repair_make_super(struct check *c)
{
	struct superblock super = {
		.ino_reserved = FS_ROOT_INO + 1,
		.clean = true,
	};

	env_random(c->options->env, super.uuid, sizeof(super.uuid));
	env_random(c->options->env, &super.hash_seed, sizeof(super.hash_seed));
	c->super = super;
	c->super_made = true;
}

static int finish_super(struct check *c)
{
	uint8_t bytes[SUPERBLOCK_FORMAT_SIZE];
	struct schema_key key;

	c->super.inodes = c->counts.inodes;
	c->super.data_bytes = c->counts.data_bytes;
	c->super.clean = true;
	superblock_encode(&c->super, bytes);
	schema_key_kind(&key, SCHEMA_SUPER);
	return repair_put(c, schema_slice(&key),
			  slice_of(bytes, sizeof(bytes)));
}

int repair_finish(struct check *c)
{
	uint8_t bytes[INODE_FORMAT_SIZE];
	struct schema_key key;
	size_t i;
	int rc = 0;

	if (!c->batch || c->counts.problems == 0)
		return 0;
	for (i = 0; rc == 0 && i < c->count; i++) {
		const struct seen *s = &c->seen[i];

		if (!s->dirty)
			continue;
		schema_key_ino(&key, SCHEMA_INODE, s->ino);
		inode_format_encode(&s->rec, bytes);
		rc = repair_put(c, schema_slice(&key),
				slice_of(bytes, sizeof(bytes)));
	}
	if (rc == 0)
		rc = finish_super(c);
	if (rc == 0)
		rc = flush(c);
	return rc < 0 ? rc : kv_sync(c->kv, kv_mark(c->kv));
}
