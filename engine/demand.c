#include "engine/demand.h"

void demand_set(struct demand *d, uint64_t price)
{
	if (d->price == price)
		return;
	/* Who pays meanwhile may pay for the new one: that is no matter. */
	d->price = price;
	d->paid = 0;
}

bool demand_pay(struct demand *d, uint64_t bytes)
{
	uint64_t price = d->price, before;

	if (price == 0 || bytes == 0)
		return false;
	before = atomic_fetch_add(&d->paid, bytes);
	return before < price && before + bytes >= price;
}

bool demand_is_met(const struct demand *d)
{
	return d->price > 0 && d->paid >= d->price;
}
