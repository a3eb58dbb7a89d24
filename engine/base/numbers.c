#include "engine/base/numbers.h"

#include <stdlib.h>

#define WORDS (NUMBERS_PAGE / 64)

void numbers_fini(struct numbers *set)
{
	size_t i;

	for (i = 0; i < set->cap; i++)
		free(set->pages[i].words);
	free(set->pages);
	*set = (struct numbers){ 0 };
}

/* Where page @number is in a table that is not full, or would be. */
static struct numbers_page *find(struct numbers_page *pages, size_t cap,
				 uint64_t number)
{
	size_t i = (number * 0x9e3779b97f4a7c15u >> 32) & (cap - 1);

	while (pages[i].words && pages[i].number != number)
		i = (i + 1) & (cap - 1);
	return &pages[i];
}

static int grow(struct numbers *set)
{
	size_t cap = size_max(16, set->cap * 2), i;
	struct numbers_page *pages = calloc(cap, sizeof(*pages));

	if (!pages)
		return -ENOMEM;
	for (i = 0; i < set->cap; i++)
		if (set->pages[i].words)
			*find(pages, cap, set->pages[i].number) = set->pages[i];
	free(set->pages);
	set->pages = pages;
	set->cap = cap;
	return 0;
}

int numbers_add(struct numbers *set, uint64_t n)
{
	uint64_t number = n / NUMBERS_PAGE, bit = (uint64_t)1 << n % 64;
	struct numbers_page *p;
	uint64_t *word;
	int rc;

	if (set->count + set->count / 2 >= set->cap) {
		rc = grow(set);
		if (rc < 0)
			return rc;
	}
	p = find(set->pages, set->cap, number);
	if (!p->words) {
		p->words = calloc(WORDS, sizeof(*p->words));
		if (!p->words)
			return -ENOMEM;
		p->number = number;
		set->count++;
	}
	word = &p->words[n % NUMBERS_PAGE / 64];
	if (*word & bit)
		return 0;
	*word |= bit;
	return 1;
}

bool numbers_has(const struct numbers *set, uint64_t n)
{
	const struct numbers_page *p;

	if (set->cap == 0)
		return false;
	p = find(set->pages, set->cap, n / NUMBERS_PAGE);
	return p->words && p->words[n % NUMBERS_PAGE / 64] >> n % 64 & 1;
}
