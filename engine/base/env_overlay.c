#include "engine/base/env_overlay.h"

#include <stdlib.h>

#include "engine/base/lock.h"

#define CAP_MIN 4096 /* bytes */

/* A file in memory: of its names' table, and of each who has it open. */
struct bytes {
	unsigned refs; /* guarded by the env's lock, as all of it */
	uint8_t *data; /* owned */
	uint64_t size;
	uint64_t cap;
};

/* A name that is not as the other env has it. */
struct change {
	char name[ENV_NAME_MAX + 1];
	struct bytes *bytes; /* a reference; NULL: the name is gone */
};

struct env_overlay {
	struct env env;
	struct env *under; /* borrowed */

	struct mutex lock; /* RANK_LEAF; not held over calls of @under */

	/* Guarded by the lock. */
	struct change *changes; /* owned, in no order */
	size_t count;
	size_t cap;
};

struct overlay_file {
	struct env_file file;
	struct env_file *real; /* owned; or */
	struct bytes *bytes;   /* a reference */
};

static const struct env_ops overlay_ops;

static struct env_overlay *overlay_of(struct env *env)
{
	return container_of(env, struct env_overlay, env);
}

static struct overlay_file *file_of(struct env_file *file)
{
	return container_of(file, struct overlay_file, file);
}

struct env *env_overlay_new(struct env *under)
{
	struct env_overlay *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->env.ops = &overlay_ops;
	o->under = under;
	mutex_init(&o->lock, RANK_LEAF);
	return &o->env;
}

/* -------------------------------------------------------------- bytes -- */

static void bytes_unref(struct bytes *b)
{
	if (!b || --b->refs > 0)
		return;
	free(b->data);
	free(b);
}

/* What lies between the old and the new size is zeros. */
static int bytes_resize(struct bytes *b, uint64_t size)
{
	uint64_t cap = u64_max(b->cap, CAP_MIN);
	uint8_t *data;

	while (cap < size)
		cap *= 2;
	if (cap > b->cap) {
		data = realloc(b->data, cap);
		if (!data)
			return -ENOMEM;
		b->data = data;
		b->cap = cap;
	}
	if (size > b->size)
		memset(b->data + b->size, 0, size - b->size);
	b->size = size;
	return 0;
}

/* A copy of the file @name of the other env, with one reference. */
static int bytes_copy(struct env_overlay *o, const char *name,
		      struct bytes **out)
{
	struct bytes *b = calloc(1, sizeof(*b));
	struct env_file *real;
	uint64_t size;
	int rc;

	if (!b)
		return -ENOMEM;
	b->refs = 1;
	rc = env_open(o->under, name, ENV_READ, &real);
	if (rc < 0)
		goto unref;
	rc = env_size(real, &size);
	if (rc == 0)
		rc = bytes_resize(b, size);
	if (rc == 0)
		rc = env_read_full(real, b->data, size, 0);
	env_close(real);
	if (rc < 0)
		goto unref;
	*out = b;
	return 0;

unref:
	bytes_unref(b);
	return rc;
}

/* -------------------------------------------------------------- names -- */

static struct change *find(struct env_overlay *o, const char *name)
	NEEDS(o->lock)
{
	size_t i;

	for (i = 0; i < o->count; i++)
		if (strcmp(o->changes[i].name, name) == 0)
			return &o->changes[i];
	return NULL;
}

/* Takes over the reference; NULL says that the name is gone. */
static int set(struct env_overlay *o, const char *name, struct bytes *bytes)
	NEEDS(o->lock)
{
	struct change *c = find(o, name);

	if (c) {
		bytes_unref(c->bytes);
		c->bytes = bytes;
		return 0;
	}
	if (o->count == o->cap) {
		size_t cap = size_max(16, o->cap * 2);

		c = reallocarray(o->changes, cap, sizeof(*c));
		if (!c)
			return -ENOMEM;
		o->changes = c;
		o->cap = cap;
	}
	c = &o->changes[o->count++];
	memcpy(c->name, name, strlen(name) + 1);
	c->bytes = bytes;
	return 0;
}

