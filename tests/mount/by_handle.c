/*
 * File handles, which an NFS server keeps for its clients.
 *
 *      by_handle make DIRECTORY PATH   prints the handle of PATH
 *      by_handle open DIRECTORY HANDLE  prints what that stands for
 *
 * DIRECTORY is anything on the same mount.  `open` prints the type and, of a
 * regular file, its contents, or ends with the errno as its status.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct handle {
	struct file_handle head;
	unsigned char bytes[MAX_HANDLE_SZ]; /* head.f_handle */
};

static int make(const char *path)
{
	struct handle h = { .head.handle_bytes = MAX_HANDLE_SZ };
	int mount;

	if (name_to_handle_at(AT_FDCWD, path, &h.head, &mount, 0) < 0)
		return errno;
	printf("%08x", (unsigned)h.head.handle_type);
	for (unsigned i = 0; i < h.head.handle_bytes; i++)
		printf("%02x", h.bytes[i]);
	putchar('\n');
	return 0;
}

static int show(int fd)
{
	struct stat st;
	char buf[256];
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode)) {
		printf("type %o\n", st.st_mode & S_IFMT);
		return 0;
	}
	n = read(fd, buf, sizeof(buf));
	if (n < 0)
		return errno;
	return fwrite(buf, 1, (size_t)n, stdout) == (size_t)n ? 0 : EIO;
}

static int open_handle(const char *directory, const char *hex)
{
	struct handle h = { 0 };
	unsigned type, byte;
	int dir, fd;

	if (sscanf(hex, "%8x", &type) != 1)
		return EINVAL;
	h.head.handle_type = (int)type;
	for (hex += 8; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		h.bytes[h.head.handle_bytes++] = (unsigned char)byte;
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno;
	fd = open_by_handle_at(dir, &h.head, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? errno : show(fd);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 255;
	if (strcmp(argv[1], "make") == 0)
		return make(argv[3]);
	return open_handle(argv[2], argv[3]);
}
