#include "engine/meter.h"

#include <stdlib.h>

#include "engine/stats.h"

struct meter {
	struct env env;
	struct env *inner;   /* owned */
	struct stats *stats; /* borrowed */
};

struct meter_file {
	struct env_file file;
	struct env_file *inner; /* owned */
	struct stats *stats;
	enum file_kind kind; /* FILE_SUPER for what has no number */
};

static const struct env_ops meter_ops;

static struct meter *meter_of(struct env *env)
{
	assert(env->ops == &meter_ops);
	return container_of(env, struct meter, env);
}

static struct meter_file *file_of(struct env_file *file)
{
	return container_of(file, struct meter_file, file);
}

static void count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static int meter_open(struct env *env, const char *name, enum env_mode mode,
		      struct env_file **out)
{
	struct meter_file *f = calloc(1, sizeof(*f));
	struct meter *m = meter_of(env);
	uint64_t number;
	int rc;

	if (!f)
		return -ENOMEM;
	rc = env_open(m->inner, name, mode, &f->inner);
	if (rc < 0) {
		free(f);
		return rc;
	}
	if (!file_name_parse(name, &f->kind, &number))
		f->kind = FILE_SUPER;
	f->stats = m->stats;
	f->file.env = env;
	memcpy(f->file.name, name, strlen(name) + 1);
	*out = &f->file;
	return 0;
}

static void meter_close(struct env_file *file)
{
	struct meter_file *f = file_of(file);

	env_close(f->inner);
	free(f);
}

static ssize_t meter_read_at(struct env_file *file, void *buf, size_t size,
			     uint64_t offset)
{
	struct meter_file *f = file_of(file);
	struct stats_io *io = &f->stats->io[f->kind];
	uint64_t begin = stats_begin(f->stats);
	ssize_t n = env_read_at(f->inner, buf, size, offset);

	if (f->kind == FILE_SST)
		stats_end(f->stats, STATS_TABLE_READ_NS, begin);
	else if (f->kind == FILE_BLOB)
		stats_end(f->stats, STATS_BLOB_READ_NS, begin);
	count(&io->reads, 1);
	if (n > 0)
		count(&io->read_bytes, (uint64_t)n);
	return n;
}

static void count_write(struct meter_file *f, const struct slice *parts,
			size_t part_count)
{
	struct stats_io *io = &f->stats->io[f->kind];
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < part_count; i++)
		bytes += parts[i].size;
	count(&io->writes, 1);
	count(&io->write_bytes, bytes);
}

static int meter_write_at(struct env_file *file, const struct slice *parts,
			  size_t part_count, uint64_t offset)
{
	struct meter_file *f = file_of(file);
	int rc = env_write_at(f->inner, parts, part_count, offset);

	if (rc == 0)
		count_write(f, parts, part_count);
	return rc;
}

static int meter_write_over(struct env_file *file, const struct slice *parts,
			    size_t part_count, uint64_t offset)
{
	struct meter_file *f = file_of(file);
	int rc = env_write_over(f->inner, parts, part_count, offset);

	if (rc == 0)
		count_write(f, parts, part_count);
	return rc;
}

static int meter_size(struct env_file *file, uint64_t *size)
{
	return env_size(file_of(file)->inner, size);
}

static void meter_sync_soon(struct env_file *file, uint64_t offset,
			    uint64_t size)
{
	env_sync_soon(file_of(file)->inner, offset, size);
}

static int meter_truncate(struct env_file *file, uint64_t size)
{
	return env_truncate(file_of(file)->inner, size);
}

static int meter_sync(struct env_file *file)
{
	struct meter_file *f = file_of(file);
	uint64_t begin = stats_begin(f->stats);
	int rc = env_sync(f->inner);

	stats_end(f->stats, STATS_FILE_SYNC_NS, begin);
	count(&f->stats->io[f->kind].syncs, 1);
	return rc;
}

static void meter_seal(struct env_file *file)
{
	env_seal(file_of(file)->inner);
}

static int meter_rename(struct env *env, const char *from, const char *to)
{
	return env_rename(meter_of(env)->inner, from, to);
}

static int meter_remove(struct env *env, const char *name)
{
	return env_remove(meter_of(env)->inner, name);
}

static int meter_sync_dir(struct env *env)
{
	return env_sync_dir(meter_of(env)->inner);
}

static int meter_list(struct env *env, struct env_names *names)
{
	return meter_of(env)->inner->ops->list(meter_of(env)->inner, names);
}

static int meter_lock(struct env *env, const char *name)
{
	return env_lock(meter_of(env)->inner, name);
}

static int meter_space(struct env *env, struct env_space *space)
{
	return env_space(meter_of(env)->inner, space);
}

static uint64_t meter_realtime_ns(struct env *env)
{
	return env_realtime_ns(meter_of(env)->inner);
}

static uint64_t meter_monotonic_ns(struct env *env)
{
	return env_monotonic_ns(meter_of(env)->inner);
}

static void meter_random(struct env *env, void *buf, size_t size)
{
	env_random(meter_of(env)->inner, buf, size);
}

static void meter_free(struct env *env)
{
	struct meter *m = meter_of(env);

	env_free(m->inner);
	free(m);
}

static const struct env_ops meter_ops = {
	.open = meter_open,
	.close = meter_close,
	.read_at = meter_read_at,
	.write_at = meter_write_at,
	.write_over = meter_write_over,
	.size = meter_size,
	.sync_soon = meter_sync_soon,
	.truncate = meter_truncate,
	.sync = meter_sync,
	.seal = meter_seal,
	.rename = meter_rename,
	.remove = meter_remove,
	.sync_dir = meter_sync_dir,
	.list = meter_list,
	.lock = meter_lock,
	.space = meter_space,
	.realtime_ns = meter_realtime_ns,
	.monotonic_ns = meter_monotonic_ns,
	.random = meter_random,
	.free = meter_free,
};

struct env *meter_new(struct env *inner, struct stats *stats)
{
	struct meter *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->env.ops = &meter_ops;
	m->inner = inner;
	m->stats = stats;
	return &m->env;
}
