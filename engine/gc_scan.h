/*
 * gc_scan: finds what is live in some blob files, by reading the tables that
 * refer to them.  Private to gc.c; gc.h says what it is for.
 */
#ifndef ENGINE_GC_SCAN_H
#define ENGINE_GC_SCAN_H

#include "engine/gc_pick.h"

/*
 * Fills the second half of each of @files, which are sorted by id.  Returns 0,
 * -EINTR (the store is being closed), -EBADMSG, -EUCLEAN, -EIO or -ENOMEM.
 */
int gc_scan(struct kv *kv, const struct version *v, struct gc_file *files,
	    size_t count) MUST_USE;

#endif
