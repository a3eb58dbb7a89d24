#include "fs/scrub.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "fs/dentry.h"
#include "fs/inode_format.h"
#include "fs/schema.h"

#define PATH_PARTS_MAX 1024 /* deeper is shown without its beginning */

/* A file that cannot be read, and the name that leads to it. */
struct victim {
	uint64_t ino;
	uint64_t parent; /* 0: not known yet */
	char name[FS_NAME_MAX + 1];
	char words[ERROR_TEXT_SIZE];
};

struct scrub {
	struct kv *kv;
	const struct scrub_sink *sink;
	struct victim *victims; /* owned */
	size_t count;
	size_t cap;
	bool unreadable; /* some part of the tree itself */
};

static int add_victim(struct scrub *s, uint64_t ino, int rc)
{
	struct victim *v;

	if (s->count > 0 && s->victims[s->count - 1].ino == ino)
		return 0;
	if (s->count == s->cap) {
		size_t cap = size_max(16, s->cap * 2);

		v = reallocarray(s->victims, cap, sizeof(*v));
		if (!v)
			return -ENOMEM;
		s->victims = v;
		s->cap = cap;
	}
	v = &s->victims[s->count++];
	*v = (struct victim){ .ino = ino };
	snprintf(v->words, sizeof(v->words), "%s", error_text(rc));
	return 0;
}

/* ------------------------------------------------------------ reading -- */

typedef int (*visit_fn)(struct scrub *s, const struct schema_parsed *key,
			struct slice value);

/*
 * Reads every value of a kind, and goes on behind one that cannot be read.  A
 * key that cannot be read hides all that follow: then @s->unreadable is set.
 */
static int read_kind(struct scrub *s, enum schema_kind kind, visit_fn visit)
{
	struct schema_key lower, upper;
	struct schema_parsed key;
	struct kv_iter *it;
	struct slice value;
	int rc;

	schema_key_kind(&lower, (char)kind);
	schema_key_kind(&upper, (char)(kind + 1));
	rc = kv_iter_open(&it, s->kv, schema_slice(&lower),
			  schema_slice(&upper));
	if (rc < 0)
		return rc;
	rc = kv_iter_first(it);
	while (rc > 0) {
		if (schema_parse(kv_iter_key(it), &key) < 0) {
			rc = kv_iter_next(it);
			continue;
		}
		rc = kv_iter_value(it, &value);
		if (error_is_damage(rc))
			rc = add_victim(s, key.ino, rc);
		else if (rc == 0 && visit)
			rc = visit(s, &key, value);
		if (rc == 0)
			rc = kv_iter_next(it);
	}
	kv_iter_close(it);
	if (!error_is_damage(rc))
		return rc;
	s->unreadable = true;
	return 0;
}

/* -------------------------------------------------------------- paths -- */

static int by_ino(const void *a, const void *b)
{
	const struct victim *x = a, *y = b;

	return (x->ino > y->ino) - (x->ino < y->ino);
}

/* One name of each victim. */
static int visit_name(struct scrub *s, const struct schema_parsed *key,
		      struct slice value)
{
	struct dentry dentry;
	struct victim *v;

	if (dentry_decode(&dentry, value) < 0)
		return 0;
	v = bsearch(&(struct victim){ .ino = dentry.ino }, s->victims, s->count,
		    sizeof(*v), by_ino);
	if (!v || v->parent != 0)
		return 0;
	v->parent = key->ino;
	memcpy(v->name, key->name.data, key->name.size);
	v->name[key->name.size] = '\0';
	return 0;
}

/* The parent of a directory, or 0. */
static uint64_t parent_of(struct scrub *s, uint64_t dir)
{
	struct inode_record rec;
	struct schema_key key;
	struct kv_value value;
	uint64_t parent = 0;

	schema_key_ino(&key, SCHEMA_INODE, dir);
	if (kv_get(s->kv, schema_slice(&key), &value) < 0)
		return 0;
	if (inode_format_decode(&rec, dir, value.data) == 0)
		parent = rec.parent;
	kv_value_release(&value);
	return parent;
}

