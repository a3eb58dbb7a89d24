#include "engine/base/huge.h"

#include <sys/mman.h>

/* Twice as much is mapped, and what lies before and behind goes again. */
void *huge_map(size_t size)
{
	uint8_t *p = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (p == MAP_FAILED)
		return NULL;
	before = (size - (uintptr_t)p % size) % size;
	if (before > 0)
		munmap(p, before);
	munmap(p + before + size, size - before);
	/* Without huge pages it is only slower. */
	if (size >= HUGE_SIZE)
		(void)madvise(p + before, size, MADV_HUGEPAGE);
	return p + before;
}

void huge_unmap(void *p, size_t size)
{
	munmap(p, size);
}