/* 1: changed, and *@out borrowed or NULL; 0: as the other env has it. */
static int look(struct env_overlay *o, const char *name, struct bytes **out)
	NEEDS(o->lock)
{
	struct change *c = find(o, name);

	*out = c ? c->bytes : NULL;
	return c != NULL;
}

static bool is_under(struct env_overlay *o, const char *name)
{
	struct env_file *real;

	if (env_open(o->under, name, ENV_READ, &real) < 0)
		return false;
	env_close(real);
	return true;
}

/* A reference to what is, or from now on is, in memory. */
static int take_up(struct env_overlay *o, const char *name, enum env_mode mode,
		   struct bytes **out)
{
	struct bytes *b, *made = NULL;
	bool known;
	int rc = 0;

	mutex_lock(&o->lock);
	known = look(o, name, &b);
	mutex_unlock(&o->lock);
	if (mode == ENV_CREATE) {
		if (b || (!known && is_under(o, name)))
			return -EEXIST;
		made = calloc(1, sizeof(*made));
		if (!made)
			return -ENOMEM;
		made->refs = 1;
	} else if (!known) {
		rc = bytes_copy(o, name, &made);
		if (rc < 0)
			return rc;
	} else if (!b) {
		return -ENOENT;
	}
	mutex_lock(&o->lock);
	if (made)
		rc = set(o, name, made);
	if (rc == 0) {
		(void)look(o, name, out);
		(*out)->refs++;
	} else {
		bytes_unref(made);
	}
	mutex_unlock(&o->lock);
	return rc;
}

static int overlay_open(struct env *env, const char *name, enum env_mode mode,
			struct env_file **out)
{
	struct env_overlay *o = overlay_of(env);
	struct overlay_file *f = calloc(1, sizeof(*f));
	struct bytes *b;
	bool known;
	int rc;

	if (!f)
		return -ENOMEM;
	f->file.env = env;
	memcpy(f->file.name, name, strlen(name) + 1);
	mutex_lock(&o->lock);
	known = look(o, name, &b);
	mutex_unlock(&o->lock);
	if (mode == ENV_READ && !known)
		rc = env_open(o->under, name, mode, &f->real);
	else
		rc = take_up(o, name, mode, &f->bytes);
	if (rc < 0) {
		free(f);
		return rc;
	}
	*out = &f->file;
	return 0;
}

static void overlay_close(struct env_file *file)
{
	struct env_overlay *o = overlay_of(file->env);
	struct overlay_file *f = file_of(file);

	mutex_lock(&o->lock);
	bytes_unref(f->bytes);
	mutex_unlock(&o->lock);
	env_close(f->real);
	free(f);
}

static int overlay_remove(struct env *env, const char *name)
{
	struct env_overlay *o = overlay_of(env);
	bool under = is_under(o, name), known;
	struct bytes *b;
	int rc;

	mutex_lock(&o->lock);
	known = look(o, name, &b);
	if (known ? !b : !under)
		rc = -ENOENT;
	else
		rc = set(o, name, NULL);
	mutex_unlock(&o->lock);
	return rc;
}

static int overlay_rename(struct env *env, const char *from, const char *to)
{
	struct env_overlay *o = overlay_of(env);
	struct bytes *b;
	int rc;

	rc = take_up(o, from, ENV_WRITE, &b);
	if (rc < 0)
		return rc;
	mutex_lock(&o->lock);
	rc = set(o, to, b);
	if (rc == 0)
		rc = set(o, from, NULL);
	else
		bytes_unref(b);
	mutex_unlock(&o->lock);
	return rc;
}

static int overlay_list(struct env *env, struct env_names *names)
{
	struct env_overlay *o = overlay_of(env);
	struct env_names under = { 0 };
	size_t i;
	int rc;

	rc = env_list(o->under, &under);
	if (rc < 0)
		return rc;
	names->foreign = under.foreign;
	mutex_lock(&o->lock);
	for (i = 0; rc == 0 && i < under.count; i++)
		if (!find(o, under.names[i]))
			rc = env_names_add(names, under.names[i]);
	for (i = 0; rc == 0 && i < o->count; i++)
		if (o->changes[i].bytes)
			rc = env_names_add(names, o->changes[i].name);
	mutex_unlock(&o->lock);
	env_names_fini(&under);
	return rc;
}

