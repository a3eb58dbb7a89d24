/*
 * A window: a piece of a file that is mapped, to be written over without a
 * system call.  For env_posix.c only.
 *
 * A small write to a log costs a microsecond, nearly all of it the kernel's way
 * to a page that it has in its hands already; a copy into a mapping of that
 * page costs a tenth, and survives the death of the process just as well.  But
 * a mapping answers with a signal where write() returns an error, so it is used
 * only where there is nothing left to fail:
 *
 *   - Over bytes that were just written with write(), which has found the room
 *     and said so if there was none; on file systems known to overwrite in
 *     place (ext4, XFS, tmpfs), since others look for room each time.
 *   - Only if the pages can be locked in memory, so that none is dropped and
 * has to be read from a disk that may fail.
 *
 * Where that cannot be had there is no window, and env_posix.c writes.  What
 * remains is a file system that is shut down under us, which ends the process
 * as a kill would; all that was answered is then as safe as after one.
 *
 * fdatasync() makes what was copied durable as it does what was written.
 *
 * Thread safety: one thread at a time for each window.
 */
#ifndef ENGINE_BASE_WINDOW_H
#define ENGINE_BASE_WINDOW_H

#include "engine/base/slice.h"

#define WINDOW_BYTES ((size_t)256 << 10) /* mapped at a time */

/* All zero is one that shows nothing. */
struct window {
	uint8_t *data;   /* mapped, or NULL */
	uint64_t offset; /* in the file, a multiple of the page size */
	size_t size;     /* bytes */
	bool refused;    /* it was not to be had, and is not asked for again */
};

/* Whether files in the directory @dirfd may have windows. */
bool window_allowed(int dirfd);

/*
 * Moves the window, if need be, so that it shows the @size bytes at @offset.
 * Returns false if that cannot be; then it shows nothing.
 */
bool window_show(struct window *w, int fd, uint64_t offset,
		 size_t size) MUST_USE;

/* Copies @parts to @offset; the window shows that place. */
void window_copy(struct window *w, const struct slice *parts, size_t count,
		 uint64_t offset);

void window_close(struct window *w);

#endif
