/* In place of engine/base/hash.c, as the linker is told: fuzz.h says why. */
#include "engine/base/hash.h"

uint64_t __wrap_checksum(uint64_t seed, const void *data, size_t size);
uint64_t __wrap_checksum2(uint64_t seed, struct slice a, struct slice b);

uint64_t __wrap_checksum(uint64_t seed UNUSED, const void *data UNUSED,
			 size_t size UNUSED)
{
	return 0;
}

uint64_t __wrap_checksum2(uint64_t seed UNUSED, struct slice a UNUSED,
			  struct slice b UNUSED)
{
	return 0;
}
