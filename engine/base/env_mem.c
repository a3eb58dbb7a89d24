#include "engine/base/env_mem.h"

#include <pthread.h>
#include <stdlib.h>

#include "engine/base/error.h"
#include "engine/base/mem_dir.h"
#include "engine/base/mem_file.h"
#include "engine/base/mem_rand.h"

#define EPOCH_NS     (1700000000 * NS_PER_S)
#define CALL_NS      ((uint64_t)1000) /* what a call takes on our clock */
#define MEDIUM_BYTES ((uint64_t)1 << 40)

/* The calls that are counted, as bits. */
enum call {
	CALL_OPEN = 1 << 0,
	CALL_CREATE = 1 << 1, /* open with ENV_CREATE */
	CALL_READ = 1 << 2,
	CALL_WRITE = 1 << 3,
	CALL_SIZE = 1 << 4,
	CALL_TRUNCATE = 1 << 5,
	CALL_SYNC = 1 << 6,
	CALL_RENAME = 1 << 7,
	CALL_REMOVE = 1 << 8,
	CALL_SYNC_DIR = 1 << 9,
	CALL_LIST = 1 << 10,
	CALL_LINK = 1 << 11,
	CALL_ANY = (1 << 12) - 1,
};

static const unsigned fault_applies[] = {
	[ENV_MEM_NONE] = 0,
	[ENV_MEM_EIO] = CALL_ANY,
	[ENV_MEM_ENOSPC] = CALL_CREATE | CALL_WRITE | CALL_RENAME | CALL_LINK,
	[ENV_MEM_SHORT] = CALL_WRITE,
	[ENV_MEM_CUT] = CALL_ANY,
	[ENV_MEM_LIE] = CALL_SYNC,
};

struct env_mem {
	struct env env;
	void (*hook)(const char *name, uint64_t bytes); /* or NULL */

	/*
	 * Without a rank: the env stands for the kernel, which may be called
	 * under any lock and calls nobody.  Guards all that follows.
	 */
	pthread_mutex_t lock;

	struct mem_dir dir;
	struct mem_rand rand;
	uint64_t clock_ns;  /* since EPOCH_NS */
	uint64_t bytes_max; /* 0: no limit */
	bool locked;        /* by env_lock() */
	unsigned files_open;

	enum env_mem_fault fault; /* the armed one */
	uint64_t fault_in;        /* strikes at this call that it applies to */
	bool sticky;
	bool dead; /* the power is cut */
	uint64_t calls;
	uint64_t faults;
	uint64_t soon_bytes;
};

struct mem_handle {
	struct env_file file;
	struct mem_file *mf; /* a reference */
	bool writable;
};

static const struct env_ops mem_ops;

static struct env_mem *mem_of(struct env *env)
{
	assert(env->ops == &mem_ops);
	return container_of(env, struct env_mem, env);
}

static struct mem_handle *handle_of(struct env_file *file)
{
	return container_of(file, struct mem_handle, file);
}

static struct env_mem *lock_env(struct env *env)
{
	struct env_mem *em = mem_of(env);

	pthread_mutex_lock(&em->lock);
	return em;
}

static int unlock_env(struct env_mem *em, int rc)
{
	pthread_mutex_unlock(&em->lock);
	return rc;
}

/* Whether the armed fault strikes at this @call. */
static bool fault_strikes(struct env_mem *em, enum call call)
{
	if (!(fault_applies[em->fault] & call))
		return false;
	if (em->fault_in > 1) {
		em->fault_in--;
		return false;
	}
	em->faults++;
	return true;
}

/*
 * Begins a counted call: takes the lock, in any case.  Returns 0, or 1 if the
 * caller is to do its work the faulty way (SHORT, LIE), or the error that the
 * call ends with.
 */
static int call_begin(struct env_mem *em, enum call call)
{
	enum env_mem_fault fault;

	pthread_mutex_lock(&em->lock);
	fault = em->fault;
	em->calls++;
	em->clock_ns += CALL_NS;
	if (em->dead)
		return error_set(-EIO, "the power is cut");
	if (!fault_strikes(em, call))
		return 0;
	if (!em->sticky)
		em->fault = ENV_MEM_NONE;

	switch (fault) {
	case ENV_MEM_ENOSPC:
		return error_set(-ENOSPC, "call %llu: no room, as was asked",
				 (unsigned long long)em->calls);
	case ENV_MEM_SHORT:
	case ENV_MEM_LIE:
		return 1;
	case ENV_MEM_CUT:
		em->dead = true;
		break;
	default:
		break;
	}
	return error_set(-EIO, "call %llu: fails, as was asked",
			 (unsigned long long)em->calls);
}

