/* fs/posix/copy.c - a file's contents and metadata, and file_copy.
 *
 * A copy is made out of sight and gets its name when it is complete: as a file without a name
 * that is linked in, or under a temporary name that is renamed without replacing. Whatever
 * fails, there is no target and no temporary afterwards.
 *
 * A source that changes meanwhile: bytes are copied up to the size it had when it was opened,
 * or to its end where that comes first; a source of size 0, and one that can be reflinked, up
 * to its end. If it was written to by then, what was copied must be how it begins now; else it is
 * copied again. Its modification time and size show that, as far as they do; a source of size 0 is not verified.
 *
 * Which path an error belongs to is in `side`: 0 the source, 1 the target.
 */
#include "fs/posix/commit.h"
#include "fs/posix/copier.h"

#include <string.h>
#include <unistd.h> /* SEEK_DATA */

/* Up to this size two plain calls are cheaper than asking for a reflink first. */
#define SMALL ((off_t)65536)

#define TEMPORARY_TRIES 16
#define COPY_TRIES 4
/* A source larger than this is copied again only once: others wait for the disk meanwhile. */
#define LARGE ((off_t)67108864)

/* ---- contents ---- */

int mhq_copied(mhq_copier *c, off_t at, size_t n)
{
    if (at > c->counted) {
        c->fs->done += (uint64_t)(at - c->counted);
        c->counted = at;
    }
    c->since += n;
    if (c->since < c->fs->slice)
        return 0;
    c->since = 0;
    return mhq_failed(c, 0, mhq_step(c->fs));
}

/* Cloned, else copied by the kernel, else read and written. Each of the copying loops moves *at to
 * `end`, or to where the source ends before that. */

static int copy_fallback(mhq_copier *c, off_t *at, off_t end)
{
    while (*at < end) {
        size_t want = MHQ_SCRATCH;
        if (end - *at < (off_t)want)
            want = (size_t)(end - *at);
        ssize_t got = mhq_read_at(c->fs, c->from, c->fs->scratch, want, *at);
        if (got < 0)
            return mhq_failed(c, 0, errno);
        if (got == 0)
            return 0;
        int error = mhq_write_at(c->fs, c->to, c->fs->scratch, (size_t)got, *at);
        if (error)
            return mhq_failed(c, 1, error);
        *at += got;
        error = mhq_copied(c, *at, (size_t)got);
        if (error)
            return error;
    }
    return 0;
}

/* Whatever the kernel has against copying ranges, and where it reports that the source has ended
 * (some special files always do), reading and writing has the last word: it also finds out which side
 * failed. */
static int copy_span(mhq_copier *c, off_t *at, off_t end)
{
    int error = c->fallback ? 0 : mhq_copy_range(c, at, end);
    return error ? error : copy_fallback(c, at, end);
}

/* The hole at the end is made by the size alone. A source that has shrunk meanwhile ends where
 * it ends now. */
static int end_with_hole(mhq_copier *c, off_t have, off_t end)
{
    struct stat now;
    int result;
    if (c->fs->sys->fstat(c->from, &now) < 0)
        return mhq_failed(c, 0, errno);
    if (end > now.st_size)
        end = now.st_size;
    if (end <= have)
        return 0;
    MHQ_RETRY(result, c->fs->sys->ftruncate(c->to, end));
    return result < 0 ? mhq_failed(c, 1, errno) : 0;
}

/* *reached: how far the source was found to reach. */
static int copy_sparse(mhq_copier *c, off_t *reached)
{
    off_t size = c->st->st_size, have = 0;
    while (have < size) {
        off_t at = c->fs->sys->lseek(c->from, have, SEEK_DATA);
        off_t end = size;
        if (at < 0 && errno == ENXIO) /* only a hole is left */
            break;
        if (at < have) { /* no such thing here: all of it is data */
            at = have;
        } else if (at >= size) {
            break;
        } else {
            off_t hole = c->fs->sys->lseek(c->from, at, SEEK_HOLE);
            if (hole > at && hole < size)
                end = hole;
        }
        off_t start = at;
        int error = copy_span(c, &at, end);
        if (error)
            return error;
        if (at > start)
            have = at;
        if (at < end) /* it has shrunk, or has fewer bytes than its size */
            size = at;
    }
    *reached = size;
    return have < size ? end_with_hole(c, have, size) : 0;
}

