#include "src/opcode.h"

#include <string.h>

#include "src/own_format.h"

#define OTHER(op)        [FUSE_##op] = { #op, OPCODE_OTHER, 0 }
#define RANGE(op)        [FUSE_##op] = { #op, OPCODE_RANGE, 0 }
#define NAME(op, fixed)  [FUSE_##op] = { #op, OPCODE_NAME, fixed }
#define NAMES(op, fixed) [FUSE_##op] = { #op, OPCODE_NAMES, fixed }

static const struct opcode opcodes[OPCODES] = {
	NAME(LOOKUP, 0),
	OTHER(FORGET),
	OTHER(GETATTR),
	OTHER(SETATTR),
	OTHER(READLINK),
	NAMES(SYMLINK, 0),
	NAME(MKNOD, sizeof(struct fuse_mknod_in)),
	NAME(MKDIR, sizeof(struct fuse_mkdir_in)),
	NAME(UNLINK, 0),
	NAME(RMDIR, 0),
	NAMES(RENAME, sizeof(struct fuse_rename_in)),
	NAME(LINK, sizeof(struct fuse_link_in)),
	OTHER(OPEN),
	RANGE(READ),
	RANGE(WRITE),
	OTHER(STATFS),
	OTHER(RELEASE),
	OTHER(FSYNC),
	OTHER(SETXATTR),
	NAME(GETXATTR, sizeof(struct fuse_getxattr_in)),
	OTHER(LISTXATTR),
	NAME(REMOVEXATTR, 0),
	OTHER(FLUSH),
	OTHER(INIT),
	OTHER(OPENDIR),
	RANGE(READDIR),
	OTHER(RELEASEDIR),
	OTHER(FSYNCDIR),
	OTHER(ACCESS),
	NAME(CREATE, sizeof(struct fuse_create_in)),
	OTHER(INTERRUPT),
	OTHER(DESTROY),
	OTHER(IOCTL),
	OTHER(BATCH_FORGET),
	OTHER(FALLOCATE),
	RANGE(READDIRPLUS),
	NAMES(RENAME2, sizeof(struct fuse_rename2_in)),
	OTHER(LSEEK),
	OTHER(COPY_FILE_RANGE),
	OTHER(SYNCFS),
	OTHER(TMPFILE),
	[OWN_STATX] = { "STATX", OPCODE_OTHER, 0 },
};

const struct opcode *opcode_find(uint32_t opcode)
{
	if (opcode >= OPCODES || !opcodes[opcode].name)
		return NULL;
	return &opcodes[opcode];
}

const char *opcode_name(const struct fuse_in_header *in)
{
	const struct opcode *op = opcode_find(in->opcode);

	if (!op || (op->shape != OPCODE_NAME && op->shape != OPCODE_NAMES) ||
	    in->len <= sizeof(*in) + op->fixed)
		return NULL;
	return (const char *)(in + 1) + op->fixed;
}

const char *opcode_second_name(const struct fuse_in_header *in)
{
	const struct opcode *op = opcode_find(in->opcode);
	const char *end = (const char *)in + in->len;
	const char *name = opcode_name(in);

	if (!name || op->shape != OPCODE_NAMES)
		return NULL;
	name += strnlen(name, (size_t)(end - name));
	return name + 1 < end ? name + 1 : NULL;
}
