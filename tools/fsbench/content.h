/*
 * What the files of a benchmark hold, so that it can be checked: the contents
 * follow from the file's number and size alone.
 *
 * Half of each 64 bytes is noise and half is the same everywhere, so a
 * filesystem that compresses finds about what it finds in everyday files.  The
 * noise is splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
 * Generators, 2014): a KiB takes 0.1 us, which is little beside a system call.
 */
#ifndef TOOLS_FSBENCH_CONTENT_H
#define TOOLS_FSBENCH_CONTENT_H

#include <stddef.h>
#include <stdint.h>

/* The next number of the sequence that @state began as. */
uint64_t content_random(uint64_t *state);

/* Fills @buf with what the file @number holds in its first @size bytes. */
void content_fill(void *buf, size_t size, uint64_t number);

#endif
