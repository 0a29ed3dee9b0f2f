/* fs/posix/replace.c - see fs/posix/replace.h; and file_replace.
 *
 * The order is what makes it whole: the bytes and the metadata, fsync of the file, close (some file
 * systems report only then that a write has failed), rename, fsync of the directory.
 */
#include "fs/posix/replace.h"

#include <string.h>

#include "fs/posix/copy.h"

#define TEMPORARY_TRIES 16
#define MOST_LINKS 40 /* as the kernel has it */
#define LINK_TEXT ((size_t)65536)

/* ---- the target ---- */

/* What `path` leads to, where the link at its end has this text: on the heap. */
static char *follow(mhq_fs *fs, const char *path, const char *text)
{
    size_t n = strlen(path), length = strlen(text) + 1;
    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (text[0] == '/')
        n = 0;
    char *led = fs->sys->alloc(n + length);
    if (led != NULL) {
        memcpy(led, path, n);
        memcpy(led + n, text, length);
    }
    return led;
}

/* The kernel must be willing to follow the link too: it refuses to where another user has laid it
 * into a directory such as /tmp. */
static int read_link(mhq_fs *fs, mhq_version *v, char *text)
{
    struct stat st;
    ssize_t n;
    int error = mhq_stat(fs, v->place.dir, v->place.name, 0, &st);
    if (error && error != ENOENT)
        return error;
    MHQ_RETRY(n, fs->sys->readlinkat(v->place.dir, v->place.name, text, LINK_TEXT));
    if (n < 0)
        return errno;
    if (n == 0 || (size_t)n >= LINK_TEXT)
        return n == 0 ? ENOENT : ENAMETOOLONG;
    text[n] = 0;
    return 0;
}

/* Opens the place of v->shown. *link: it is a link, and v->shown is now what it leads to. */
static int look(mhq_fs *fs, mhq_version *v, int *link)
{
    struct stat st;
    int error = mhq_place_open(fs, v->shown, &v->place);
    if (error)
        return error;
    int slash = v->shown[strlen(v->shown) - 1] == '/';
    int missing = mhq_stat(fs, v->place.dir, v->place.name, AT_SYMLINK_NOFOLLOW, &st);
    *link = 0;
    v->mode = missing ? 0 : st.st_mode;
    if (missing && missing != ENOENT)
        return missing;
    if (slash) /* whatever is there, a link too: as open() has it */
        return EISDIR;
    if (missing)
        return 0;
    if (v->only_new)
        return EEXIST;
    if (S_ISLNK(st.st_mode)) {
        *link = 1;
        error = read_link(fs, v, fs->scratch);
        char *led = error ? NULL : follow(fs, v->shown, fs->scratch);
        if (!error && led == NULL)
            error = ENOMEM;
        if (!error) {
            fs->sys->release(v->shown);
            v->shown = led;
        }
        return error;
    }
    if (!S_ISREG(st.st_mode))
        return S_ISDIR(st.st_mode) ? EISDIR : MHQ_ENOTREGULAR;
    return 0;
}

static int find_target(mhq_fs *fs, mhq_version *v)
{
    int error, link = 1;
    for (int links = 0; links <= MOST_LINKS; links++) {
        error = look(fs, v, &link);
        if (error || !link)
            return error;
        mhq_place_close(fs, &v->place);
    }
    return ELOOP;
}

/* A place is open to work in; to be synced it must be open for reading. */
static int open_to_sync(mhq_fs *fs, mhq_version *v)
{
    int fd, error = mhq_open(fs, v->place.dir, ".", O_RDONLY | O_DIRECTORY, 0, &fd);
    if (error)
        return error;
    (void)fs->sys->close(v->place.dir);
    v->place.dir = fd;
    return 0;
}

/* ---- a version's life ---- */

static void end(mhq_fs *fs, mhq_version *v)
{
    mhq_place_close(fs, &v->place);
    fs->sys->release(v->shown);
    v->shown = NULL;
}

/* What is new has the mode that the directory and the umask give; what replaces a file is its
 * owner's alone until it is complete. */
static int make_temporary(mhq_fs *fs, mhq_version *v, int access)
{
    int error = EEXIST;
    for (int tries = 0; error == EEXIST && tries < TEMPORARY_TRIES; tries++) {
        error = mhq_temporary_name(fs, v->temporary);
        if (!error)
            error = mhq_open(fs, v->place.dir, v->temporary, access | O_CREAT | O_EXCL | O_NOFOLLOW,
                             v->mode ? 0600 : 0666, &v->fd);
    }
    return error;
}

int mhq_version_begin(mhq_fs *fs, const char *path, int access, mhq_version *v)
{
    v->place = (mhq_place){-1, NULL, NULL};
    v->fd = -1;
    if (!path[0])
        return ENOENT;
    v->shown = follow(fs, "", path);
    int error = v->shown ? find_target(fs, v) : ENOMEM;
    if (!error && v->durable)
        error = open_to_sync(fs, v);
    if (!error)
        error = make_temporary(fs, v, access);
    if (error)
        end(fs, v);
    return error;
}

static void remove_temporary(mhq_fs *fs, mhq_version *v)
{
    int error = mhq_unlink(fs, v->place.dir, v->temporary, 0);
    if (error && error != ENOENT)
        mhq_report_leftover(fs, v->shown, v->temporary);
}