/* Where sizes are not exact there may be more than that: the end is where a read brings nothing. */
static int copy_up_to(mhq_copier *c, off_t size)
{
    off_t at = 0;
    int error, sparse = (off_t)c->st->st_blocks * 512 < size;
    if (size <= SMALL && !sparse) {
        error = copy_fallback(c, &at, size);
    } else {
        if (c->fs->lengthy)
            c->fs->lengthy(c->fs->context);
        if (mhq_clone_contents(c))
            return 0;
        error = sparse ? copy_sparse(c, &at) : copy_span(c, &at, size);
    }
    if (error || mhq_size_is_exact(c->fs, c->from, c->st))
        return error;
    return copy_fallback(c, &at, INT64_MAX);
}

/* ---- a source that changes meanwhile ---- */

/* Whether the first `size` bytes of the target are how the source begins. What is beyond the
 * source's end goes: it is of a source that was cut. */
static int begins_so(mhq_copier *c, off_t size, int *same)
{
    const mhq_calls *sys = c->fs->sys;
    const size_t half = MHQ_SCRATCH / 2;
    char *theirs = c->fs->scratch, *ours = theirs + half;
    ssize_t got, have;
    int result;
    for (off_t at = 0; at < size; at += have) {
        size_t want = size - at < (off_t)half ? (size_t)(size - at) : half;
        MHQ_RETRY(got, sys->pread(c->from, theirs, want, at));
        if (got < 0)
            return mhq_failed(c, 0, errno);
        if (got == 0) {
            MHQ_RETRY(result, sys->ftruncate(c->to, at));
            return result < 0 ? mhq_failed(c, 1, errno) : 0;
        }
        MHQ_RETRY(have, sys->pread(c->to, ours, (size_t)got, at));
        if (have < 0)
            return mhq_failed(c, 1, errno);
        *same = have > 0 && memcmp(ours, theirs, (size_t)have) == 0;
        if (!*same)
            return 0;
        int error = mhq_copied(c, 0, (size_t)have);
        if (error)
            return error;
    }
    return 0;
}

/* Parts of what was copied may be of several states of the source, and zeros of none: the kernel
 * copies from the very pages that it empties when a file is cut. *now: the source as it was before
 * it was verified. */
static int verify(mhq_copier *c, struct stat *now, int *same)
{
    struct stat made;
    *same = 1;
    if (c->fs->sys->fstat(c->from, now) < 0)
        return mhq_failed(c, 0, errno);
    if (!mhq_written_to(now, c->st))
        return 0;
    if (c->fs->sys->fstat(c->to, &made) < 0)
        return mhq_failed(c, 1, errno);
    *same = made.st_size >= c->st->st_size || made.st_size >= now->st_size;
    return *same ? begins_so(c, made.st_size, same) : 0;
}

static int start_over(mhq_copier *c, const struct stat *now)
{
    int result;
    c->latest = *now;
    c->st = &c->latest;
    MHQ_RETRY(result, c->fs->sys->ftruncate(c->to, 0));
    return result < 0 ? mhq_failed(c, 1, errno) : 0;
}

static int copy_contents(mhq_copier *c)
{
    off_t at = 0;
    if (c->cloned)
        return 0;
    if (c->st->st_size <= 0)
        return copy_fallback(c, &at, INT64_MAX);
    int tries = c->st->st_size > LARGE ? 2 : COPY_TRIES;
    while (tries-- > 0) {
        struct stat now;
        int same = 1;
        int error = copy_up_to(c, c->st->st_size);
        if (!error && !c->cloned)
            error = verify(c, &now, &same);
        if (error || same)
            return error;
        error = start_over(c, &now);
        if (error)
            return error;
    }
    return mhq_failed(c, 0, EBUSY);
}

/* What was not counted yet, holes and clones among it, is at the end: the last step before the copy
 * gets its name. */
static int copy_bytes(mhq_copier *c)
{
    int error = copy_contents(c);
    if (!error && c->fs->step) {
        c->since = c->fs->slice;
        error = mhq_copied(c, c->st->st_size, 0);
    }
    return error;
}

/* ---- metadata ---- */

/* What a file system without owners, permissions or settable times answers to its own file's
 * owner. */
static int metadata_forgiven(int error)
{
    return error == EPERM || mhq_unsupported(error);
}

