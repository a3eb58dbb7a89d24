#include "engine/base/mem_dir.h"

#include <stdlib.h>

#include "engine/base/mem_file.h"
#include "engine/base/mem_rand.h"

static void set_name(char to[ENV_NAME_MAX + 1], const char *name)
{
	assert(strlen(name) <= ENV_NAME_MAX);
	memcpy(to, name, strlen(name) + 1);
}

static struct mem_entry *table_find(const struct mem_table *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (strcmp(t->entries[i].name, name) == 0)
			return &t->entries[i];
	return NULL;
}

static int table_reserve(struct mem_table *t, size_t count)
{
	struct mem_entry *grown;

	if (count <= t->cap)
		return 0;
	count = size_max(count, 2 * t->cap);
	grown = reallocarray(t->entries, count, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	t->entries = grown;
	t->cap = count;
	return 0;
}

static void table_drop(struct mem_table *t, struct mem_entry *e)
{
	mem_file_unref(e->file);
	*e = t->entries[--t->count];
}

static void table_clear(struct mem_table *t)
{
	while (t->count)
		table_drop(t, &t->entries[t->count - 1]);
}

static void table_fini(struct mem_table *t)
{
	table_clear(t);
	free(t->entries);
}

/* Into room that table_reserve() made; takes @file from its other name. */
static void table_put(struct mem_table *t, const char *name,
		      struct mem_file *file)
{
	struct mem_entry *e;
	size_t i;

	mem_file_ref(file);
	for (i = 0; i < t->count; i++)
		if (t->entries[i].file == file) {
			table_drop(t, &t->entries[i]);
			break;
		}

	e = table_find(t, name);
	if (e)
		table_drop(t, e);
	assert(t->count < t->cap);
	e = &t->entries[t->count++];
	set_name(e->name, name);
	e->file = file;
}

static int ops_reserve(struct mem_dir *dir)
{
	size_t cap = size_max(16, 2 * dir->op_cap);
	struct mem_name_op *grown;

	if (dir->op_count < dir->op_cap)
		return 0;
	grown = reallocarray(dir->ops, cap, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	dir->ops = grown;
	dir->op_cap = cap;
	return 0;
}

static void ops_add(struct mem_dir *dir, bool put, const char *name,
		    const char *from, struct mem_file *file)
{
	struct mem_name_op *op = &dir->ops[dir->op_count++];

	op->put = put;
	set_name(op->name, name);
	set_name(op->from, from);
	op->file = mem_file_ref(file);
}

static void ops_clear(struct mem_dir *dir)
{
	while (dir->op_count)
		mem_file_unref(dir->ops[--dir->op_count].file);
}

void mem_dir_fini(struct mem_dir *dir)
{
	table_fini(&dir->now);
	table_fini(&dir->disk);
	ops_clear(dir);
	free(dir->ops);
}

struct mem_file *mem_dir_find(const struct mem_dir *dir, const char *name)
{
	struct mem_entry *e = table_find(&dir->now, name);

	return e ? e->file : NULL;
}

static int put(struct mem_dir *dir, const char *name, const char *from,
	       struct mem_file *file)
{
	int rc = table_reserve(&dir->now, dir->now.count + 1);

	if (rc == 0)
		rc = ops_reserve(dir);
	if (rc < 0)
		return rc;
	ops_add(dir, true, name, from, file);
	table_put(&dir->now, name, file);
	return 0;
}

int mem_dir_create(struct mem_dir *dir, const char *name, struct mem_file *file)
{
	assert(!table_find(&dir->now, name));
	return put(dir, name, "", file);
}

int mem_dir_rename(struct mem_dir *dir, const char *from, const char *to)
{
	struct mem_file *file = mem_dir_find(dir, from);

	if (!file)
		return -ENOENT;
	if (strcmp(from, to) == 0)
		return 0;
	return put(dir, to, from, file);
}

int mem_dir_remove(struct mem_dir *dir, const char *name)
{
	struct mem_entry *e = table_find(&dir->now, name);
	int rc;

	if (!e)
		return -ENOENT;
	rc = ops_reserve(dir);
	if (rc < 0)
		return rc;
	ops_add(dir, false, name, "", e->file);
	table_drop(&dir->now, e);
	return 0;
}

int mem_dir_sync(struct mem_dir *dir)
{
	int rc = table_reserve(&dir->disk, dir->now.count);
	size_t i;

	if (rc < 0)
		return rc;
	table_clear(&dir->disk);
	for (i = 0; i < dir->now.count; i++) {
		dir->disk.entries[i] = dir->now.entries[i];
		mem_file_ref(dir->now.entries[i].file);
	}
	dir->disk.count = dir->now.count;
	ops_clear(dir);
	return 0;
}

uint64_t mem_dir_bytes(const struct mem_dir *dir)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < dir->now.count; i++)
		sum += dir->now.entries[i].file->now.size;
	return sum;
}

