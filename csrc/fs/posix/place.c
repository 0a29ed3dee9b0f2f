/* fs/posix/place.c - see fs/posix/place.h. */
#include "fs/posix/place.h"

#include <string.h>

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

void mhq_report_leftover(mhq_fs *fs, const char *shown, const char *name)
{
    if (!fs->report_leftover)
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
    fs->report_leftover(fs->context, path ? path : name);
    fs->sys->release(path);
}

int mhq_is_within(mhq_fs *fs, int dir, const struct stat *top)
{
    struct stat here, above;
    int fd = -1;
    int error = mhq_stat_fd(fs, dir, &here);
    while (!error && !mhq_same(&here, top)) {
        int up;
        error = mhq_open(fs, fd < 0 ? dir : fd, "..", MHQ_O_PLACE, 0, &up);
        if (error)
            break;
        if (fd >= 0)
            fs->sys->close(fd);
        fd = up;
        error = mhq_stat_fd(fs, fd, &above);
        if (!error && mhq_same(&above, &here))
            error = ENOENT; /* the root */
        here = above;
    }
    if (fd >= 0)
        fs->sys->close(fd);
    return !error;
}
