/*
 * pace: how fast writers may go, so that flushing and compaction keep up.
 *
 * Three debts are watched: bytes in memtables that are in no table yet, tables
 * on L0, and bytes by which deeper levels are larger than they should be.  Each
 * has a soft limit, below which nobody is ever slowed, and a hard one.  Between
 * them the rate that writers are given falls by the same factor for each step
 * of debt, from PACE_RATE_MAX to PACE_RATE_MIN: wherever the rate lies at which
 * the background drains the debt, there is a debt at which the two are equal,
 * and the store glides there without knowing that rate.  The largest of the
 * three counts.
 *
 * At the hard limit of the first debt the leader of the write queue waits for a
 * flush (write.c), since memory is bounded.  The others have no such end:
 * writers go on at the least rate, so that none ever hangs on a compaction that
 * cannot be done, as on a full disk.
 *
 * A writer is delayed before it queues, holding no lock, in proportion to its
 * bytes.  All writers share one rate: a delay begins where the one given out
 * before it ends.  Delays below PACE_WAIT_MIN_NS are saved up, since a shorter
 * sleep would cost more than it delays; none is above PACE_WAIT_MAX_NS.
 *
 * (The falling rate between two limits is that of RocksDB's delayed writes;
 * that debts rather than rates are measured, and the worst of several sensors
 * decides, that of HSE's throttle.)
 *
 * Thread safety: all functions may be called from several threads at once.
 */
#ifndef ENGINE_PACE_H
#define ENGINE_PACE_H

#include <stdatomic.h>

#include "engine/base/base.h"

#define PACE_RATE_MAX    ((uint64_t)512 * MIB) /* bytes a second */
#define PACE_RATE_MIN    ((uint64_t)256 * KIB) /* bytes a second */
#define PACE_WAIT_MIN_NS NS_PER_MS
#define PACE_WAIT_MAX_NS NS_PER_S

/* What is owed, and where it begins and ceases to matter. */
struct pace_debt {
	uint64_t is, soft, hard;
};

/* The time that @bytes are to take with all of @debts owed; 0: no delay. */
uint64_t pace_delay_ns(const struct pace_debt *debts, size_t count,
		       size_t bytes);

struct pace {
	/* Set by pace_init(), then constant. */
	uint64_t behind_soft; /* bytes */

	_Atomic uint64_t memtable_bytes; /* at least; then one is frozen */

	_Atomic uint64_t active_bytes;  /* of the memtable that is written to */
	_Atomic uint64_t frozen_bytes;  /* of those that wait */
	_Atomic uint64_t flushed_bytes; /* of these, in the table so far */
	_Atomic uint64_t l0_tables;
	_Atomic uint64_t behind_bytes; /* see compact_behind() */

	_Atomic uint64_t clear_ns;  /* when the last delay given out ends */
	_Atomic uint64_t passed_ns; /* delays up to then have been waited for */
};

void pace_init(struct pace *p, size_t memtable_bytes, size_t level_base_bytes);

/* Memtables are frozen at another size from now on. */
void pace_resize(struct pace *p, size_t memtable_bytes);

/* The time that a writer's @bytes are to take now; 0: it is not slowed. */
uint64_t pace_delay(const struct pace *p, size_t bytes);

/*
 * How long a writer that is given @delay_ns has to wait, *until being when that
 * ends; 0 if it may go on at once.
 */
uint64_t pace_wait(struct pace *p, uint64_t now_ns, uint64_t delay_ns,
		   uint64_t *until_ns);

/*
 * The writer has waited, or was let go earlier because the debt has changed;
 * what comes next begins there, or later.
 */
void pace_waited(struct pace *p, uint64_t until_ns);

#endif