/* Tosses which operations are done. */
static void cut_toss(const struct mem_dir *dir, enum env_mem_loss loss,
		     struct mem_rand *rand, bool *done)
{
	size_t i;

	for (i = 0; i < dir->op_count; i++) {
		switch (loss) {
		case ENV_MEM_LOSE_ALL:
			done[i] = false;
			break;
		case ENV_MEM_LOSE_NOTHING:
			done[i] = true;
			break;
		case ENV_MEM_LOSE_OLDEST:
			done[i] = i >= dir->op_count / 2;
			break;
		case ENV_MEM_LOSE_RANDOM:
			done[i] = mem_rand_below(rand, 2);
			break;
		}
	}
}

/* From the last to the first, since a forced rename takes a name itself. */
static void cut_force_renames(const struct mem_dir *dir, bool *done)
{
	size_t i, j;

	for (j = dir->op_count; j-- > 0;) {
		if (!done[j] || !dir->ops[j].put)
			continue;
		for (i = 0; i < j; i++)
			if (strcmp(dir->ops[i].from, dir->ops[j].name) == 0)
				done[i] = true;
	}
}

/* Does to the names of the disk, in @t, what is marked in @done. */
static int cut_apply(const struct mem_dir *dir, const bool *done,
		     struct mem_table *t)
{
	int rc = table_reserve(t, dir->disk.count + dir->op_count);
	size_t i;

	if (rc < 0)
		return rc;
	for (i = 0; i < dir->disk.count; i++)
		table_put(t, dir->disk.entries[i].name,
			  dir->disk.entries[i].file);

	for (i = 0; i < dir->op_count; i++) {
		const struct mem_name_op *op = &dir->ops[i];
		struct mem_entry *e = table_find(t, op->name);

		if (!done[i])
			continue;
		if (op->put)
			table_put(t, op->name, op->file);
		else if (e && e->file == op->file)
			table_drop(t, e);
	}
	return 0;
}

static int cut_names(const struct mem_dir *dir, enum env_mem_loss loss,
		     struct mem_rand *rand, struct mem_table *t)
{
	bool *done = calloc(dir->op_count + 1, sizeof(*done));
	int rc;

	if (!done)
		return -ENOMEM;
	cut_toss(dir, loss, rand, done);
	cut_force_renames(dir, done);
	rc = cut_apply(dir, done, t);
	free(done);
	return rc;
}

int mem_dir_cut(const struct mem_dir *dir, enum env_mem_loss loss,
		struct mem_rand *rand, struct mem_dir *out)
{
	int rc = cut_names(dir, loss, rand, &out->now);
	size_t i;

	/* The names are those of the cut; now their files become so too. */
	for (i = 0; rc == 0 && i < out->now.count; i++) {
		struct mem_entry *e = &out->now.entries[i];
		struct mem_file *file;

		rc = mem_file_cut(e->file, loss, rand, &file);
		if (rc == 0) {
			mem_file_unref(e->file);
			e->file = file;
		}
	}
	return rc == 0 ? mem_dir_sync(out) : rc;
}