/* Whether @mf may become @size bytes large. */
static int check_room(const struct env_mem *em, const struct mem_file *mf,
		      uint64_t size)
{
	uint64_t used;

	if (em->bytes_max == 0 || size <= mf->now.size)
		return 0;
	used = mem_dir_bytes(&em->dir);
	if (used > em->bytes_max || size - mf->now.size > em->bytes_max - used)
		return error_set(-ENOSPC, "no room for a file of %llu bytes",
				 (unsigned long long)size);
	return 0;
}

/* The file @name, which @mode may ask to be made: borrowed. */
static int find_or_create(struct env_mem *em, const char *name,
			  enum env_mode mode, struct mem_file **out)
{
	struct mem_file *mf = mem_dir_find(&em->dir, name);
	int rc;

	if (mf && mode == ENV_CREATE)
		return error_set(-EEXIST, "%s exists", name);
	if (!mf && mode != ENV_CREATE)
		return error_set(-ENOENT, "%s does not exist", name);
	if (!mf) {
		mf = mem_file_new();
		if (!mf)
			return -ENOMEM;
		rc = mem_dir_create(&em->dir, name, mf);
		mem_file_unref(mf); /* the directory holds it now, or nobody */
		if (rc < 0)
			return rc;
	}
	*out = mf;
	return 0;
}

static int mem_open(struct env *env, const char *name, enum env_mode mode,
		    struct env_file **out)
{
	struct env_mem *em = mem_of(env);
	struct mem_handle *h = calloc(1, sizeof(*h));
	int rc;

	if (!h)
		return -ENOMEM;
	rc = call_begin(em, mode == ENV_CREATE ? CALL_CREATE : CALL_OPEN);
	if (rc == 0)
		rc = find_or_create(em, name, mode, &h->mf);
	if (rc < 0) {
		free(h);
		return unlock_env(em, rc);
	}
	mem_file_ref(h->mf);
	em->files_open++;
	h->writable = mode != ENV_READ;
	h->file.env = env;
	memcpy(h->file.name, name, strlen(name) + 1);
	*out = &h->file;
	return unlock_env(em, 0);
}

static void mem_close(struct env_file *file)
{
	struct mem_handle *h = handle_of(file);
	struct env_mem *em = lock_env(file->env);

	mem_file_unref(h->mf);
	em->files_open--;
	unlock_env(em, 0);
	free(h);
}

static ssize_t mem_read_at(struct env_file *file, void *buf, size_t size,
			   uint64_t offset)
{
	struct env_mem *em = mem_of(file->env);
	ssize_t rc = call_begin(em, CALL_READ);

	if (rc == 0)
		rc = (ssize_t)mem_file_read(handle_of(file)->mf, buf, size,
					    offset);
	unlock_env(em, 0);
	return rc;
}

static uint64_t parts_size(const struct slice *parts, size_t count)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < count; i++)
		sum += parts[i].size;
	return sum;
}

/* Writes the first @size bytes of the parts. */
static int write_parts(struct env_mem *em, struct mem_handle *h,
		       const struct slice *parts, uint64_t size,
		       uint64_t offset)
{
	int rc;

	if (!h->writable)
		return error_set(-EBADF, "%s is open for reading",
				 h->file.name);
	if (size == 0)
		return 0;
	rc = check_room(em, h->mf, offset + size);
	if (rc == 0)
		rc = mem_file_reserve(h->mf, size, offset + size);
	if (rc < 0)
		return rc;

	while (size) {
		size_t n = (size_t)u64_min(parts->size, size);

		mem_file_write(h->mf, slice_of(parts->data, n), offset);
		offset += n;
		size -= n;
		parts++;
	}
	return 0;
}

static int mem_write_at(struct env_file *file, const struct slice *parts,
			size_t count, uint64_t offset)
{
	struct env_mem *em = mem_of(file->env);
	uint64_t size = parts_size(parts, count);
	int fault, rc;

	if (em->hook)
		em->hook(file->name, size);
	fault = call_begin(em, CALL_WRITE);
	rc = fault;
	if (fault > 0 && size > 0)
		size = mem_rand_below(&em->rand, size);
	if (fault >= 0)
		rc = write_parts(em, handle_of(file), parts, size, offset);
	if (rc == 0 && fault > 0)
		rc = error_set(-EIO, "%s: %llu bytes written, as was asked",
			       file->name, (unsigned long long)size);
	return unlock_env(em, rc);
}

static int mem_size(struct env_file *file, uint64_t *size)
{
	struct env_mem *em = mem_of(file->env);
	int rc = call_begin(em, CALL_SIZE);

	if (rc == 0)
		*size = handle_of(file)->mf->now.size;
	return unlock_env(em, rc);
}

