/* fs/macos/copy.c - a copy's steps on macOS; see fs/posix/copier.h.
 *
 * Contents: a clone, where the volume can (APFS), else reading and writing. A clone is made with
 * its name, not into an open file; so the target's making and its filling are one step, which is
 * why there is no way by a file without a name. Attributes: all of them, and the ACL.
 */
#include "fs/posix/copier.h"

#include <unistd.h>

/* What is moved comes from another volume. A clone of what must not be changed could neither
 * get metadata nor be removed. */
static int worth_cloning(const mhq_copier *c)
{
    const unsigned fixed = UF_IMMUTABLE | UF_APPEND | SF_IMMUTABLE | SF_APPEND;
    return !c->ownership && c->st->st_size > 0 && (c->st->st_flags & fixed) == 0;
}

/* A clone is opened by its name: where others may write to the directory, that can be another
 * file's by now. What passes here is at least one of our own, of the same size. */
static int is_ours(mhq_copier *c)
{
    struct stat st;
    return c->fs->sys->fstat(c->to, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
           st.st_uid == geteuid() && st.st_size == c->st->st_size;
}

/* Its mode is the source's until it is for its owner alone, which comes first. */
static int make_clone(mhq_copier *c, int dir, const char *name)
{
    int result;
    MHQ_RETRY(result, c->fs->sys->clone_at(c->from, dir, name));
    if (result < 0)
        return errno;
    int error = mhq_open(c->fs, dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0, &c->to);
    if (!error && is_ours(c) && c->fs->sys->fchmod(c->to, 0600) == 0)
        return 0;
    if (!error)
        (void)c->fs->sys->close(c->to);
    MHQ_RETRY(result, c->fs->sys->unlinkat(dir, name, 0));
    return result < 0 ? EEXIST : EOPNOTSUPP; /* EEXIST: under another name */
}

int mhq_make_target(mhq_copier *c, int dir, const char *name)
{
    int error = worth_cloning(c) ? make_clone(c, dir, name) : EOPNOTSUPP;
    c->cloned = !error;
    if (error && error != EEXIST)
        error = mhq_open(c->fs, dir, name, O_RDWR | O_CREAT | O_EXCL, 0600, &c->to);
    return error ? mhq_failed(c, 1, error) : 0;
}

int mhq_clone_contents(mhq_copier *c)
{
    return c->cloned;
}

int mhq_copy_range(mhq_copier *c, off_t *at, off_t end)
{
    (void)at, (void)end;
    c->fallback = 1;
    return 0;
}

int mhq_copy_attributes(mhq_copier *c)
{
    const mhq_calls *sys = c->fs->sys;
    int result = 0;
    if (!c->cloned)
        MHQ_RETRY(result, sys->copy_xattrs(c->from, c->to));
    if (result < 0 && !mhq_attribute_forgiven(errno))
        return mhq_failed(c, 1, errno);
    MHQ_RETRY(result, sys->copy_acl(c->from, c->to));
    return result < 0 && !mhq_attribute_forgiven(errno) ? mhq_failed(c, 1, errno) : 0;
}

int mhq_drop_inherited(mhq_copier *c)
{
    int result;
    MHQ_RETRY(result, c->fs->sys->copy_acl(-1, c->to));
    return result < 0 && !mhq_attribute_forgiven(errno) ? mhq_failed(c, 1, errno) : 0;
}

int mhq_inherit_nothing(mhq_fs *fs, int to)
{
    mhq_copier c = {.fs = fs, .to = to};
    return mhq_drop_inherited(&c);
}

int mhq_copy_tmpfile(mhq_copier *c, const mhq_place *place, int *again)
{
    (void)place;
    *again = 1;
    return mhq_failed(c, 1, EOPNOTSUPP);
}
