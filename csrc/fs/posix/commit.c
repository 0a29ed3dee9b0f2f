/* fs/posix/commit.c - see fs/posix/commit.h.
 *
 * Everything here works relative to a directory that is open, so that a name means the same
 * from the first check to the commit, whatever becomes of the path that led there.
 */
#include "fs/posix/commit.h"

#include <string.h>

#include "fs/posix/place.h"

/* ---- names ---- */

static int random_bytes(mhq_fs *fs, unsigned char *to, size_t n)
{
    ssize_t got;
    MHQ_RETRY(got, fs->sys->getrandom(to, n, 0));
    if (got == (ssize_t)n)
        return 0;
    int fd, error = mhq_open(fs, AT_FDCWD, "/dev/urandom", O_RDONLY, 0, &fd);
    if (error)
        return error;
    while (!error && n > 0) {
        MHQ_RETRY(got, fs->sys->read(fd, to, n));
        if (got <= 0)
            error = got < 0 ? errno : EIO;
        else
            to += got, n -= (size_t)got;
    }
    (void)fs->sys->close(fd);
    return error;
}

int mhq_temporary_name(mhq_fs *fs, char name[MHQ_TEMPORARY])
{
    static const char prefix[] = ".mhddq-", digits[] = "0123456789abcdef";
    unsigned char random[8];
    _Static_assert(sizeof prefix + 2 * sizeof random == MHQ_TEMPORARY, "room for the name");
    int error = random_bytes(fs, random, sizeof random);
    if (error)
        return error;
    char *to = name + sizeof prefix - 1;
    memcpy(name, prefix, sizeof prefix - 1);
    for (size_t i = 0; i < sizeof random; i++) {
        *to++ = digits[random[i] >> 4];
        *to++ = digits[random[i] & 15];
    }
    *to = 0;
    return 0;
}

/* ---- commit ---- */

/* True if the refusal of renameat2 can mean that it does not know the flag, or the call. */
static int lacks_noreplace(int error)
{
    /* EPERM: some sandboxes return it for a call that they do not know. */
    return mhq_unsupported(error) || error == EINVAL || error == EPERM;
}

static int unlink_file(mhq_fs *fs, int dir, const char *name)
{
    int result;
    MHQ_RETRY(result, fs->sys->unlinkat(dir, name, 0));
    return result < 0 ? errno : 0;
}

/* Takes `name` back after a failure; what must stay for want of a way to remove it is reported. */
static void take_back(mhq_fs *fs, int dir, const char *name, int *left)
{
    int error = unlink_file(fs, dir, name);
    if (error && error != ENOENT)
        *left = 1;
}

/* The last resort, for file systems with neither the flag nor hard links: take the name with
 * an empty file of one's own, and replace that. A program that replaced our reservation keeps its
 * file, but for the moment between the check and the rename. */
static int commit_over_reservation(mhq_fs *fs, int dir, const char *temporary, int dir2,
                                   const char *name, int *left)
{
    struct stat ours, st;
    int result, fd, error = mhq_open(fs, dir2, name, O_WRONLY | O_CREAT | O_EXCL, 0600, &fd);
    if (error)
        return error;
    int known = fs->sys->fstat(fd, &ours) == 0;
    error = known ? 0 : errno;
    (void)fs->sys->close(fd);
    if (!known) { /* made a moment ago by us: remove it unseen */
        take_back(fs, dir2, name, left);
        return error;
    }
    MHQ_RETRY(result, fs->sys->fstatat(dir2, name, &st, AT_SYMLINK_NOFOLLOW));
    if (result < 0)
        error = errno;
    else if (!mhq_same(&st, &ours))
        return EEXIST;
    if (!error) {
        MHQ_RETRY(result, fs->sys->renameat(dir, temporary, dir2, name));
        if (result == 0)
            return 0;
        error = errno;
    }
    MHQ_RETRY(result, fs->sys->fstatat(dir2, name, &st, AT_SYMLINK_NOFOLLOW));
    if (result < 0)
        *left = errno != ENOENT;
    else if (mhq_same(&st, &ours))
        take_back(fs, dir2, name, left);
    return error;
}

