/*
 * demand: what reads would gain if L0 were merged sooner.
 *
 * L0 is due when it has COMPACT_L0_TABLES tables, and what is below that stays,
 * however often it is read: a get asks the filter of each, and a seek goes to a
 * page of each.  So reads pay for a merge: each as many bytes for a table of L0
 * as can be merged in the time that the table took it.  Once they have paid the
 * price, which is the bytes that are merged, it is due, and will have cost no
 * more than what it saves if reads go on as before.  (LevelDB lets seeks in
 * vain pay for a compaction so; here it is the number of tables that is paid
 * for, found in vain or not.)
 *
 * When L0 changes, the price does, and what was paid is lost: under writes that
 * fill memtables quickly, reads hardly ever pay in full, and L0 is due anyway.
 * A store that is not read merges nothing for it, and sleeps.
 *
 * Only calls that are timed pay, one in STATS_SAMPLE_MEAN, for all.
 *
 * Thread safety: demand_set() by one thread at a time; else any.
 */
#ifndef ENGINE_DEMAND_H
#define ENGINE_DEMAND_H

#include <stdatomic.h>

#include "engine/base/base.h"

/*
 * A byte is merged in some 6 ns; a table takes a get some 40 ns and a seek with
 * a few steps some 600 ns, half of that in seeks that hardly step.
 */
#define DEMAND_GET_BYTES  8
#define DEMAND_SEEK_BYTES 64

struct demand {
	_Atomic uint64_t price; /* bytes; 0: there is nothing to be had */
	_Atomic uint64_t paid;  /* bytes */
};

/* What the merge would take from now on; 0: there is nothing to merge. */
void demand_set(struct demand *d, uint64_t price);

/* Pays; true if that is what makes it due. */
bool demand_pay(struct demand *d, uint64_t bytes);

bool demand_is_met(const struct demand *d);

#endif
