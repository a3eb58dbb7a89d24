#include "engine/pace.h"

#include "engine/compact_pick.h"
#include "engine/view.h"

/* A store whose memtables are tiny is not slowed on their account. */
#define MEMTABLE_BYTES_MIN (1 * MIB)

/* With one memtable full and one being flushed, all is well. */
#define MEMTABLES_SOFT 2
#define MEMTABLES_HARD (1 + VIEW_FROZEN_MAX)

#define L0_SOFT (3 * COMPACT_L0_TABLES)
#define L0_HARD (9 * COMPACT_L0_TABLES)

/* In first levels: 1 GiB and 4 GiB, unless set otherwise. */
#define BEHIND_SOFT 16
#define BEHIND_HARD 4 /* times the soft limit */

#define STRAIN_MAX ((uint64_t)1024)
#define HALVINGS   ((uint64_t)11)

static_assert(PACE_RATE_MAX >> HALVINGS == PACE_RATE_MIN,
	      "the rate is halved so often from limit to limit");

/* How far a debt is from its soft limit to its hard one, in STRAIN_MAX. */
static uint64_t strain(const struct pace_debt *d)
{
	if (d->is <= d->soft)
		return 0;
	if (d->is >= d->hard)
		return STRAIN_MAX;
	return u64_max(1, (d->is - d->soft) * STRAIN_MAX / (d->hard - d->soft));
}

uint64_t pace_delay_ns(const struct pace_debt *debts, size_t count,
		       size_t bytes)
{
	uint64_t worst = 0, halvings, rest, ns;
	size_t i;

	for (i = 0; i < count; i++)
		worst = u64_max(worst, strain(&debts[i]));
	if (worst == 0)
		return 0;
	/* A line from each power of two to the next. */
	halvings = worst * HALVINGS / STRAIN_MAX;
	rest = worst * HALVINGS % STRAIN_MAX;
	ns = (uint64_t)bytes * NS_PER_S / PACE_RATE_MAX;
	return (ns << halvings) * (STRAIN_MAX + rest) / STRAIN_MAX;
}

void pace_init(struct pace *p, size_t memtable_bytes, size_t level_base_bytes)
{
	*p = (struct pace){
		.behind_soft = BEHIND_SOFT * (uint64_t)level_base_bytes,
	};
	pace_resize(p, memtable_bytes);
}

void pace_resize(struct pace *p, size_t memtable_bytes)
{
	p->memtable_bytes = size_max(memtable_bytes, MEMTABLE_BYTES_MIN);
}

static uint64_t get(const _Atomic uint64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

/* What is in no table yet; the parts may be of different moments. */
static uint64_t memory_debt(const struct pace *p)
{
	uint64_t all = get(&p->active_bytes) + get(&p->frozen_bytes);

	return all - u64_min(all, get(&p->flushed_bytes));
}

uint64_t pace_delay(const struct pace *p, size_t bytes)
{
	uint64_t memtable_bytes = get(&p->memtable_bytes);
	const struct pace_debt debts[] = {
		{ memory_debt(p), memtable_bytes * MEMTABLES_SOFT,
		  memtable_bytes * MEMTABLES_HARD },
		{ get(&p->l0_tables), L0_SOFT, L0_HARD },
		{ get(&p->behind_bytes), p->behind_soft,
		  p->behind_soft * BEHIND_HARD },
	};

	return pace_delay_ns(debts, ARRAY_SIZE(debts), bytes);
}

uint64_t pace_wait(struct pace *p, uint64_t now_ns, uint64_t delay_ns,
		   uint64_t *until_ns)
{
	uint64_t clear_ns = p->clear_ns, end_ns;

	now_ns = u64_max(now_ns, p->passed_ns);
	do {
		end_ns = u64_max(clear_ns, now_ns) + delay_ns;
		end_ns = u64_min(end_ns, now_ns + PACE_WAIT_MAX_NS);
	} while (
		!atomic_compare_exchange_weak(&p->clear_ns, &clear_ns, end_ns));
	if (end_ns - now_ns < PACE_WAIT_MIN_NS)
		return 0;
	*until_ns = end_ns;
	return end_ns - now_ns;
}

void pace_waited(struct pace *p, uint64_t until_ns)
{
	uint64_t passed_ns = p->passed_ns;

	while (passed_ns < until_ns &&
	       !atomic_compare_exchange_weak(&p->passed_ns, &passed_ns,
					     until_ns))
		;
}
