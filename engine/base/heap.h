/*
 * heap: how a program that opens a store should have its C library's heap.
 */
#ifndef ENGINE_BASE_HEAP_H
#define ENGINE_BASE_HEAP_H

/*
 * Makes the heap give memory back, so that what caches and memtables promise to
 * hold at most is what the process takes: few arenas, since a page that one
 * thread frees into its arena is of no use to another, and large pieces mapped
 * by themselves.  For main(), before there are threads; does nothing where the
 * C library is not glibc.
 */
void heap_tune(void);

#endif
