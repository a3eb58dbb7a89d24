/*
 * Random operations, done to the model and to a filesystem alike, and the
 * comparison of the two.
 */
#ifndef TESTS_FS_MODEL_FS_H
#define TESTS_FS_MODEL_FS_H

#include "fs/fs.h"
#include "tests/fs/model.h"

/*
 * One operation.  Returns false if the filesystem failed for a reason that the
 * model does not know (-EIO, -EROFS, -ENOSPC); then the model is as it was.
 * Any other difference fails the test.
 */
bool model_fs_step(struct model *m, struct fs *fs, unsigned *seed);

/*
 * Whether both hold the same; if not, @why (of @size bytes) says what.  Numbers
 * of inodes that @m does not know are taken from @fs, from name to name.
 */
bool model_fs_same(struct model *m, struct fs *fs, char *why, size_t size);

/*
 * The same, and there is no other inode.  Where something has failed there may
 * be: what has no name, and could not be purged yet.
 */
bool model_fs_same_whole(struct model *m, struct fs *fs, char *why,
			 size_t size);

#endif
