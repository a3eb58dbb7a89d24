/*
 * An env that hands every call on to another one, for tests that put something
 * of their own in the place of one of them.  Files belong to the other env.
 */
#ifndef TESTS_ENGINE_FORWARD_H
#define TESTS_ENGINE_FORWARD_H

#include "engine/base/env.h"

struct forward {
	struct env env;
	struct env_ops ops; /* to be changed after forward_init() */
	struct env *inner;  /* borrowed */
};

/* The env that @e hands on to. */
static inline struct env *forward_inner(struct env *e)
{
	return container_of(e, struct forward, env)->inner;
}

static inline int forward_open(struct env *e, const char *name,
			       enum env_mode mode, struct env_file **out)
{
	return env_open(forward_inner(e), name, mode, out);
}

static inline int forward_rename(struct env *e, const char *from,
				 const char *to)
{
	return env_rename(forward_inner(e), from, to);
}

static inline int forward_remove(struct env *e, const char *name)
{
	return env_remove(forward_inner(e), name);
}

static inline int forward_sync_dir(struct env *e)
{
	return env_sync_dir(forward_inner(e));
}

static inline int forward_list(struct env *e, struct env_names *names)
{
	return env_list(forward_inner(e), names);
}

static inline int forward_lock(struct env *e, const char *name)
{
	return env_lock(forward_inner(e), name);
}

static inline int forward_space(struct env *e, struct env_space *space)
{
	return env_space(forward_inner(e), space);
}

static inline uint64_t forward_realtime_ns(struct env *e)
{
	return env_realtime_ns(forward_inner(e));
}

static inline uint64_t forward_monotonic_ns(struct env *e)
{
	return env_monotonic_ns(forward_inner(e));
}

static inline void forward_random(struct env *e, void *buf, size_t size)
{
	env_random(forward_inner(e), buf, size);
}

static inline void forward_init(struct forward *f, struct env *inner)
{
	*f = (struct forward){
		.ops = { .open = forward_open,
			 .rename = forward_rename,
			 .remove = forward_remove,
			 .sync_dir = forward_sync_dir,
			 .list = forward_list,
			 .lock = forward_lock,
			 .space = forward_space,
			 .realtime_ns = forward_realtime_ns,
			 .monotonic_ns = forward_monotonic_ns,
			 .random = forward_random },
		.inner = inner,
	};
	f->env.ops = &f->ops;
}

#endif
