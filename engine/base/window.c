#include "engine/base/window.h"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

bool window_allowed(int dirfd)
{
	struct statfs st;

	return fstatfs(dirfd, &st) == 0 &&
	       (st.f_type == EXT4_SUPER_MAGIC || st.f_type == XFS_SUPER_MAGIC ||
		st.f_type == TMPFS_MAGIC);
}

static bool shows(const struct window *w, uint64_t offset, size_t size)
{
	return w->data && offset >= w->offset &&
	       offset - w->offset <= w->size &&
	       size <= w->size - (offset - w->offset);
}

void window_close(struct window *w)
{
	if (w->data)
		munmap(w->data, w->size);
	*w = (struct window){ 0 };
}

bool window_show(struct window *w, int fd, uint64_t offset, size_t size)
{
	struct window next = { 0 };
	uint64_t before; /* of its first page, before @offset */
	struct stat st;

	if (likely(shows(w, offset, size)))
		return true;
	if (w->refused)
		return false;
	window_close(w);
	before = offset % (uint64_t)sysconf(_SC_PAGESIZE);
	next.offset = offset - before;
	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size < offset + size)
		return false;
	/* Nothing behind the end of the file, where there are no pages. */
	next.size = (size_t)u64_min((uint64_t)st.st_size - next.offset,
				    WINDOW_BYTES);
	if (before + size > next.size)
		return false;
	next.data = mmap(NULL, next.size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd, (off_t)next.offset);
	if (next.data == MAP_FAILED) {
		w->refused = true;
		return false;
	}
	if (mlock(next.data, next.size) < 0) {
		munmap(next.data, next.size);
		w->refused = true;
		return false;
	}
	*w = next;
	return true;
}

void window_copy(struct window *w, const struct slice *parts, size_t count,
		 uint64_t offset)
{
	uint8_t *at = w->data + (offset - w->offset);
	size_t i;

	for (i = 0; i < count; i++) {
		assert(shows(w, offset, parts[i].size));
		if (parts[i].size)
			memcpy(at, parts[i].data, parts[i].size);
		at += parts[i].size;
		offset += parts[i].size;
	}
}
