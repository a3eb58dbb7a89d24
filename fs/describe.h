/*
 * describe: keys and values of a filesystem in words, for people who look at
 * the files of a store.
 *
 * Nothing is trusted: what is no key or no value of ours is said to be so.
 */
#ifndef FS_DESCRIBE_H
#define FS_DESCRIBE_H

#include "engine/base/buf.h"

/*
 * Appends words for @key, without a NUL.  Names may hold any byte but NUL.
 * Returns 0 or -ENOMEM.
 */
int describe_key(struct slice key, struct buf *out) MUST_USE;

/* The same for the @value of that key; nothing if there is no more to say. */
int describe_value(struct slice key, struct slice value,
		   struct buf *out) MUST_USE;

#endif
