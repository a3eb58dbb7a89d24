#include "engine/base/env_bounded.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "engine/base/lock.h"

/*
 * A file's word: who uses it, whether it is open, and the uses since the queue
 * was last there.  A user adds himself and then looks: if the file was open, it
 * stays so until he leaves, since only a file without users is closed, by a
 * compare-and-swap of the word.  If it was not, he leaves and takes the lock.
 */
#define WORD_USER  ((uint64_t)1)
#define WORD_USERS (((uint64_t)1 << 30) - 1)
#define WORD_OPEN  ((uint64_t)1 << 30)
#define WORD_USE   ((uint64_t)1 << 32)

struct bounded_file {
	struct env_file file; /* the caller's */
	_Atomic uint64_t word;
	struct env_file *real; /* owned; constant while the word says open */

	/* Guarded by the lock. */
	bool opening;              /* somebody does it, without the lock */
	struct bounded_file *next; /* in the queue, if it may be closed */
	struct bounded_file *prev;
};

struct env_bounded {
	struct env env;
	struct env *under; /* borrowed */

	struct mutex lock; /* RANK_LEAF */
	struct cond opened;

	/* Guarded by the lock. */
	size_t open_max;
	size_t open;               /* in the queue, or being opened for it */
	struct bounded_file queue; /* its ends; no file itself */
};

static const struct env_ops bounded_ops;

static struct env_bounded *bounded_of(struct env *env)
{
	return container_of(env, struct env_bounded, env);
}

static struct bounded_file *file_of(struct env_file *file)
{
	return container_of(file, struct bounded_file, file);
}

struct env *env_bounded_new(struct env *under, size_t open_max)
{
	struct env_bounded *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->env.ops = &bounded_ops;
	b->under = under;
	b->open_max = open_max;
	b->queue.next = b->queue.prev = &b->queue;
	mutex_init(&b->lock, RANK_LEAF);
	cond_init(&b->opened);
	return &b->env;
}

static void bounded_free(struct env *env)
{
	struct env_bounded *b = bounded_of(env);

	assert(b->queue.next == &b->queue && b->open == 0);
	cond_fini(&b->opened);
	mutex_fini(&b->lock);
	free(b);
}

static void enqueue(struct env_bounded *b, struct bounded_file *f)
	NEEDS(b->lock);

static void enqueue(struct env_bounded *b, struct bounded_file *f)
{
	f->next = &b->queue;
	f->prev = b->queue.prev;
	f->prev->next = f;
	b->queue.prev = f;
}

static void dequeue(struct bounded_file *f)
{
	f->next->prev = f->prev;
	f->prev->next = f->next;
	f->next = f->prev = NULL;
}

/* Marks @f closed, unless it is in use or was since we last looked. */
static bool try_close(struct bounded_file *f)
{
	uint64_t word = f->word;

	if (!(word & WORD_USERS) && word / WORD_USE == 0 &&
	    atomic_compare_exchange_strong(&f->word, &word, 0))
		return true;
	atomic_fetch_and(&f->word, WORD_USE - 1);
	return false;
}

/* Takes one file too many out of the queue; NULL if all are in use, or none. */
static struct env_file *take_excess(struct env_bounded *b)
{
	struct env_file *real = NULL;
	struct bounded_file *f;
	size_t rounds;

	mutex_lock(&b->lock);
	rounds = b->open > b->open_max ? 2 * b->open : 0;
	while (!real && rounds-- > 0 && b->queue.next != &b->queue) {
		f = b->queue.next;
		dequeue(f);
		if (try_close(f)) {
			real = f->real;
			f->real = NULL;
			b->open--;
		} else {
			enqueue(b, f);
		}
	}
	mutex_unlock(&b->lock);
	return real;
}

static void close_excess(struct env_bounded *b)
{
	struct env_file *real;

	while ((real = take_excess(b)) != NULL)
		env_close(real);
}

/* There is no room for another file; says whether there may be now. */
static bool give_way(struct env_bounded *b)
{
	struct env_file *real;

	mutex_lock(&b->lock);
	if (b->open > 0 && b->open_max >= b->open)
		b->open_max = b->open - 1;
	mutex_unlock(&b->lock);
	real = take_excess(b);
	env_close(real);
	return real != NULL;
}

static int open_real(struct env_bounded *b, const char *name,
		     enum env_mode mode, struct env_file **out)
{
	int rc;

	do
		rc = env_open(b->under, name, mode, out);
	while (rc == -EMFILE && give_way(b));
	return rc;
}

/* The lock is held, and given up for the time it takes to open @f. */
static int open_again(struct env_bounded *b, struct bounded_file *f)
	NEEDS(b->lock);

static int open_again(struct env_bounded *b, struct bounded_file *f)
{
	struct env_file *real;
	int rc;

	f->opening = true;
	b->open++;
	mutex_unlock(&b->lock);
	close_excess(b);
	rc = open_real(b, f->file.name, ENV_READ, &real);
	mutex_lock(&b->lock);
	f->opening = false;
	if (rc == 0) {
		f->real = real;
		enqueue(b, f);
		/* The use that it is opened for is not one more. */
		atomic_fetch_and(&f->word, WORD_USE - 1);
		/* Added, since others may be adding and leaving meanwhile. */
		atomic_fetch_add(&f->word, WORD_OPEN);
	} else {
		b->open--;
	}
	cond_broadcast(&b->opened);
	return rc;
}

static int use_closed(struct bounded_file *f)
{
	struct env_bounded *b = bounded_of(f->file.env);
	int rc = 0;

	mutex_lock(&b->lock);
	while (f->opening)
		cond_wait(&b->opened, &b->lock);
	if (!(f->word & WORD_OPEN))
		rc = open_again(b, f);
	if (rc == 0)
		atomic_fetch_add(&f->word, WORD_USER);
	mutex_unlock(&b->lock);
	return rc;
}

