/*
 * Marks: where walks over a directory are, among names of equal hash.
 *
 * An offset has room for the hash of a name and for 8 bits more.  Those cannot
 * tell more than 256 names apart, and a number that counts names would come to
 * mean another one when a name is made or removed.  So they are the number of
 * a mark, which remembers the name.
 *
 * A directory has 255 marks at most, in a ring: the newest takes the place of
 * the oldest.  Whoever finds that a mark is gone, or is for another hash, goes
 * back to the first name of that hash: names are then returned again, not left
 * out.  After 255 younger marks of the same hash a mark has come to mean
 * another name: a walk over so many that stops for long while others go on may
 * leave names out.  That takes names that were chosen, by somebody who knows
 * the seed.
 *
 * Marks are in memory only, as long as the struct inode.
 *
 * Thread safety: under the lock of the directory.
 */
#ifndef FS_DIR_MARKS_H
#define FS_DIR_MARKS_H

#include "engine/base/base.h"

#define DIR_MARKS_MAX 255

struct dir_marks;

/*
 * Returns the number of the mark for @name, 0 to 254, which is made, and
 * *@marks with it, if there is none; or -ENOMEM.
 */
int dir_marks_put(struct dir_marks **marks, uint64_t hash,
		  const char *name) MUST_USE;

/*
 * The name that mark @number has, valid as long as the lock is held; NULL if
 * there is none of this @hash.  Accepts NULL.
 */
const char *dir_marks_get(const struct dir_marks *marks, uint64_t hash,
			  unsigned number);

void dir_marks_free(struct dir_marks *marks); /* accepts NULL */

#endif