/* -------------------------------------------------------------- files -- */

static ssize_t overlay_read_at(struct env_file *file, void *buf, size_t size,
			       uint64_t offset)
{
	struct env_overlay *o = overlay_of(file->env);
	struct overlay_file *f = file_of(file);
	size_t n = 0;

	if (f->real)
		return env_read_at(f->real, buf, size, offset);
	mutex_lock(&o->lock);
	if (offset < f->bytes->size) {
		n = u64_min(size, f->bytes->size - offset);
		memcpy(buf, f->bytes->data + offset, n);
	}
	mutex_unlock(&o->lock);
	return (ssize_t)n;
}

static int overlay_write_at(struct env_file *file, const struct slice *parts,
			    size_t count, uint64_t offset)
{
	struct env_overlay *o = overlay_of(file->env);
	struct bytes *b = file_of(file)->bytes;
	uint64_t end = offset;
	size_t i;
	int rc = 0;

	for (i = 0; i < count; i++)
		end += parts[i].size;
	mutex_lock(&o->lock);
	if (end > b->size)
		rc = bytes_resize(b, end);
	for (i = 0; rc == 0 && i < count; i++) {
		if (parts[i].size > 0)
			memcpy(b->data + offset, parts[i].data, parts[i].size);
		offset += parts[i].size;
	}
	mutex_unlock(&o->lock);
	return rc;
}

static int overlay_size(struct env_file *file, uint64_t *size)
{
	struct env_overlay *o = overlay_of(file->env);
	struct overlay_file *f = file_of(file);

	if (f->real)
		return env_size(f->real, size);
	mutex_lock(&o->lock);
	*size = f->bytes->size;
	mutex_unlock(&o->lock);
	return 0;
}

static int overlay_truncate(struct env_file *file, uint64_t size)
{
	struct env_overlay *o = overlay_of(file->env);
	int rc;

	mutex_lock(&o->lock);
	rc = bytes_resize(file_of(file)->bytes, size);
	mutex_unlock(&o->lock);
	return rc;
}

/* Nothing of this is to outlive the process. */
static int overlay_sync(struct env_file *file UNUSED)
{
	return 0;
}

static int overlay_sync_dir(struct env *env UNUSED)
{
	return 0;
}

/* ---------------------------------------------------------------- env -- */

static int overlay_lock(struct env *env, const char *name)
{
	int rc = env_lock(overlay_of(env)->under, name);

	return rc == -EROFS ? 0 : rc;
}

static int overlay_space(struct env *env, struct env_space *space)
{
	return env_space(overlay_of(env)->under, space);
}

static uint64_t overlay_realtime_ns(struct env *env)
{
	return env_realtime_ns(overlay_of(env)->under);
}

static uint64_t overlay_monotonic_ns(struct env *env)
{
	return env_monotonic_ns(overlay_of(env)->under);
}

static void overlay_random(struct env *env, void *buf, size_t size)
{
	env_random(overlay_of(env)->under, buf, size);
}

static void overlay_free(struct env *env)
{
	struct env_overlay *o = overlay_of(env);
	size_t i;

	for (i = 0; i < o->count; i++)
		bytes_unref(o->changes[i].bytes);
	free(o->changes);
	mutex_fini(&o->lock);
	free(o);
}

static const struct env_ops overlay_ops = {
	.open = overlay_open,
	.close = overlay_close,
	.read_at = overlay_read_at,
	.write_at = overlay_write_at,
	.write_over = overlay_write_at,
	.size = overlay_size,
	.truncate = overlay_truncate,
	.sync = overlay_sync,
	.rename = overlay_rename,
	.remove = overlay_remove,
	.sync_dir = overlay_sync_dir,
	.list = overlay_list,
	.lock = overlay_lock,
	.space = overlay_space,
	.realtime_ns = overlay_realtime_ns,
	.monotonic_ns = overlay_monotonic_ns,
	.random = overlay_random,
	.free = overlay_free,
};
