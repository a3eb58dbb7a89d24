/*
 * Trees to work with, made on the spot, the same each time and everywhere.
 *
 * source_tree() makes a tree like one of program sources, below the current
 * directory: 20 files to a directory, 20 directories to one above, text of 64
 * bytes to 48 KiB, few long and many short, about 8 KiB in the mean.  Every
 * 50th entry is a symbolic link to the file before it.  The word
 * SOURCE_RARE_WORD is in every 100th file, once.
 *
 * source_project() makes a program of @count C files with a header each, and a
 * Makefile that compiles them apart and links them; what is built, "program",
 * prints @count.
 *
 * 0, or a negative errno that was told on stderr.
 */
#ifndef TOOLS_FSBENCH_SOURCE_H
#define TOOLS_FSBENCH_SOURCE_H

#include <stdint.h>

#define SOURCE_RARE_WORD "quicksilver"

int source_tree(uint64_t count);
int source_project(uint64_t count);

#endif