static int commit_by_link(mhq_fs *fs, int dir, const char *temporary, int dir2, const char *name,
                          int *left)
{
    int result;
    MHQ_RETRY(result, fs->sys->linkat(dir, temporary, dir2, name, 0));
    if (result < 0) {
        if (errno != EPERM && errno != EMLINK && errno != EACCES && !mhq_unsupported(errno))
            return errno;
        return commit_over_reservation(fs, dir, temporary, dir2, name, left);
    }
    int error = unlink_file(fs, dir, temporary);
    if (error) /* not half done: either one name or the other */
        take_back(fs, dir2, name, left);
    return error;
}

int mhq_commit_file(mhq_fs *fs, int dir, const char *temporary, int dir2, const char *name,
                    int *left)
{
    int result;
    *left = 0;
    MHQ_RETRY(result, fs->sys->renameat2(dir, temporary, dir2, name, RENAME_NOREPLACE));
    if (result == 0)
        return 0;
    if (!lacks_noreplace(errno))
        return errno;
    return commit_by_link(fs, dir, temporary, dir2, name, left);
}

int mhq_is_below_itself(mhq_fs *fs, int dir, const char *name, int dir2, const char *name2)
{
    struct stat st;
    mhq_place place;
    if (mhq_stat(fs, dir, name, AT_SYMLINK_NOFOLLOW, &st) != 0)
        return 0;
    if (dir2 != AT_FDCWD)
        return mhq_is_within(fs, dir2, &st);
    if (mhq_place_open(fs, name2, &place) != 0)
        return 0;
    /* '.' is no name to move to. */
    int within = strcmp(place.name, ".") != 0 && mhq_is_within(fs, place.dir, &st);
    mhq_place_close(fs, &place);
    return within;
}

/* What a rename fails with where the target's name cannot be taken: the way to the source is gone
 * before the way to the target is. */
static int refused_by_either(mhq_fs *fs, int dir, const char *name, int error)
{
    mhq_place place;
    int earlier = dir == AT_FDCWD ? mhq_place_open(fs, name, &place) : 0;
    if (earlier)
        return earlier;
    if (dir == AT_FDCWD)
        mhq_place_close(fs, &place);
    return error;
}

/* For systems without the flag: takes the name with an empty directory, and replaces that. */
static int commit_over_directory(mhq_fs *fs, int dir, const char *name, int dir2,
                                 const char *name2, const char *shown)
{
    struct stat ours, st;
    int result, error = 0;
    if (mhq_is_below_itself(fs, dir, name, dir2, name2)) /* of which the flag's EINVAL may have been, too */
        return EINVAL;
    MHQ_RETRY(result, fs->sys->mkdirat(dir2, name2, 0700));
    if (result < 0)
        return refused_by_either(fs, dir, name, errno);
    MHQ_RETRY(result, fs->sys->fstatat(dir2, name2, &ours, AT_SYMLINK_NOFOLLOW));
    if (result == 0)
        MHQ_RETRY(result, fs->sys->fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW));
    if (result < 0)
        error = errno;
    else if (mhq_same(&st, &ours)) /* there was nothing at this name, which is both */
        error = ENOENT;
    if (!error) {
        MHQ_RETRY(result, fs->sys->renameat(dir, name, dir2, name2));
        if (result == 0)
            return 0;
        error = errno == ENOTEMPTY ? EEXIST : errno;
    }
    MHQ_RETRY(result, fs->sys->unlinkat(dir2, name2, AT_REMOVEDIR));
    if (result < 0 && mhq_stays(errno) && fs->report_leftover)
        fs->report_leftover(fs->context, shown);
    return error;
}

int mhq_commit_directory(mhq_fs *fs, int dir, const char *name, int dir2, const char *name2,
                         const char *shown)
{
    int result;
    MHQ_RETRY(result, fs->sys->renameat2(dir, name, dir2, name2, RENAME_NOREPLACE));
    if (result == 0)
        return 0;
    if (!lacks_noreplace(errno))
        return errno;
    return commit_over_directory(fs, dir, name, dir2, name2, shown);
}
