/*
 * admin: what those who look after an open filesystem ask of it.  The second
 * header of fs/ that src/ includes.
 *
 * A request is a verb and an argument, both text, and its answer is text: lines
 * of words, made for a program that shows them to people or to other programs.
 * So the daemon (over its control socket) and loamctl (on a store that it
 * opened by itself) do the same by calling the same.
 *
 * What nobody refers to any more (purge.h) is removed before.  What the verbs
 * do, and the lines of their answers:
 *
 *      stat         a line for each measurement: GROUP NAME NUMBER.  The end
 *                   of the name says the unit: _bytes, _ns, or none
 *      sync         all that was answered survives a power cut; no lines
 *      flush        what is in memory goes to tables; no lines
 *      compact      all tables are merged into one level; no lines
 *      gc           garbage in the value log is collected; no lines
 *      check-point  an online backup to the directory that the argument names,
 *                   by an absolute path; it must not exist, or be empty; no
 *                   lines
 *      scrub        all that is stored is read and verified; lines, as it goes:
 *                        progress BYTES OF-BYTES
 *                        damaged INODE PATH WORDS
 *                   where the inode is 0 and the path `-` for what belongs
 *                   to no file, and in a path a blank, a backslash and what is
 *                   no character are written as a backslash and three octal
 *                   digits; -EUCLEAN after any damage
 *
 *      tune         settings, until the filesystem is closed: the argument is
 *                   empty, or words NAME=VALUE with blanks between them, of
 *                   which all are taken or, if one is wrong, none.  Lines:
 *                        NAME VALUE RANGE-IN-WORDS
 *      info         how the file is stored that the argument names: an inode's
 *                   number, or a path that begins with a slash.  Lines of a
 *                   name and a value, then a line for each chunk:
 *                        chunk OFFSET SIZE tree
 *                        chunk OFFSET SIZE blob STORED FILE AT ORDINAL own
 *                   where the last word is `shared` if another chunk has the
 *                   same value, FILE is 0 if there is no such file any more,
 *                   and AT is an offset in it
 *      du           what the tree takes whose root the argument names: lines of
 *                   a name and a number.  Hard links and shared values count
 *                   once; tree_bytes is an estimate, by what tables take on the
 *                   average.  Both say meanwhile, how far they have come:
 *                        progress DONE OF
 *                   where OF is 0 if it is not known
 *
 * Errors: 0 or a negative errno, words in fs_error_text(); -EOPNOTSUPP for an
 * unknown verb, -EINVAL for an argument that is missing or too many.
 *
 * Thread safety: any thread, at any time between fs_open() and fs_close().
 */
#ifndef FS_ADMIN_H
#define FS_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fs;

/* Where an answer goes. */
struct fs_sink {
	/* Takes text, any number of whole lines, at a time. */
	int (*text)(void *arg, const char *text, size_t size);
	void *arg;
};

/* An error of the sink's ends it. */
int fs_admin(struct fs *fs, const char *verb, const char *argument,
	     const struct fs_sink *sink) __attribute__((warn_unused_result));

#endif