/* The name in @parent that leads to @ino; false: it cannot be told. */
static bool name_of(struct scrub *s, uint64_t parent, uint64_t ino,
		    char name[FS_NAME_MAX + 1])
{
	struct schema_parsed parsed;
	struct dentry dentry;
	struct schema_key key;
	struct kv_iter *it;
	struct slice value;
	bool found = false;
	int rc;

	schema_key_ino(&key, SCHEMA_DENTRY, parent);
	if (kv_iter_open_prefix(&it, s->kv, NULL, schema_slice(&key)) < 0)
		return false;
	for (rc = kv_iter_first(it); rc > 0 && !found; rc = kv_iter_next(it)) {
		if (kv_iter_value(it, &value) < 0 ||
		    dentry_decode(&dentry, value) < 0 || dentry.ino != ino ||
		    schema_parse(kv_iter_key(it), &parsed) < 0)
			continue;
		memcpy(name, parsed.name.data, parsed.name.size);
		name[parsed.name.size] = '\0';
		found = true;
	}
	kv_iter_close(it);
	return found;
}

/* @name in front of @path, which is replaced.  False: out of memory. */
static bool prepend(char **path, const char *name)
{
	char *longer;

	if (asprintf(&longer, "/%s%s", name, *path) < 0)
		return false;
	free(*path);
	*path = longer;
	return true;
}

/* For the caller to free; NULL: out of memory. */
static char *path_of(struct scrub *s, const struct victim *v)
{
	char name[FS_NAME_MAX + 1];
	char *path = strdup("");
	uint64_t dir = v->parent, parent;
	int parts;

	if (!path || dir == 0)
		return path;
	if (!prepend(&path, v->name))
		goto fail;
	for (parts = 1; dir != FS_ROOT_INO && parts < PATH_PARTS_MAX; parts++) {
		parent = parent_of(s, dir);
		if (parent == 0 || !name_of(s, parent, dir, name))
			snprintf(name, sizeof(name), "...");
		if (!prepend(&path, name))
			goto fail;
		if (strcmp(name, "...") == 0)
			break;
		dir = parent;
	}
	return path;

fail:
	free(path);
	return NULL;
}

static int tell(struct scrub *s)
{
	struct scrub_damage damage;
	char *path;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < s->count; i++) {
		if (i > 0 && s->victims[i].ino == s->victims[i - 1].ino)
			continue;
		path = path_of(s, &s->victims[i]);
		if (!path)
			return -ENOMEM;
		damage = (struct scrub_damage){
			.ino = s->victims[i].ino,
			.path = path,
			.words = s->victims[i].words,
		};
		rc = s->sink->damaged(s->sink->arg, &damage);
		free(path);
	}
	return rc;
}

static int find_victims(struct scrub *s)
{
	int rc;

	rc = read_kind(s, SCHEMA_CHUNK, NULL);
	if (rc == 0)
		rc = read_kind(s, SCHEMA_XATTR, NULL);
	if (rc == 0)
		rc = read_kind(s, SCHEMA_INODE, NULL);
	if (rc < 0)
		return rc;
	if (s->count > 0)
		qsort(s->victims, s->count, sizeof(*s->victims), by_ino);
	rc = read_kind(s, SCHEMA_DENTRY, visit_name);
	return rc < 0 ? rc : tell(s);
}

int fs_scrub(struct kv *kv, const struct scrub_sink *sink)
{
	struct scrub s = { .kv = kv, .sink = sink };
	struct scrub_damage damage = { .path = "" };
	char words[ERROR_TEXT_SIZE];
	int rc;

	rc = kv_verify_watched(kv, sink->progress, sink->arg);
	if (!error_is_damage(rc))
		return rc;
	snprintf(words, sizeof(words), "%s", error_text(rc));
	damage.words = words;
	rc = sink->damaged(sink->arg, &damage);
	if (rc == 0)
		rc = find_victims(&s);
	if (rc == 0 && s.unreadable) {
		damage.words = "a part of the tree cannot be read: there may "
			       "be more";
		rc = sink->damaged(sink->arg, &damage);
	}
	free(s.victims);
	return rc < 0 ? rc : error_set(-EUCLEAN, "%s", words);
}
