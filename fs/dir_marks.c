#include "fs/dir_marks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct mark {
	uint64_t hash;
	char *name; /* owned; NULL: not in use yet */
};

struct dir_marks {
	struct mark at[DIR_MARKS_MAX];
	unsigned oldest; /* to be replaced next */
};

static bool is_for(const struct mark *m, uint64_t hash, const char *name)
{
	return m->name && m->hash == hash && strcmp(m->name, name) == 0;
}

static int replace_oldest(struct dir_marks *marks, uint64_t hash,
			  const char *name)
{
	unsigned number = marks->oldest;
	char *copy = strdup(name);

	if (!copy)
		return -ENOMEM;
	free(marks->at[number].name);
	marks->at[number] = (struct mark){ .hash = hash, .name = copy };
	marks->oldest = (number + 1) % DIR_MARKS_MAX;
	return (int)number;
}

int dir_marks_put(struct dir_marks **marks, uint64_t hash, const char *name)
{
	int i;

	if (!*marks)
		*marks = calloc(1, sizeof(**marks));
	if (!*marks)
		return -ENOMEM;
	for (i = 0; i < DIR_MARKS_MAX; i++) {
		if (is_for(&(*marks)->at[i], hash, name))
			return i;
	}
	return replace_oldest(*marks, hash, name);
}

const char *dir_marks_get(const struct dir_marks *marks, uint64_t hash,
			  unsigned number)
{
	if (!marks || number >= DIR_MARKS_MAX || marks->at[number].hash != hash)
		return NULL;
	return marks->at[number].name;
}

void dir_marks_free(struct dir_marks *marks)
{
	int i;

	if (!marks)
		return;
	for (i = 0; i < DIR_MARKS_MAX; i++)
		free(marks->at[i].name);
	free(marks);
}
