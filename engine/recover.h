/*
 * recover: from the files of a store to its newest state.
 *
 * A store is SUPER, the manifest it names, what that names, and the logs from
 * wal_min on.  Opening reads the manifest, replays the logs into a memtable,
 * writes that to an SST, and begins a new manifest and a new log; everything
 * that is then not named is removed.  Until SUPER names the new manifest
 * nothing old has been touched, so a crash during recovery is recovered from in
 * the same way.
 *
 * Logs are replayed up to the first record that does not go on where the last
 * one ended (wal.h), or that names a value which does not verify.  If that
 * record had been durable, the store is damaged and is not opened.
 */
#ifndef ENGINE_RECOVER_H
#define ENGINE_RECOVER_H

#include "engine/base/base.h"

struct kv;

/* Makes an empty store of what holds none.  As kv_open(). */
int recover_create(struct kv *kv) MUST_USE;

/* Opens the store that is there.  As kv_open(). */
int recover_open(struct kv *kv) MUST_USE;

/*
 * What the env holds: 1 a store, 0 nothing (or the beginning of a store that
 * was never finished), or -ENOTEMPTY, -EUCLEAN, ... with words.
 */
int recover_look(struct kv *kv) MUST_USE;

#endif