static int close_temporary(mhq_fs *fs, mhq_version *v)
{
    int result = v->fd < 0 ? 0 : fs->sys->close(v->fd);
    v->fd = -1;
    return result < 0 && errno != EINTR ? errno : 0;
}

void mhq_version_discard(mhq_fs *fs, mhq_version *v)
{
    (void)close_temporary(fs, v);
    remove_temporary(fs, v);
    end(fs, v);
}

/* From the file that is there now. One that may not be read lets its mode and owner be taken over;
 * one that has gone meanwhile has left its mode. */
static int take_over(mhq_fs *fs, mhq_version *v)
{
    struct stat st;
    int from, error = mhq_open_regular(fs, v->place.dir, v->place.name, O_NOFOLLOW, &from, &st);
    if (error == EACCES || error == EPERM) {
        from = -1;
        error = mhq_stat(fs, v->place.dir, v->place.name, AT_SYMLINK_NOFOLLOW, &st);
        if (!error && !S_ISREG(st.st_mode)) /* whose owner and mode are not meant */
            error = S_ISLNK(st.st_mode) ? ELOOP : MHQ_ENOTREGULAR;
    }
    if (error == ENOENT || error == ELOOP) {
        if (v->mode)
            MHQ_TRY(error, fs->sys->fchmod(v->fd, v->mode & 0777));
        return v->mode ? error : 0;
    }
    if (!error)
        error = mhq_take_over(fs, from, &st, v->fd);
    if (from >= 0)
        (void)fs->sys->close(from);
    return error;
}

static int give_name(mhq_fs *fs, mhq_version *v)
{
    int dir = v->place.dir, left = 0;
    int error = v->only_new ? mhq_commit_file(fs, dir, v->temporary, dir, v->place.name, &left)
                            : mhq_rename(fs, dir, v->temporary, dir, v->place.name);
    if (left)
        mhq_report_leftover(fs, v->shown, v->place.name);
    return error;
}

static int prepare(mhq_fs *fs, mhq_version *v)
{
    int error = v->only_new ? 0 : take_over(fs, v);
    return !error && v->durable ? mhq_sync_file(fs, v->fd) : error;
}

/* Of one that is closed. `error`: why it is not to be. */
static int publish(mhq_fs *fs, mhq_version *v, int error)
{
    if (!error)
        error = give_name(fs, v);
    if (error)
        remove_temporary(fs, v);
    else if (v->durable)
        error = mhq_sync_directory(fs, v->place.dir);
    end(fs, v);
    return error;
}

int mhq_version_commit(mhq_fs *fs, mhq_version *v)
{
    int error = prepare(fs, v);
    int closing = close_temporary(fs, v);
    return publish(fs, v, error ? error : closing);
}

/* ---- atomic files ---- */

int mhq_version_open(mhq_fs *fs, const char *path, uint32_t mode, mhq_version **version,
                     intptr_t *descriptor)
{
    mhq_version *v = fs->sys->zeroed(1, sizeof *v);
    if (v == NULL)
        return ENOMEM;
    v->only_new = (mode & MHQ_OPEN_IS_FIRST) != 0;
    v->durable = 1;
    int error = mhq_version_begin(fs, path, mode & MHQ_OPEN_READS ? O_RDWR : O_WRONLY, v);
    if (error) {
        fs->sys->release(v);
        return error;
    }
    *version = v;
    *descriptor = v->fd;
    v->fd = -1; /* the handle's from now on */
    return 0;
}

int mhq_version_prepare(mhq_fs *fs, mhq_version *v, intptr_t descriptor)
{
    v->fd = (int)descriptor;
    int error = prepare(fs, v);
    v->fd = -1;
    return error;
}

int mhq_version_publish(mhq_fs *fs, mhq_version *v)
{
    int error = publish(fs, v, 0);
    fs->sys->release(v);
    return error;
}

void mhq_version_drop(mhq_fs *fs, mhq_version *v)
{
    mhq_version_discard(fs, v);
    fs->sys->release(v);
}

void mhq_version_forget(const mhq_calls *sys, mhq_version *v)
{
    mhq_fs fs = {.sys = sys};
    end(&fs, v);
    sys->release(v);
}

/* ---- file_replace ---- */

/* The last step is before the commit: from there on it is not stopped. */
static int write_version(mhq_fs *fs, int fd, const char *data, size_t size)
{
    mhq_total(fs, size);
    for (size_t at = 0; at < size;) {
        size_t some = size - at < mhq_call_bytes(fs) ? size - at : mhq_call_bytes(fs);
        int error = mhq_write_at(fs, fd, data + at, some, (off_t)at);
        at += some;
        fs->done += some;
        if (!error)
            error = mhq_step(fs);
        if (error)
            return error;
    }
    return size ? 0 : mhq_step(fs);
}

void mhq_fs_file_replace(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_version version = {.durable = (op->options & MHQ_DURABLE) != 0};
    if ((version.durable || op->size >= MHQ_LENGTHY) && fs->lengthy)
        fs->lengthy(fs->context);
    int error = mhq_version_begin(fs, op->path, O_WRONLY, &version);
    if (!error) {
        error = write_version(fs, version.fd, op->data, op->size);
        if (error)
            mhq_version_discard(fs, &version);
        else
            error = mhq_version_commit(fs, &version);
    }
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}
