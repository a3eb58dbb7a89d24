#include "src/scratch.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

struct memory {
	size_t size; /* bytes */
	max_align_t bytes[];
};

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int key_err;

static void make_key(void)
{
	key_err = pthread_key_create(&key, free);
}

void *scratch(size_t size)
{
	struct memory *m;

	pthread_once(&once, make_key);
	if (key_err)
		return NULL;
	m = pthread_getspecific(key);
	if (m && m->size >= size)
		return m->bytes;
	if (size > SIZE_MAX - sizeof(*m))
		return NULL;

	free(m);
	m = malloc(sizeof(*m) + size);
	if (m)
		m->size = size;
	if (pthread_setspecific(key, m) != 0) {
		free(m);
		pthread_setspecific(key, NULL);
		return NULL;
	}
	return m ? m->bytes : NULL;
}
