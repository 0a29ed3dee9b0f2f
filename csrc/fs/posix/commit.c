/* fs/posix/commit.c - how a finished copy gets its name: temporary names, the place a name is in,
 * and the chain that renames without replacing.
 *
 * Everything here works relative to a directory that is open, so that a name means the same
 * from the first check to the commit, whatever becomes of the path that led there.
 */
#include "fs/posix/posix.h"

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
    int error = mhq_open(fs, AT_FDCWD, slash ? storage : ".", MHQ_O_PLACE, 0, &place->dir);
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
    if (!mhq_lacks_noreplace(errno))
        return errno;
    return commit_by_link(fs, dir, temporary, dir2, name, left);
}

/* For systems without the flag: takes the name with an empty directory, and replaces that. */
static int commit_over_directory(mhq_fs *fs, int dir, const char *name, int dir2,
                                 const char *name2, const char *shown)
{
    struct stat ours, st;
    int result, error = 0;
    MHQ_RETRY(result, fs->sys->mkdirat(dir2, name2, 0700));
    if (result < 0)
        return errno;
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
    if (result < 0 && mhq_stays(errno) && fs->left_behind)
        fs->left_behind(fs->who, shown);
    return error;
}

int mhq_commit_directory(mhq_fs *fs, int dir, const char *name, int dir2, const char *name2,
                         const char *shown)
{
    int result;
    MHQ_RETRY(result, fs->sys->renameat2(dir, name, dir2, name2, RENAME_NOREPLACE));
    if (result == 0)
        return 0;
    if (!mhq_lacks_noreplace(errno))
        return errno;
    return commit_over_directory(fs, dir, name, dir2, name2, shown);
}

/* ---- another spelling of the same name ---- */

static int is_listed(mhq_fs *fs, int dir, const char *name)
{
    mhq_reader reader = {.fd = -1, .buffer = fs->scratch, .size = MHQ_SCRATCH};
    mhq_dirent entry;
    int found = 0;
    if (mhq_open(fs, dir, ".", O_RDONLY | O_DIRECTORY, 0, &reader.fd) != 0)
        return 0;
    while (!found && mhq_read_entry(fs, &reader, &entry) > 0)
        found = strcmp(entry.name, name) == 0;
    (void)fs->sys->close(reader.fd);
    return found;
}

/* Linux takes two spellings for two names of one file, between which a rename does nothing and
 * succeeds. Then the way goes by a temporary name. */
static int respell(mhq_fs *fs, const mhq_place *place, const char *shown, const char *name2)
{
    char temporary[MHQ_TEMPORARY];
    int result, dir = place->dir;
    MHQ_RETRY(result, fs->sys->renameat(dir, place->name, dir, name2));
    if (result < 0)
        return errno;
    if (is_listed(fs, dir, name2))
        return 0;
    int error = mhq_temporary_name(fs, temporary);
    if (!error)
        error = mhq_commit_directory(fs, dir, place->name, dir, temporary, temporary);
    if (error)
        return error;
    error = mhq_commit_directory(fs, dir, temporary, dir, name2, name2);
    if (error && mhq_commit_directory(fs, dir, temporary, dir, place->name, shown) != 0)
        mhq_tell_left(fs, shown, temporary);
    return error;
}

int mhq_respell(mhq_fs *fs, const mhq_place *place, const char *shown, const char *path2, int *same)
{
    struct stat st, st2;
    mhq_place other;
    int result;
    *same = 0;
    MHQ_RETRY(result, fs->sys->fstatat(place->dir, place->name, &st, AT_SYMLINK_NOFOLLOW));
    if (result < 0)
        return errno;
    MHQ_RETRY(result, fs->sys->fstatat(AT_FDCWD, path2, &st2, AT_SYMLINK_NOFOLLOW));
    if (result < 0 || !mhq_same(&st, &st2))
        return 0;
    int error = mhq_place_open(fs, path2, &other);
    if (error)
        return error;
    /* One parent, two names: a directory has no second name otherwise. */
    if (fs->sys->fstat(place->dir, &st) < 0 || fs->sys->fstat(other.dir, &st2) < 0)
        error = errno;
    else if (mhq_same(&st, &st2))
        *same = strcmp(place->name, other.name) == 0 ? 1 : 2;
    if (*same == 2)
        error = respell(fs, place, shown, other.name);
    mhq_place_close(fs, &other);
    return error;
}