static int copy_ownership(mhq_copier *c)
{
    int result;
    MHQ_RETRY(result, c->fs->sys->fchown(c->to, c->st->st_uid, c->st->st_gid));
    if (result < 0 && errno == EPERM) /* a group of ours may still be given */
        MHQ_RETRY(result, c->fs->sys->fchown(c->to, (uid_t)-1, c->st->st_gid));
    if (result < 0 && !metadata_forgiven(errno) && errno != EINVAL) /* EINVAL: an unmapped id */
        return mhq_failed(c, 1, errno);
    return 0;
}

static int copy_permissions(mhq_copier *c)
{
    const mhq_calls *sys = c->fs->sys;
    mode_t mode = c->st->st_mode & 07777 & ~c->without;
    int result;
    if (mode & (S_ISUID | S_ISGID)) {
        struct stat st;
        if (sys->fstat(c->to, &st) < 0)
            return mhq_failed(c, 1, errno);
        if (st.st_uid != c->st->st_uid || st.st_gid != c->st->st_gid)
            mode &= ~(mode_t)(S_ISUID | S_ISGID);
    }
    MHQ_RETRY(result, sys->fchmod(c->to, mode));
    if (result < 0 && errno == EPERM && (mode & 07000)) /* the special bits may be forbidden */
        MHQ_RETRY(result, sys->fchmod(c->to, mode & 0777));
    return result < 0 && !metadata_forgiven(errno) ? mhq_failed(c, 1, errno) : 0;
}

static int copy_times(mhq_copier *c)
{
    struct timespec times[2] = {c->st->st_atim, c->st->st_mtim};
    int result;
    MHQ_RETRY(result, c->fs->sys->futimens(c->to, times));
    return result < 0 && !metadata_forgiven(errno) ? mhq_failed(c, 1, errno) : 0;
}

/* The owner comes first, while no other user has permissions; the permission bits come after it,
 * since its change clears some; the times last. */
static int copy_all_metadata(mhq_copier *c)
{
    int error = c->bare ? 0 : mhq_drop_inherited(c);
    c->without = 0;
    if (!error && c->ownership)
        error = copy_ownership(c);
    if (!error && c->from >= 0)
        error = mhq_copy_attributes(c);
    if (!error)
        error = copy_permissions(c);
    if (!error && !c->renewed)
        error = copy_times(c);
    return error;
}

int mhq_take_over(mhq_fs *fs, int from, const struct stat *st, int to)
{
    mhq_copier c = {.fs = fs, .from = from, .to = to, .st = st, .ownership = 1, .renewed = 1};
    return copy_all_metadata(&c);
}

int mhq_copy_metadata(mhq_fs *fs, int from, const struct stat *st, int to, int ownership,
                      int *side)
{
    mhq_copier c = {.fs = fs, .from = from, .to = to, .st = st, .ownership = ownership};
    int error = copy_all_metadata(&c);
    *side = c.side;
    return error;
}

/* ---- a whole file ---- */

/* What is moved goes when its copy is complete. A source that gave fewer bytes than it has by now,
 * because it grows or because its end came too early, is not to be lost; so it is read once more. */
static int check_length(mhq_copier *c)
{
    struct stat now, made;
    char more;
    if (c->fs->sys->fstat(c->from, &now) < 0)
        return mhq_failed(c, 0, errno);
    if (c->fs->sys->fstat(c->to, &made) < 0)
        return mhq_failed(c, 1, errno);
    ssize_t got = made.st_size < now.st_size ? 1 : mhq_read_at(c->fs, c->from, &more, 1, made.st_size);
    return got == 0 ? 0 : mhq_failed(c, 0, got < 0 ? errno : ESTALE);
}

int mhq_copy_all(mhq_copier *c)
{
    int error = copy_bytes(c);
    if (!error && c->ownership)
        error = check_length(c);
    if (!error)
        error = copy_all_metadata(c);
    c->fs->files += !error;
    return error;
}

/* Some file systems report only now that a write has failed. */
int mhq_close_target(mhq_copier *c, int error)
{
    if (c->fs->sys->close(c->to) < 0 && !error && errno != EINTR)
        error = mhq_failed(c, 1, errno);
    c->to = -1;
    return error;
}