static int mem_truncate(struct env_file *file, uint64_t size)
{
	struct env_mem *em = mem_of(file->env);
	struct mem_handle *h = handle_of(file);
	int rc = call_begin(em, CALL_TRUNCATE);

	if (rc == 0 && !h->writable)
		rc = error_set(-EINVAL, "%s is open for reading", file->name);
	if (rc == 0)
		rc = check_room(em, h->mf, size);
	if (rc == 0)
		rc = mem_file_truncate(h->mf, size);
	return unlock_env(em, rc);
}

/* A medium that does not begin before it must. */
static void mem_sync_soon(struct env_file *file, uint64_t offset UNUSED,
			  uint64_t size)
{
	struct env_mem *em = lock_env(file->env);

	em->soon_bytes += size;
	unlock_env(em, 0);
}

static int mem_sync(struct env_file *file)
{
	struct env_mem *em = mem_of(file->env);
	struct mem_file *mf = handle_of(file)->mf;
	int rc;

	if (em->hook)
		em->hook(file->name, 0);
	rc = call_begin(em, CALL_SYNC);
	if (rc > 0) {
		mem_file_lie(mf);
		rc = error_set(-EIO, "%s: sync fails, as was asked",
			       file->name);
	} else if (rc == 0) {
		mem_file_sync(mf);
	}
	return unlock_env(em, rc);
}

static int mem_rename(struct env *env, const char *from, const char *to)
{
	struct env_mem *em = mem_of(env);
	int rc = call_begin(em, CALL_RENAME);

	if (rc == 0)
		rc = mem_dir_rename(&em->dir, from, to);
	return unlock_env(em, rc);
}

static int mem_remove(struct env *env, const char *name)
{
	struct env_mem *em = mem_of(env);
	int rc = call_begin(em, CALL_REMOVE);

	if (rc == 0)
		rc = mem_dir_remove(&em->dir, name);
	return unlock_env(em, rc);
}

/* One lock at a time: two threads may link in opposite directions. */
static int mem_link(struct env *env, struct env *source, const char *name)
{
	struct env_mem *em = lock_env(source);
	struct mem_file *mf = mem_dir_find(&em->dir, name);
	int rc;

	if (mf)
		mem_file_ref(mf);
	unlock_env(em, 0);

	em = mem_of(env);
	rc = call_begin(em, CALL_LINK);
	if (rc == 0 && !mf)
		rc = error_set(-ENOENT, "%s does not exist", name);
	if (rc == 0 && mem_dir_find(&em->dir, name))
		rc = error_set(-EEXIST, "%s exists", name);
	if (rc == 0)
		rc = mem_dir_create(&em->dir, name, mf);
	mem_file_unref(mf);
	return unlock_env(em, rc);
}

static int mem_sync_dir(struct env *env)
{
	struct env_mem *em = mem_of(env);
	int rc = call_begin(em, CALL_SYNC_DIR);

	if (rc == 0)
		rc = mem_dir_sync(&em->dir);
	return unlock_env(em, rc);
}

static int mem_list(struct env *env, struct env_names *names)
{
	struct env_mem *em = mem_of(env);
	int rc = call_begin(em, CALL_LIST);
	size_t i;

	for (i = 0; rc == 0 && i < em->dir.now.count; i++)
		rc = env_names_add(names, em->dir.now.entries[i].name);
	return unlock_env(em, rc);
}

static int mem_lock(struct env *env, const char *name)
{
	struct env_mem *em = lock_env(env);
	struct mem_file *mf;
	int rc;

	if (em->dead)
		rc = error_set(-EIO, "the power is cut");
	else if (em->locked)
		rc = error_set(-EBUSY, "in use by this process");
	else if (mem_dir_find(&em->dir, name))
		rc = 0;
	else
		rc = find_or_create(em, name, ENV_CREATE, &mf);
	if (rc == 0)
		em->locked = true;
	return unlock_env(em, rc);
}

static int mem_space(struct env *env, struct env_space *space)
{
	struct env_mem *em = lock_env(env);
	uint64_t used = mem_dir_bytes(&em->dir);

	space->bytes_total = em->bytes_max ? em->bytes_max : MEDIUM_BYTES;
	space->bytes_free = space->bytes_total -
			    u64_min(used, space->bytes_total);
	return unlock_env(em, 0);
}

/* Every look moves it on, so that waiting for a time comes to an end. */
static uint64_t mem_monotonic_ns(struct env *env)
{
	struct env_mem *em = lock_env(env);
	uint64_t ns = em->clock_ns += CALL_NS;

	unlock_env(em, 0);
	return ns;
}

