/*
 * usage: set_format FILE MAJOR
 *
 * Makes a file of a store one of another format, as a later version of the
 * program would write it: the header verifies.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/coding.h"
#include "engine/base/hash.h"
#include "engine/file_format.h"

int main(int argc, char **argv)
{
	uint8_t header[FILE_HEADER_SIZE];
	int fd;

	if (argc != 3)
		return EXIT_FAILURE;
	fd = open(argv[1], O_RDWR);
	if (fd < 0 || pread(fd, header, sizeof(header), 0) != sizeof(header)) {
		perror(argv[1]);
		return EXIT_FAILURE;
	}
	put_le16(header + 8, (uint16_t)atoi(argv[2]));
	put_le64(header + 56, checksum(0, header, 56));
	if (pwrite(fd, header, sizeof(header), 0) != sizeof(header) ||
	    close(fd) < 0) {
		perror(argv[1]);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
