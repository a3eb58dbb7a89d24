#include "engine/base/env.h"

#include <stdlib.h>

#include "engine/base/error.h"

/* No file reaches further: off_t is signed. */
#define FILE_BYTES_MAX ((uint64_t)INT64_MAX)

static bool name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool env_name_valid(const char *name)
{
	size_t i;

	if (name[0] == '\0' || name[0] == '.')
		return false;
	for (i = 0; name[i]; i++)
		if (i == ENV_NAME_MAX || !name_byte(name[i]))
			return false;
	return true;
}

/* Names may come from a command line or a damaged manifest: not asserted. */
static int check_name(const char *name)
{
	if (env_name_valid(name))
		return 0;
	return error_set(-EINVAL, "`%.80s' cannot be the name of a file", name);
}

void env_free(struct env *env)
{
	if (env)
		env->ops->free(env);
}

int env_open(struct env *env, const char *name, enum env_mode mode,
	     struct env_file **out)
{
	int rc = check_name(name);

	return rc < 0 ? rc : env->ops->open(env, name, mode, out);
}

void env_close(struct env_file *file)
{
	if (file)
		file->env->ops->close(file);
}

void env_seal(struct env_file *file)
{
	if (file->env->ops->seal)
		file->env->ops->seal(file);
}

ssize_t env_read_at(struct env_file *file, void *buf, size_t size,
		    uint64_t offset)
{
	if (size == 0 || offset >= FILE_BYTES_MAX)
		return 0;
	size = (size_t)u64_min(size, FILE_BYTES_MAX - offset);
	return file->env->ops->read_at(file, buf, size, offset);
}

int env_read_full(struct env_file *file, void *buf, size_t size,
		  uint64_t offset)
{
	ssize_t got = env_read_at(file, buf, size, offset);

	if (got < 0)
		return (int)got;
	if ((size_t)got < size)
		return error_set(-EUCLEAN,
				 "%s: ends inside the %zu bytes at %llu",
				 file->name, size, (unsigned long long)offset);
	return 0;
}

/* Whether @parts at @offset end where a file may. */
static int check_end(const struct slice *parts, size_t count, uint64_t offset)
{
	uint64_t end = offset;
	size_t i;

	for (i = 0; i < count; i++)
		if (__builtin_add_overflow(end, parts[i].size, &end))
			return -EFBIG;
	return end > FILE_BYTES_MAX ? -EFBIG : 0;
}

int env_write_at(struct env_file *file, const struct slice *parts, size_t count,
		 uint64_t offset)
{
	int rc = check_end(parts, count, offset);

	if (rc < 0)
		return rc;
	return file->env->ops->write_at(file, parts, count, offset);
}

int env_write_over(struct env_file *file, const struct slice *parts,
		   size_t count, uint64_t offset)
{
	int rc = check_end(parts, count, offset);

	if (rc < 0)
		return rc;
	return file->env->ops->write_over(file, parts, count, offset);
}

int env_size(struct env_file *file, uint64_t *size)
{
	return file->env->ops->size(file, size);
}

void env_sync_soon(struct env_file *file, uint64_t offset, uint64_t size)
{
	if (file->env->ops->sync_soon)
		file->env->ops->sync_soon(file, offset, size);
}

int env_truncate(struct env_file *file, uint64_t size)
{
	if (size > FILE_BYTES_MAX)
		return -EFBIG;
	return file->env->ops->truncate(file, size);
}

int env_sync(struct env_file *file)
{
	return file->env->ops->sync(file);
}

int env_rename(struct env *env, const char *from, const char *to)
{
	int rc = check_name(from);

	if (rc == 0)
		rc = check_name(to);
	return rc < 0 ? rc : env->ops->rename(env, from, to);
}

int env_remove(struct env *env, const char *name)
{
	int rc = check_name(name);

	return rc < 0 ? rc : env->ops->remove(env, name);
}

int env_link_from(struct env *env, struct env *source, const char *name)
{
	int rc = check_name(name);

	if (rc < 0)
		return rc;
	if (env->ops != source->ops || !env->ops->link)
		return -EOPNOTSUPP;
	return env->ops->link(env, source, name);
}

int env_sync_dir(struct env *env)
{
	return env->ops->sync_dir(env);
}

int env_lock(struct env *env, const char *name)
{
	int rc = check_name(name);

	return rc < 0 ? rc : env->ops->lock(env, name);
}

int env_space(struct env *env, struct env_space *space)
{
	return env->ops->space(env, space);
}

uint64_t env_realtime_ns(struct env *env)
{
	return env->ops->realtime_ns(env);
}

uint64_t env_monotonic_ns(struct env *env)
{
	return env->ops->monotonic_ns(env);
}

void env_random(struct env *env, void *buf, size_t size)
{
	env->ops->random(env, buf, size);
}

int env_list(struct env *env, struct env_names *names)
{
	struct env_names list = { .names = NULL };
	int rc = env->ops->list(env, &list);

	if (rc < 0) {
		env_names_fini(&list);
		return rc;
	}
	*names = list;
	return 0;
}

void env_names_fini(struct env_names *names)
{
	free(names->names);
	*names = (struct env_names){ .names = NULL };
}

int env_names_add(struct env_names *names, const char *name)
{
	assert(env_name_valid(name));

	if (names->count == names->cap) {
		size_t cap = size_max(16, names->cap * 2);
		void *grown = reallocarray(names->names, cap,
					   sizeof(*names->names));

		if (!grown)
			return -ENOMEM;
		names->names = grown;
		names->cap = cap;
	}
	memcpy(names->names[names->count++], name, strlen(name) + 1);
	return 0;
}