void env_mem_pass(struct env *env, uint64_t ns)
{
	struct env_mem *em = lock_env(env);

	em->clock_ns += ns;
	unlock_env(em, 0);
}

static uint64_t mem_realtime_ns(struct env *env)
{
	return EPOCH_NS + mem_monotonic_ns(env);
}

static void mem_random(struct env *env, void *buf, size_t size)
{
	struct env_mem *em = lock_env(env);

	mem_rand_fill(&em->rand, buf, size);
	unlock_env(em, 0);
}

static void mem_free(struct env *env)
{
	struct env_mem *em = mem_of(env);

	assert(em->files_open == 0);
	mem_dir_fini(&em->dir);
	pthread_mutex_destroy(&em->lock);
	free(em);
}

static const struct env_ops mem_ops = {
	.open = mem_open,
	.close = mem_close,
	.read_at = mem_read_at,
	.write_at = mem_write_at,
	.write_over = mem_write_at,
	.size = mem_size,
	.truncate = mem_truncate,
	.sync_soon = mem_sync_soon,
	.sync = mem_sync,
	.rename = mem_rename,
	.remove = mem_remove,
	.link = mem_link,
	.sync_dir = mem_sync_dir,
	.list = mem_list,
	.lock = mem_lock,
	.space = mem_space,
	.realtime_ns = mem_realtime_ns,
	.monotonic_ns = mem_monotonic_ns,
	.random = mem_random,
	.free = mem_free,
};

int env_mem_new(struct env **out, uint64_t seed)
{
	struct env_mem *em = calloc(1, sizeof(*em));

	if (!em)
		return -ENOMEM;
	em->env.ops = &mem_ops;
	em->rand.state = seed;
	pthread_mutex_init(&em->lock, NULL);
	*out = &em->env;
	return 0;
}

void env_mem_arm(struct env *env, enum env_mem_fault fault, uint64_t kth,
		 bool sticky)
{
	struct env_mem *em = lock_env(env);

	assert(kth > 0 || fault == ENV_MEM_NONE);
	em->fault = fault;
	em->fault_in = kth;
	em->sticky = sticky;
	em->calls = 0;
	unlock_env(em, 0);
}

uint64_t env_mem_calls(struct env *env)
{
	struct env_mem *em = lock_env(env);
	uint64_t calls = em->calls;

	unlock_env(em, 0);
	return calls;
}

uint64_t env_mem_faults(struct env *env)
{
	struct env_mem *em = lock_env(env);
	uint64_t faults = em->faults;

	unlock_env(em, 0);
	return faults;
}

uint64_t env_mem_soon_bytes(struct env *env)
{
	struct env_mem *em = lock_env(env);
	uint64_t bytes = em->soon_bytes;

	unlock_env(em, 0);
	return bytes;
}

int env_mem_cut(struct env *env, enum env_mem_loss loss, uint64_t seed,
		struct env **out)
{
	struct mem_rand rand = { .state = seed };
	struct env_mem *em, *cut;
	struct env *made;
	int rc;

	rc = env_mem_new(&made, mem_rand_u64(&rand));
	if (rc < 0)
		return rc;
	cut = mem_of(made);

	em = lock_env(env);
	cut->clock_ns = em->clock_ns;
	cut->bytes_max = em->bytes_max;
	rc = mem_dir_cut(&em->dir, loss, &rand, &cut->dir);
	unlock_env(em, 0);
	if (rc < 0) {
		env_free(made);
		return rc;
	}
	*out = made;
	return 0;
}

void env_mem_hook(struct env *env,
		  void (*hook)(const char *name, uint64_t bytes))
{
	mem_of(env)->hook = hook;
}

void env_mem_limit(struct env *env, uint64_t bytes_max)
{
	struct env_mem *em = lock_env(env);

	em->bytes_max = bytes_max;
	unlock_env(em, 0);
}

uint64_t env_mem_bytes(struct env *env)
{
	struct env_mem *em = lock_env(env);
	uint64_t bytes = mem_dir_bytes(&em->dir);

	unlock_env(em, 0);
	return bytes;
}

int env_mem_flip(struct env *env, const char *name, uint64_t offset,
		 uint8_t mask)
{
	struct env_mem *em = lock_env(env);
	struct mem_file *mf = mem_dir_find(&em->dir, name);

	if (!mf)
		return unlock_env(em, -ENOENT);
	if (offset >= mf->now.size)
		return unlock_env(em, -EINVAL);
	mf->now.data[offset] ^= mask;
	if (offset < mf->disk.size)
		mf->disk.data[offset] ^= mask;
	return unlock_env(em, 0);
}
