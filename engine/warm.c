#include "engine/warm.h"

#include "engine/sst_iter.h"

/* A page is larger than its block, though hardly ever that much. */
#define PAGES_ROOM 2 /* blocks */

void warm_init(struct kv *kv)
{
	kv->warmed = kv->next_number - 1;
	kv->newest_table = kv->warmed;
}

bool warm_is_due(const struct kv *kv)
{
	return kv->warmed < kv->newest_table;
}

/* The oldest table with a number from @from to @to, with a reference. */
static struct sst *find_table(struct kv *kv, uint64_t from, uint64_t to)
{
	struct view *view = store_view(kv);
	struct sst *found = NULL;
	size_t i, j;

	for (i = 0; i < VERSION_LEVELS; i++) {
		const struct level *l = view->version->levels[i];

		for (j = 0; j < l->count; j++) {
			struct sst *sst = l->ssts[j];

			if (sst->number >= from && sst->number <= to &&
			    (!found || sst->number < found->number))
				found = sst;
		}
	}
	if (found)
		sst_ref(found);
	view_unref(view);
	return found;
}

/* Whether there is something better to do than to go on with @sst. */
static bool is_over(struct kv *kv, const struct sst *sst)
{
	bool over;

	mutex_lock(&kv->state);
	over = kv->stopping || kv->poison || view_oldest(store_view_locked(kv));
	mutex_unlock(&kv->state);
	return over || sst->dropped ||
	       !cache_has_room(kv->blocks,
			       PAGES_ROOM * (size_t)kv->options.block_bytes);
}

/* What goes wrong here will be told to who asks for the page. */
static void read_pages(struct kv *kv, struct sst *sst)
{
	struct sst_iter it;
	int rc;

	sst_iter_init(&it, kv->blocks);
	rc = sst_iter_open(&it, sst);
	if (rc == 0 && !is_over(kv, sst))
		rc = sst_iter_first(&it);
	while (rc == 1 && !is_over(kv, sst))
		rc = sst_iter_turn_page(&it, true);
	sst_iter_fini(&it);
}

void warm_step(struct kv *kv)
{
	uint64_t newest = kv->newest_table;
	struct sst *sst = find_table(kv, kv->warmed + 1, newest);

	kv->warmed = sst ? sst->number : newest;
	if (sst)
		read_pages(kv, sst);
	sst_unref(sst);
}
