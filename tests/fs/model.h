/*
 * A filesystem as simple as can be, to compare with: nodes and names in
 * arrays, searched from end to end.  Each operation does to the model what it
 * should do to a filesystem, and returns what that should return.
 *
 * Nodes are named by their place in the array; node 0 is the root.
 */
#ifndef TESTS_FS_MODEL_H
#define TESTS_FS_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define MODEL_NODES     200
#define MODEL_NAMES     400
#define MODEL_FILE_MAX  150000 /* bytes: some chunks, the last one in part */
#define MODEL_NAME_SIZE 4
#define MODEL_XATTRS    3 /* user.0, user.1, ... */

struct model_node {
	bool used;
	uint64_t ino; /* of the same thing in the filesystem; 0: unknown */
	mode_t mode;
	unsigned links; /* names that lead to it; the root has one */
	int parent;     /* of a directory */
	size_t size;    /* of a regular file */
	uint8_t *bytes; /* MODEL_FILE_MAX of them, zero behind size */
	unsigned flags; /* FS_FLAG_* */
	size_t xattrs[MODEL_XATTRS];  /* 1 + the value's bytes; 0: no value */
	char target[MODEL_NAME_SIZE]; /* of a symlink */
};

struct model_name {
	bool used;
	int dir;
	char name[MODEL_NAME_SIZE];
	int node;
};

struct model {
	struct model_node nodes[MODEL_NODES];
	struct model_name names[MODEL_NAMES];
};

void model_init(struct model *m);
void model_fini(struct model *m);

/* A deep copy; @to is not freed before. */
void model_copy(struct model *to, const struct model *from);

/* The name, or NULL. */
struct model_name *model_find(struct model *m, int dir, const char *name);

/* A random node that is used and of that type (0: any). */
int model_pick(struct model *m, mode_t type, unsigned *seed);

/* Whether there is room for another node and name. */
bool model_has_room(const struct model *m);

unsigned model_count(const struct model *m);
unsigned model_subdirs(const struct model *m, int dir);
unsigned model_names_in(const struct model *m, int dir);

int model_create(struct model *m, int dir, const char *name, mode_t mode,
		 int *node);
int model_link(struct model *m, int node, int dir, const char *name);
int model_remove(struct model *m, int dir, const char *name, bool want_dir);
int model_rename(struct model *m, int dir, const char *name, int newdir,
		 const char *newname, unsigned flags);

/* A rename with RENAME_WHITEOUT makes a node: *@node, or -1 if it did not. */
int model_whiteout(struct model *m, int dir, const char *name, int newdir,
		   const char *newname, unsigned flags, int *node);

int model_write(struct model *m, int node, const uint8_t *bytes, size_t size,
		size_t offset);
int model_truncate(struct model *m, int node, size_t size);
int model_fallocate(struct model *m, int node, int mode, size_t offset,
		    size_t size);

/* Returns how many bytes, or an error. */
ssize_t model_copy_range(struct model *m, int from, size_t in, int to,
			 size_t out, size_t size);

/* @size: as in xattrs, 0 removes; @how: FS_XATTR_*. */
int model_set_xattr(struct model *m, int node, int number, size_t size,
		    unsigned how);
int model_set_flags(struct model *m, int node, unsigned flags);
int model_set_mode(struct model *m, int node, mode_t permissions);

#endif
