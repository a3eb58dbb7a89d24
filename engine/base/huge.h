/*
 * huge: memory straight from the system, aligned to its size, on huge pages
 * where the machine has them.
 */
#ifndef ENGINE_BASE_HUGE_H
#define ENGINE_BASE_HUGE_H

#include "engine/base/base.h"

#define HUGE_SIZE ((size_t)2 << 20) /* bytes of a huge page */

/*
 * @size bytes of zeros, aligned to @size, which is a power of two and at least
 * a page; from HUGE_SIZE on the system is asked for huge pages.  NULL if out of
 * memory.
 */
void *huge_map(size_t size);
void huge_unmap(void *p, size_t size);

#endif
