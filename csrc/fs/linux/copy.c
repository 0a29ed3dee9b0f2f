/* fs/linux/copy.c - a copy's steps on Linux; see fs/posix/copier.h.
 *
 * Contents: reflink, else copy_file_range. Attributes: user.*, ACLs, SELinux's label. A copy is
 * made as a file without a name where the file system knows such.
 */
#include "fs/posix/copier.h"

#include <string.h>

/* ---- contents ---- */

int mhq_make_target(mhq_copier *c, int dir, const char *name)
{
    int error = mhq_open(c->fs, dir, name, O_RDWR | O_CREAT | O_EXCL, 0600, &c->to);
    c->cloned = 0;
    return error ? mhq_failed(c, 1, error) : 0;
}

int mhq_clone_contents(mhq_copier *c)
{
    c->cloned = c->fs->sys->clone(c->to, c->from) == 0;
    return c->cloned;
}

int mhq_copy_range(mhq_copier *c, off_t *at, off_t end)
{
    while (!c->fallback && *at < end) {
        size_t want = mhq_call_bytes(c->fs);
        if (end - *at < (off_t)want)
            want = (size_t)(end - *at);
        off_t in = *at, out = *at;
        ssize_t got;
        MHQ_RETRY(got, c->fs->sys->copy_range(c->from, &in, c->to, &out, want));
        if (got > 0) {
            *at += got;
            c->fs->bytes_read += (uint64_t)got;
            c->fs->bytes_written += (uint64_t)got;
            int error = mhq_copied(c, *at, (size_t)got);
            if (error)
                return error;
        } else {
            c->fallback = 1;
        }
    }
    return 0;
}

/* ---- attributes ---- */

#define ATTRIBUTES ((size_t)65536) /* the kernel's limit for the list, and for a value */
_Static_assert(2 * ATTRIBUTES <= MHQ_SCRATCH, "both fit into the scratch");

#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

/* Neither capabilities nor trusted.*: they would give powers to the copy. */
static int wanted(const char *name)
{
    return strncmp(name, "user.", 5) == 0 || strcmp(name, ACL_ACCESS) == 0 ||
           strcmp(name, ACL_DEFAULT) == 0 || strcmp(name, "security.selinux") == 0;
}

/* The group's permission bits are the mask where there is an ACL. Where it cannot be kept, they
 * would let the group do what its own entry does not: this is what is too much. The form is the
 * kernel's: a version, then for each entry u16 tag, u16 permissions, u32 id, little-endian. */
static mode_t group_too_much(const char *acl, size_t n)
{
    const unsigned char *bytes = (const unsigned char *)acl;
    for (size_t at = 4; at + 8 <= n; at += 8)
        if (bytes[at] == 4 && bytes[at + 1] == 0) /* ACL_GROUP_OBJ */
            return (mode_t)(~bytes[at + 2] & 7) << 3;
    return 0;
}

static int copy_attribute(mhq_copier *c, const char *name, char *value)
{
    const mhq_calls *sys = c->fs->sys;
    ssize_t n;
    int result;
    MHQ_RETRY(n, sys->fgetxattr(c->from, name, value, ATTRIBUTES));
    if (n < 0)
        return mhq_attribute_forgiven(errno) ? 0 : mhq_failed(c, 0, errno);
    MHQ_RETRY(result, sys->fsetxattr(c->to, name, value, (size_t)n, 0));
    if (result == 0)
        return 0;
    if (!mhq_attribute_forgiven(errno))
        return mhq_failed(c, 1, errno);
    if (strcmp(name, ACL_ACCESS) == 0)
        c->without = group_too_much(value, (size_t)n);
    return 0;
}

int mhq_copy_attributes(mhq_copier *c)
{
    char *list = c->fs->scratch, *value = list + ATTRIBUTES;
    ssize_t n;
    MHQ_RETRY(n, c->fs->sys->flistxattr(c->from, list, ATTRIBUTES));
    if (n < 0)
        return mhq_attribute_forgiven(errno) ? 0 : mhq_failed(c, 0, errno);
    for (const char *name = list, *end = list + n; name < end;) {
        const char *stop = memchr(name, 0, (size_t)(end - name));
        if (!stop)
            break;
        int error = wanted(name) ? copy_attribute(c, name, value) : 0;
        if (error)
            return error;
        name = stop + 1;
    }
    return 0;
}

/* Removes an attribute of the target's that the directory around it gave it. */
static int drop(mhq_copier *c, const char *name)
{
    ssize_t n;
    int result;
    MHQ_RETRY(n, c->fs->sys->fgetxattr(c->to, name, NULL, 0));
    if (n < 0)
        return mhq_attribute_forgiven(errno) ? 0 : mhq_failed(c, 1, errno);
    MHQ_RETRY(result, c->fs->sys->fremovexattr(c->to, name));
    return result < 0 && errno != ENODATA ? mhq_failed(c, 1, errno) : 0;
}

int mhq_drop_inherited(mhq_copier *c)
{
    return drop(c, ACL_ACCESS);
}

int mhq_inherit_nothing(mhq_fs *fs, int to)
{
    mhq_copier c = {.fs = fs, .to = to};
    return drop(&c, ACL_DEFAULT);
}

/* ---- a file without a name ---- */

/* Links a file without a name in: by way of /proc, which needs no privilege, or else directly. */
static int link_tmpfile(mhq_copier *c, const mhq_place *place)
{
    char path[48] = "/proc/self/fd/";
    int result;
    mhq_format_number(path + strlen(path), (unsigned)c->to);
    MHQ_RETRY(result, c->fs->sys->linkat(AT_FDCWD, path, place->dir, place->name,
                                         AT_SYMLINK_FOLLOW));
    if (result < 0 && errno == ENOENT)
        MHQ_RETRY(result,
                  c->fs->sys->linkat(c->to, "", place->dir, place->name, AT_EMPTY_PATH));
    return result < 0 ? mhq_failed(c, 1, errno) : 0;
}

int mhq_copy_tmpfile(mhq_copier *c, const mhq_place *place, int *again)
{
    int error = mhq_open(c->fs, place->dir, ".", O_TMPFILE | O_RDWR, 0600, &c->to);
    if (error) {
        *again = error == EOPNOTSUPP || error == EISDIR || error == ENOENT || error == EINVAL ||
                 error == ENOSYS || error == EPERM || error == EXDEV;
        return mhq_failed(c, 1, error);
    }
    error = mhq_copy_all(c);
    if (!error) {
        error = link_tmpfile(c, place);
        *again = error == ENOENT || error == ENOTDIR || error == EPERM || error == EACCES ||
                 error == EXDEV || error == EINVAL || error == EOPNOTSUPP || error == ENOSYS;
    }
    /* Once it has its name, a failure to close is reported, and the name is taken back. */
    int closing = mhq_close_target(c, error);
    if (closing && !error)
        mhq_remove_name(c, place, place->name);
    return closing;
}
