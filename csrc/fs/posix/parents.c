/* fs/posix/parents.c - see fs/posix/parents.h. */
#include "fs/posix/parents.h"

#include <string.h>

#include "fs/posix/commit.h"

void mhq_parents_close(mhq_fs *fs, mhq_parents *parents)
{
    mhq_place_close(fs, &parents->place);
    fs->sys->release(parents->names);
}

/* `name` was made, and could not be removed again. Ends the use of parents->names: its storage gets
 * back the slashes before the name, which needs no memory. */
static void report_leftover(mhq_fs *fs, mhq_parents *parents, const char *name, int error)
{
    if (!mhq_stays(error) || !fs->report_leftover)
        return;
    memcpy(parents->place.storage, parents->path, (size_t)(name - parents->place.storage));
    fs->report_leftover(fs->context, parents->place.storage);
}

/* Removes the last directory that was made, which is parents->place.dir, and goes up. */
static int remove_last(mhq_fs *fs, mhq_parents *parents, const char *name)
{
    struct stat below, seen;
    int up;
    int error = mhq_open(fs, parents->place.dir, "..", MHQ_O_PLACE, 0, &up);
    if (error)
        return error;
    error = mhq_stat_fd(fs, parents->place.dir, &below);
    if (!error)
        error = mhq_stat(fs, up, name, AT_SYMLINK_NOFOLLOW, &seen);
    if (!error)
        error = mhq_same(&below, &seen) ? mhq_unlink(fs, up, name, AT_REMOVEDIR) : ENOENT;
    fs->sys->close(parents->place.dir);
    parents->place.dir = up;
    return error;
}

/* The directories are empty, or another program uses them; then they stay. */
void mhq_parents_remove(mhq_fs *fs, mhq_parents *parents)
{
    while (parents->made > 0) {
        const char *name = parents->names[--parents->made];
        int error = remove_last(fs, parents, name);
        if (error) {
            report_leftover(fs, parents, name, error);
            return;
        }
    }
}

/* Makes the components of `rest` below parents->place.dir, and goes down. A '..' in what does not exist
 * stays an error: the system would not resolve it either. */
static int make_rest(mhq_fs *fs, mhq_parents *parents, char *rest)
{
    char *mark;
    for (char *name = strtok_r(rest, "/", &mark); name; name = strtok_r(NULL, "/", &mark)) {
        int fd;
        if (strcmp(name, ".") == 0)
            continue;
        if (strcmp(name, "..") == 0)
            return ENOENT;
        int error = mhq_make_directory(fs, parents->place.dir, name, 0777);
        int made = !error;
        if (error && error != EEXIST)
            return error;
        error = mhq_open(fs, parents->place.dir, name,
                         MHQ_O_PLACE | (made ? O_NOFOLLOW : 0), 0, &fd);
        if (error && made) {
            int failure = mhq_unlink(fs, parents->place.dir, name, AT_REMOVEDIR);
            if (failure) {
                report_leftover(fs, parents, name, failure);
                parents->made = 0; /* it is in them */
            }
        }
        if (error)
            return error;
        fs->sys->close(parents->place.dir);
        parents->place.dir = fd;
        if (made)
            parents->names[parents->made++] = name;
        else
            parents->made = 0; /* another program's in between: not ours to climb over */
    }
    return 0;
}

/* Opens the longest part of `parent` (n bytes) that exists; *rest is what is missing. */
static int open_existing(mhq_fs *fs, char *parent, size_t n, int *fd, char **rest)
{
    for (;;) {
        while (n > 0 && parent[n - 1] != '/')
            n--;
        /* `n` is after a slash, or 0 */
        char kept = parent[n];
        parent[n] = '\0';
        int error = mhq_open(fs, AT_FDCWD, n ? parent : ".", MHQ_O_PLACE, 0, fd);
        parent[n] = kept;
        *rest = parent + n;
        if (error != ENOENT || n == 0)
            return error;
        while (n > 0 && parent[n - 1] == '/')
            n--;
    }
}

/* The parent of path2, made where it is missing. */
int mhq_parents_open(mhq_fs *fs, const char *path, const struct stat *top, mhq_parents *parents)
{
    *parents = (mhq_parents){ .path = path };
    int error = mhq_place_open(fs, path, &parents->place);
    if (error != ENOENT || path[0] == '\0')
        return error;
    size_t n = strlen(path);
    char *copy = fs->sys->alloc(n + 1);
    parents->names = fs->sys->alloc((n / 2 + 1) * sizeof *parents->names);
    parents->place.dir = -1;
    parents->place.storage = copy;
    if (copy == NULL || parents->names == NULL) {
        error = ENOMEM;
    } else {
        char *rest;
        memcpy(copy, path, n + 1);
        while (n > 0 && copy[n - 1] == '/')
            copy[--n] = '\0';
        while (n > 0 && copy[n - 1] != '/')
            n--;
        parents->place.name = copy + n;
        if (n > 0)
            copy[n - 1] = '\0'; /* ends the parent; not the root: that exists */
        error = n > 0 ? open_existing(fs, copy, n - 1, &parents->place.dir, &rest) : ENOENT;
        if (!error && mhq_is_within(fs, parents->place.dir, top))
            error = EINVAL;
        if (!error)
            error = make_rest(fs, parents, rest);
    }
    if (error) {
        mhq_parents_remove(fs, parents);
        mhq_parents_close(fs, parents);
    }
    return error;
}
