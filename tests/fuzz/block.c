#include "engine/block.h"
#include "engine/page.h"
#include "tests/fuzz/fuzz.h"

/* What was let pass is found again, in order. */
void fuzz_block(struct slice in)
{
	struct entry e, found, last = { 0 };
	struct page *page;
	uint32_t i;

	if (block_expand(in, NULL, &page) < 0)
		return;
	page_check(page);
	for (i = 0; i < page->count; i++) {
		page_get(page, i, &e);
		fuzz_check(i == 0 || entry_cmp(&last, &e) < 0);
		fuzz_check(page_find(page, e.key, entry_seq(&e), &found));
		fuzz_check(slice_eq(found.key, e.key));
		last = e;
	}
	free(page);
}
