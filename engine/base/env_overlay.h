/*
 * env_overlay: the files of another env, which stay as they are.
 *
 * What is written, renamed and removed is so in memory alone, and gone with
 * env_free().  So a store can be opened, and recovered from its logs, without
 * a byte of it being changed: for mounts that are read-only.  Memory: what is
 * written; of a file that is changed, and not made anew, all of it.
 *
 * The lock is the other env's, as a store must not change under its readers;
 * but on a medium that is read-only there is nobody to lock out.
 */
#ifndef ENGINE_BASE_ENV_OVERLAY_H
#define ENGINE_BASE_ENV_OVERLAY_H

#include "engine/base/env.h"

/* @under is borrowed until env_free().  NULL if out of memory. */
struct env *env_overlay_new(struct env *under);

#endif
