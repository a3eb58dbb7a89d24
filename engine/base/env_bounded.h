/*
 * An env over another one that keeps few files open at a time.
 *
 * A file that was opened for reading, or that env_seal() was called for, may be
 * closed behind its owner's back, and is opened again by its name when it is
 * used next.  Which one is closed: the first in a queue that was not used since
 * it was last looked at (second chance), and never one that a call is using.
 * A file that is open for writing stays open, and does not count.
 *
 * So at most as many files are open as the bound says, or as many as calls are
 * using at the same moment if those are more.  Where the process may not have
 * so many (-EMFILE), the bound becomes what it has.
 *
 * Whoever removes or renames a file must have closed it first: other than
 * env.h promises, it cannot be read any more.
 *
 * Using an open file costs two atomic additions; opening and closing take a
 * lock, but not over the other env's calls.  Thread-safe as env.h says.
 */
#ifndef ENGINE_BASE_ENV_BOUNDED_H
#define ENGINE_BASE_ENV_BOUNDED_H

#include "engine/base/env.h"

/*
 * @under is borrowed until env_free(), which does not free it.  NULL if out of
 * memory.
 */
struct env *env_bounded_new(struct env *under, size_t open_max);

#endif