/* Keeps the file open, if need be after opening it, until leave(). */
static int use(struct bounded_file *f)
{
	uint64_t word = atomic_fetch_add_explicit(
		&f->word, WORD_USE + WORD_USER, memory_order_acquire);

	if (likely(word & WORD_OPEN))
		return 0;
	atomic_fetch_sub(&f->word, WORD_USER);
	return use_closed(f);
}

static void leave(struct bounded_file *f)
{
	atomic_fetch_sub_explicit(&f->word, WORD_USER, memory_order_release);
}

static int bounded_open(struct env *env, const char *name, enum env_mode mode,
			struct env_file **out)
{
	struct env_bounded *b = bounded_of(env);
	struct bounded_file *f = calloc(1, sizeof(*f));
	int rc;

	if (!f)
		return -ENOMEM;
	f->file.env = env;
	memcpy(f->file.name, name, strlen(name) + 1);
	if (mode == ENV_READ) {
		rc = use(f);
		if (rc == 0)
			leave(f);
	} else {
		rc = open_real(b, name, mode, &f->real);
		if (rc == 0)
			f->word = WORD_OPEN;
	}
	if (rc < 0) {
		free(f);
		return rc;
	}
	*out = &f->file;
	return 0;
}

static void bounded_seal(struct env_file *file)
{
	struct env_bounded *b = bounded_of(file->env);
	struct bounded_file *f = file_of(file);

	mutex_lock(&b->lock);
	/* One that is closed, or queued, was opened for reading. */
	if ((f->word & WORD_OPEN) && !f->next) {
		enqueue(b, f);
		b->open++;
	}
	mutex_unlock(&b->lock);
	close_excess(b);
}

static void bounded_close(struct env_file *file)
{
	struct env_bounded *b = bounded_of(file->env);
	struct bounded_file *f = file_of(file);

	mutex_lock(&b->lock);
	assert(!(f->word & WORD_USERS));
	if (f->next) {
		dequeue(f);
		b->open--;
	}
	mutex_unlock(&b->lock);
	env_close(f->real);
	free(f);
}

static ssize_t bounded_read_at(struct env_file *file, void *buf, size_t size,
			       uint64_t offset)
{
	struct bounded_file *f = file_of(file);
	ssize_t got = use(f);

	if (got < 0)
		return got;
	got = env_read_at(f->real, buf, size, offset);
	leave(f);
	return got;
}

static int bounded_size(struct env_file *file, uint64_t *size)
{
	struct bounded_file *f = file_of(file);
	int rc = use(f);

	if (rc < 0)
		return rc;
	rc = env_size(f->real, size);
	leave(f);
	return rc;
}

static int bounded_sync(struct env_file *file)
{
	struct bounded_file *f = file_of(file);
	int rc = use(f);

	if (rc < 0)
		return rc;
	rc = env_sync(f->real);
	leave(f);
	return rc;
}

/* What writes needs no use(): such a file is open. */
static struct env_file *written(struct env_file *file)
{
	struct bounded_file *f = file_of(file);

	assert(f->real && !f->next);
	return f->real;
}

static int bounded_write_at(struct env_file *file, const struct slice *parts,
			    size_t count, uint64_t offset)
{
	return env_write_at(written(file), parts, count, offset);
}

static int bounded_write_over(struct env_file *file, const struct slice *parts,
			      size_t count, uint64_t offset)
{
	return env_write_over(written(file), parts, count, offset);
}

static void bounded_sync_soon(struct env_file *file, uint64_t offset,
			      uint64_t size)
{
	env_sync_soon(written(file), offset, size);
}

static int bounded_truncate(struct env_file *file, uint64_t size)
{
	return env_truncate(written(file), size);
}

static int bounded_rename(struct env *env, const char *from, const char *to)
{
	return env_rename(bounded_of(env)->under, from, to);
}

static int bounded_remove(struct env *env, const char *name)
{
	return env_remove(bounded_of(env)->under, name);
}

static int bounded_sync_dir(struct env *env)
{
	return env_sync_dir(bounded_of(env)->under);
}

static int bounded_list(struct env *env, struct env_names *names)
{
	return env_list(bounded_of(env)->under, names);
}

static int bounded_lock(struct env *env, const char *name)
{
	return env_lock(bounded_of(env)->under, name);
}

static int bounded_space(struct env *env, struct env_space *space)
{
	return env_space(bounded_of(env)->under, space);
}

static uint64_t bounded_realtime_ns(struct env *env)
{
	return env_realtime_ns(bounded_of(env)->under);
}

static uint64_t bounded_monotonic_ns(struct env *env)
{
	return env_monotonic_ns(bounded_of(env)->under);
}

static void bounded_random(struct env *env, void *buf, size_t size)
{
	env_random(bounded_of(env)->under, buf, size);
}

static const struct env_ops bounded_ops = {
	.open = bounded_open,
	.close = bounded_close,
	.seal = bounded_seal,
	.read_at = bounded_read_at,
	.write_at = bounded_write_at,
	.write_over = bounded_write_over,
	.size = bounded_size,
	.sync_soon = bounded_sync_soon,
	.truncate = bounded_truncate,
	.sync = bounded_sync,
	.rename = bounded_rename,
	.remove = bounded_remove,
	.sync_dir = bounded_sync_dir,
	.list = bounded_list,
	.lock = bounded_lock,
	.space = bounded_space,
	.realtime_ns = bounded_realtime_ns,
	.monotonic_ns = bounded_monotonic_ns,
	.random = bounded_random,
	.free = bounded_free,
};