int mhq_copy_file_at(mhq_fs *fs, int dir, const char *name, const struct stat *expect, int dir2,
                     const char *name2, int how, int *side)
{
    struct stat st;
    mhq_copier c = {.fs = fs, .st = &st};
    c.ownership = how & MHQ_KEEP_OWNER;
    c.bare = how & MHQ_IN_BARE_TREE;
    int error = mhq_open_regular(fs, dir, name, O_NOFOLLOW, &c.from, &st);
    *side = 0;
    if (error)
        return error;
    if (expect && (st.st_dev != expect->st_dev || st.st_ino != expect->st_ino)) {
        (void)fs->sys->close(c.from);
        return ESTALE;
    }
    error = mhq_make_target(&c, dir2, name2);
    if (!error) {
        error = mhq_close_target(&c, mhq_copy_all(&c));
        if (error)
            (void)fs->sys->unlinkat(dir2, name2, 0); /* else it goes with the tree around it */
    }
    (void)fs->sys->close(c.from);
    *side = c.side;
    return error;
}

void mhq_remove_name(mhq_copier *c, const mhq_place *place, const char *name)
{
    int result;
    MHQ_RETRY(result, c->fs->sys->unlinkat(place->dir, name, 0));
    if (result < 0 && errno != ENOENT)
        mhq_report_leftover(c->fs, c->path2, name);
}

static int copy_named(mhq_copier *c, const mhq_place *place)
{
    char name[MHQ_TEMPORARY];
    int error = EEXIST, left = 0;
    for (int tries = 0; error == EEXIST && tries < TEMPORARY_TRIES; tries++) {
        error = mhq_temporary_name(c->fs, name);
        if (!error)
            error = mhq_make_target(c, place->dir, name);
    }
    if (error)
        return mhq_failed(c, 1, error);
    error = mhq_close_target(c, mhq_copy_all(c));
    if (!error) {
        error = c->replaces ? mhq_rename(c->fs, place->dir, name, place->dir, place->name)
                            : mhq_commit_file(c->fs, place->dir, name, place->dir, place->name, &left);
        if (error)
            c->side = 1;
    }
    if (error)
        mhq_remove_name(c, place, name);
    if (left)
        mhq_report_leftover(c->fs, c->path2, place->name);
    return error;
}

/* A name that is taken: by a regular file or a link, which the copy will replace; not by the source
 * itself, whose other names would keep what it was. */
static int check_replaceable(mhq_copier *c, const struct stat *st)
{
    if (S_ISDIR(st->st_mode))
        return mhq_failed(c, 1, EISDIR);
    if (!S_ISREG(st->st_mode) && !S_ISLNK(st->st_mode))
        return mhq_failed(c, 1, MHQ_ENOTREGULAR);
    return mhq_same(st, c->st) ? mhq_failed(c, 1, EINVAL) : 0;
}

/* Asked before the copying, which may be long; the commit has the last word. A name with a
 * slash after it can only be a directory's. */
static int check_free(mhq_copier *c, const mhq_place *place)
{
    struct stat st;
    int result;
    MHQ_RETRY(result, c->fs->sys->fstatat(place->dir, place->name, &st, AT_SYMLINK_NOFOLLOW));
    if (result == 0 && c->replaces)
        return check_replaceable(c, &st);
    if (result == 0)
        return mhq_failed(c, 1, EEXIST);
    if (errno != ENOENT)
        return mhq_failed(c, 1, errno);
    return c->path2[strlen(c->path2) - 1] == '/' ? mhq_failed(c, 1, EISDIR) : 0;
}

/* What a link points at is copied; the copy belongs to the user who makes it. */
void mhq_fs_file_copy(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    struct stat st;
    mhq_copier c = {.fs = fs, .st = &st, .path2 = op->path2,
                    .replaces = (op->options & MHQ_REPLACE) != 0};
    mhq_place place;
    int again = 0;
    int error = mhq_open_regular(fs, AT_FDCWD, op->path, 0, &c.from, &st);
    if (error) {
        mhq_fail(run, error, MHQ_AT_PATH);
        return;
    }
    mhq_total(fs, (uint64_t)st.st_size);
    error = mhq_place_open(fs, op->path2, &place);
    if (error) {
        c.side = 1;
    } else {
        error = check_free(&c, &place);
        if (!error) {
            again = c.replaces;
            if (!again)
                error = mhq_copy_tmpfile(&c, &place, &again);
            if (again)
                error = copy_named(&c, &place);
        }
        mhq_place_close(fs, &place);
    }
    (void)fs->sys->close(c.from);
    if (error)
        mhq_fail(run, error, c.side ? MHQ_AT_PATH2 : MHQ_AT_PATH);
}
