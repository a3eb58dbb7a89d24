/*
 * POSIX ACLs, as xattrs hold them: what a default ACL hands on, and how an
 * access ACL and the mode follow each other.
 *
 * The kernel reads ACLs through xattrs, caches them and enforces them; what is
 * left to fs is what Linux leaves to every filesystem (posix_acl(5), and POSIX
 * 1003.1e draft 17, 23.1.4 and 23.3).
 *
 * The value, little-endian, as the kernel's posix_acl_xattr.h has it:
 *
 *      offset  size  what
 *           0     4  version  2
 *           4   8*n  entries: 2 tag, 2 permissions, 4 id
 *
 * Entries are sorted by tag.  A valid ACL has exactly one entry each for the
 * owner, the owning group and others, and a mask if any user or group is named.
 *
 * Thread safety: pure functions.
 */
#ifndef FS_ACL_H
#define FS_ACL_H

#include <sys/types.h>

#include "engine/base/slice.h"

#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

/* Returns 0, or -EINVAL if @acl is not valid. */
int acl_check(struct slice acl) MUST_USE;

/*
 * The mode that a valid access ACL gives a file that has @mode.  *@plain tells
 * whether that says it all, so that no ACL needs to be kept.
 */
mode_t acl_mode(struct slice acl, mode_t mode, bool *plain);

/* Makes a valid access ACL agree with a mode that was set by chmod(2). */
void acl_chmod(uint8_t *acl, size_t size, mode_t mode);

/*
 * Turns a valid default ACL of a directory into the access ACL of what is
 * created there with @mode, and returns the mode that this gets: each is
 * limited by the other.  *@plain as in acl_mode().
 */
mode_t acl_inherit(uint8_t *acl, size_t size, mode_t mode, bool *plain);

#endif
