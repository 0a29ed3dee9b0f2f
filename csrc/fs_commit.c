/* fs_commit.c - how a finished copy gets its name: temporary names, the place a name is in,
 * and the chain that renames without replacing.
 *
 * Everything here works relative to a directory that is open, so that a name means the same
 * from the first check to the commit, whatever becomes of the path that led there.
 */
#include "fs_posix.h"

#include <string.h>

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
    MHQ_RETRY(got, fs->sys->read(fd, to, n));
    if (got != (ssize_t)n)
        error = got < 0 ? errno : EIO;
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

/* ---- places ---- */

/* The storage holds the parent's path, a NUL, and the name; the parent's path is empty where
 * the path had no slash. The root is the name '.' in the root. */
int mhq_place_open(mhq_fs *fs, const char *path, mhq_place *place)
{
    size_t n = strlen(path);
    *place = (mhq_place){-1, NULL, NULL};
    if (!n)
        return ENOENT;
    while (n > 1 && path[n - 1] == '/')
        n--;
    if (n > PTRDIFF_MAX - 4)
        return ENAMETOOLONG;
    char *storage = fs->sys->alloc(n + 4);
    if (!storage)
        return ENOMEM;
    size_t slash = n;
    while (slash && path[slash - 1] != '/')
        slash--; /* now the length of the parent, its slash included */
    memcpy(storage, path, slash);
    storage[slash] = 0;
    char *name = storage + slash + 1;
    if (slash == n) {
        memcpy(name, ".", 2);
    } else {
        memcpy(name, path + slash, n - slash);
        name[n - slash] = 0;
    }
    int error = mhq_open(fs, AT_FDCWD, slash ? storage : ".", O_PATH | O_DIRECTORY, 0, &place->dir);
    if (error) {
        fs->sys->release(storage);
        return error;
    }
    place->name = name;
    place->storage = storage;
    return 0;
}

void mhq_place_close(mhq_fs *fs, mhq_place *place)
{
    if (place->dir >= 0)
        (void)fs->sys->close(place->dir);
    fs->sys->release(place->storage);
    *place = (mhq_place){-1, NULL, NULL};
}

void mhq_tell_left(mhq_fs *fs, const char *shown, const char *name)
{
    if (!fs->left_behind)
        return;
    size_t parent = strlen(shown), n = strlen(name) + 1;
    while (parent > 1 && shown[parent - 1] == '/')
        parent--;
    while (parent && shown[parent - 1] != '/')
        parent--;
    char *path = fs->sys->alloc(parent + n);
    if (path) {
        memcpy(path, shown, parent);
        memcpy(path + parent, name, n);
    }
    fs->left_behind(fs->who, path ? path : name);
    fs->sys->release(path);
}

/* ---- commit ---- */

static int unlink_file(mhq_fs *fs, int dir, const char *name)
{
    int result;
    MHQ_RETRY(result, fs->sys->unlinkat(dir, name, 0));
    return result < 0 ? errno : 0;
}

/* Takes `name` back after a failure; what must stay for want of a way to remove it is told. */
static void take_back(mhq_fs *fs, int dir, const char *name, int *left)
{
    int error = unlink_file(fs, dir, name);
    if (error && error != ENOENT)
        *left = 1;
}

/* The last resort, for file systems with neither the flag nor hard links: take the name with
 * an empty file of one's own, and replace that. Whoever replaced our reservation keeps his
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
    else if (st.st_dev != ours.st_dev || st.st_ino != ours.st_ino)
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
    else if (st.st_dev == ours.st_dev && st.st_ino == ours.st_ino)
        take_back(fs, dir2, name, left);
    return error;
}

static int commit_by_link(mhq_fs *fs, int dir, const char *temporary, int dir2, const char *name,
                          int *left)
{
    int result;
    MHQ_RETRY(result, fs->sys->linkat(dir, temporary, dir2, name, 0));
    if (result < 0) {
        if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK &&
            errno != EACCES)
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
    if (!mhq_lacks_noreplace(errno))
        return errno;
    return commit_by_link(fs, dir, temporary, dir2, name, left);
}
