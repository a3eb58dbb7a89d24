#include "tools/fsbench/content.h"

#include <string.h>

#define UNIT_BYTES  64
#define NOISE_BYTES 32

uint64_t content_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void fill_unit(uint8_t *unit, uint64_t *state)
{
	uint64_t noise;
	size_t i;

	for (i = 0; i < NOISE_BYTES; i += sizeof(noise)) {
		noise = content_random(state);
		memcpy(unit + i, &noise, sizeof(noise));
	}
	memset(unit + NOISE_BYTES, 'f', UNIT_BYTES - NOISE_BYTES);
}

void content_fill(void *buf, size_t size, uint64_t number)
{
	uint8_t unit[UNIT_BYTES];
	uint64_t state = number;
	uint8_t *at = buf;

	/* Numbers in a row would share all but one step of their sequences. */
	state = content_random(&state);
	for (; size >= UNIT_BYTES; size -= UNIT_BYTES, at += UNIT_BYTES)
		fill_unit(at, &state);
	if (size > 0) {
		fill_unit(unit, &state);
		memcpy(at, unit, size);
	}
}
