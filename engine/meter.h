/*
 * meter: an env that passes every call on to another one, and counts what is
 * done to which kind of file, and how long reads and syncs take.
 *
 * The kind follows from the name that a file is opened under.  What is read
 * from tables is read by anybody: point reads, iterators, compactions and
 * kv_verify() alike.
 *
 * Errors, words and promises are those of the env behind it.  Thread-safe.
 */
#ifndef ENGINE_METER_H
#define ENGINE_METER_H

#include "engine/base/env.h"

struct stats;

/*
 * @inner belongs to the meter and is ended with it; @stats must outlive it.
 * NULL, and @inner is still the caller's, if out of memory.
 */
struct env *meter_new(struct env *inner, struct stats *stats);

#endif
