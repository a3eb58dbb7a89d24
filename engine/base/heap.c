#include "engine/base/heap.h"

#include "engine/base/base.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#define ARENAS     1
#define MAP_FROM   ((int)(128 * KIB)) /* bytes */
#define TRIM_ABOVE ((int)(1 * MIB))   /* bytes */

void heap_tune(void)
{
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, ARENAS);
	mallopt(M_MMAP_THRESHOLD, MAP_FROM);
	mallopt(M_TRIM_THRESHOLD, TRIM_ABOVE);
#endif
}
