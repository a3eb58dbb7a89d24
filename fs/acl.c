#include "fs/acl.h"

#include <errno.h>

#include "engine/base/coding.h"

#define HEADER_SIZE 4
#define ENTRY_SIZE  8
#define VERSION     2
#define PERM_MASK   7

enum tag {
	TAG_USER_OBJ = 0x01,
	TAG_USER = 0x02,
	TAG_GROUP_OBJ = 0x04,
	TAG_GROUP = 0x08,
	TAG_MASK = 0x10,
	TAG_OTHER = 0x20,
};

static size_t count_of(size_t size)
{
	return (size - HEADER_SIZE) / ENTRY_SIZE;
}

static const uint8_t *entry_at(struct slice acl, size_t i)
{
	return (const uint8_t *)acl.data + HEADER_SIZE + i * ENTRY_SIZE;
}

int acl_check(struct slice acl)
{
	unsigned seen = 0, last = 0;
	size_t i;

	if (acl.size < HEADER_SIZE ||
	    (acl.size - HEADER_SIZE) % ENTRY_SIZE != 0 ||
	    get_le32(acl.data) != VERSION)
		return -EINVAL;
	for (i = 0; i < count_of(acl.size); i++) {
		unsigned tag = get_le16(entry_at(acl, i));
		bool named = tag == TAG_USER || tag == TAG_GROUP;

		if (tag == 0 || (tag & (tag - 1)) != 0 || tag > TAG_OTHER ||
		    tag < last || (tag == last && !named) ||
		    get_le16(entry_at(acl, i) + 2) > PERM_MASK)
			return -EINVAL;
		seen |= tag;
		last = tag;
	}
	if (!(seen & TAG_USER_OBJ) || !(seen & TAG_GROUP_OBJ) ||
	    !(seen & TAG_OTHER))
		return -EINVAL;
	if (seen & (TAG_USER | TAG_GROUP) && !(seen & TAG_MASK))
		return -EINVAL;
	return 0;
}

/* The entries that the three groups of a mode's bits stand for. */
struct classes {
	size_t user, group,
		other; /* indices; group: the mask if there is one */
	bool plain;    /* there are no others */
};

static struct classes classes_of(struct slice acl)
{
	struct classes c = { .plain = true };
	bool mask = false;
	size_t i;

	for (i = 0; i < count_of(acl.size); i++) {
		switch (get_le16(entry_at(acl, i))) {
		case TAG_USER_OBJ:
			c.user = i;
			break;
		case TAG_GROUP_OBJ:
			if (!mask)
				c.group = i;
			break;
		case TAG_MASK:
			c.group = i;
			mask = true;
			c.plain = false;
			break;
		case TAG_OTHER:
			c.other = i;
			break;
		default:
			c.plain = false;
		}
	}
	return c;
}

static mode_t mode_of(struct slice acl, const struct classes *c, mode_t mode)
{
	return (mode & ~(mode_t)0777) |
	       (mode_t)get_le16(entry_at(acl, c->user) + 2) << 6 |
	       (mode_t)get_le16(entry_at(acl, c->group) + 2) << 3 |
	       (mode_t)get_le16(entry_at(acl, c->other) + 2);
}

mode_t acl_mode(struct slice acl, mode_t mode, bool *plain)
{
	struct classes c = classes_of(acl);

	*plain = c.plain;
	return mode_of(acl, &c, mode);
}

static void set_perm(uint8_t *acl, size_t i, unsigned perm)
{
	put_le16(acl + HEADER_SIZE + i * ENTRY_SIZE + 2, (uint16_t)perm);
}

void acl_chmod(uint8_t *acl, size_t size, mode_t mode)
{
	struct classes c = classes_of(slice_of(acl, size));

	set_perm(acl, c.user, mode >> 6 & PERM_MASK);
	set_perm(acl, c.group, mode >> 3 & PERM_MASK);
	set_perm(acl, c.other, mode & PERM_MASK);
}

mode_t acl_inherit(uint8_t *acl, size_t size, mode_t mode, bool *plain)
{
	struct slice all = slice_of(acl, size);
	struct classes c = classes_of(all);

	mode &= mode_of(all, &c, 0) | ~(mode_t)0777;
	acl_chmod(acl, size, mode);
	*plain = c.plain;
	return mode;
}
