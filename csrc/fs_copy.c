/* fs_copy.c - a file's contents and metadata, and file_copy.
 *
 * A copy is made out of sight and gets its name when it is complete: as a file without a name
 * that is linked in, or under a temporary name that is renamed without replacing. Whatever
 * fails, there is no target and no temporary afterwards.
 *
 * A source that changes meanwhile: bytes are copied up to the size it had when it was opened,
 * or to its end where that comes first; a source of size 0, and one that can be reflinked, up
 * to its end.
 *
 * Which path an error belongs to is told by `side`: 0 the source, 1 the target.
 */
#include "fs_posix.h"

#include <string.h>
#include <unistd.h>

#ifndef SEEK_DATA
#define SEEK_DATA 3
#define SEEK_HOLE 4
#endif

/* Up to this size two plain calls are cheaper than asking for a reflink first. */
#define SMALL ((off_t)65536)

#define TEMPORARY_TRIES 16

typedef struct copier {
    mhq_fs *fs;
    int from, to;
    const struct stat *st;
    const char *path2; /* the target's, as given */
    int ownership;
    mode_t without;    /* permission bits that the target does not get */
    int by_hand;       /* copy_file_range is of no use for this pair */
    int side;
} copier;

static int failed(copier *c, int side, int error)
{
    c->side = side;
    return error;
}

/* ---- contents ---- */

/* Reflink, else copy_file_range, else read and write. Each of the copying loops moves *at to `end`, or to where the source ends before that. */

static int copy_by_hand(copier *c, off_t *at, off_t end)
{
    while (*at < end) {
        size_t want = MHQ_SCRATCH;
        if (end - *at < (off_t)want)
            want = (size_t)(end - *at);
        ssize_t got = mhq_read_at(c->fs, c->from, c->fs->scratch, want, *at);
        if (got < 0)
            return failed(c, 0, errno);
        if (got == 0)
            return 0;
        int error = mhq_write_at(c->fs, c->to, c->fs->scratch, (size_t)got, *at);
        if (error)
            return failed(c, 1, error);
        *at += got;
    }
    return 0;
}

/* Whatever copy_file_range says against it (another file system, not implemented, a real
 * error), and where it says that the source has ended (some special files always do), reading
 * and writing has the last word: it also tells which side failed. */
static int copy_span(copier *c, off_t *at, off_t end)
{
    while (!c->by_hand && *at < end) {
        size_t want = MHQ_CALL_BYTES;
        if (end - *at < (off_t)want)
            want = (size_t)(end - *at);
        off_t in = *at, out = *at;
        ssize_t got;
        MHQ_RETRY(got, c->fs->sys->copy_range(c->from, &in, c->to, &out, want));
        if (got > 0) {
            *at += got;
            c->fs->bytes_read += (uint64_t)got;
            c->fs->bytes_written += (uint64_t)got;
        } else {
            c->by_hand = 1;
        }
    }
    return copy_by_hand(c, at, end);
}

/* The hole at the end is made by the size alone. A source that has shrunk meanwhile ends where
 * it ends now. */
static int end_with_hole(copier *c, off_t have, off_t end)
{
    struct stat now;
    int result;
    if (c->fs->sys->fstat(c->from, &now) < 0)
        return failed(c, 0, errno);
    if (end > now.st_size)
        end = now.st_size;
    if (end <= have)
        return 0;
    MHQ_RETRY(result, c->fs->sys->ftruncate(c->to, end));
    return result < 0 ? failed(c, 1, errno) : 0;
}

static int copy_sparse(copier *c)
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
        if (at < end) /* it has shrunk, or has fewer bytes than it says */
            size = at;
    }
    return have < size ? end_with_hole(c, have, size) : 0;
}

static int copy_bytes(copier *c)
{
    off_t at = 0, size = c->st->st_size;
    int sparse = (off_t)c->st->st_blocks * 512 < size;
    if (size <= 0)
        return copy_by_hand(c, &at, INT64_MAX);
    if (size <= SMALL && !sparse)
        return copy_by_hand(c, &at, size);
    if (c->fs->lengthy)
        c->fs->lengthy(c->fs->who);
    if (c->fs->sys->clone(c->to, c->from) == 0)
        return 0;
    return sparse ? copy_sparse(c) : copy_span(c, &at, size);
}

/* ---- metadata ---- */

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

/* Not supported, not permitted, or just gone: the copy does without. */
static int attribute_forgiven(int error)
{
    return error == EOPNOTSUPP || error == ENOSYS || error == EPERM || error == EACCES ||
           error == EINVAL || error == ENODATA;
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

static int copy_attribute(copier *c, const char *name, char *value)
{
    const mhq_calls *sys = c->fs->sys;
    ssize_t n;
    int result;
    MHQ_RETRY(n, sys->fgetxattr(c->from, name, value, ATTRIBUTES));
    if (n < 0)
        return attribute_forgiven(errno) ? 0 : failed(c, 0, errno);
    MHQ_RETRY(result, sys->fsetxattr(c->to, name, value, (size_t)n, 0));
    if (result == 0)
        return 0;
    if (!attribute_forgiven(errno))
        return failed(c, 1, errno);
    if (strcmp(name, ACL_ACCESS) == 0)
        c->without = group_too_much(value, (size_t)n);
    return 0;
}

static int copy_attributes(copier *c)
{
    char *list = c->fs->scratch, *value = list + ATTRIBUTES;
    ssize_t n;
    MHQ_RETRY(n, c->fs->sys->flistxattr(c->from, list, ATTRIBUTES));
    if (n < 0)
        return attribute_forgiven(errno) ? 0 : failed(c, 0, errno);
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

/* What a file system without owners, permissions or settable times says to its own file's
 * owner. */
static int metadata_forgiven(int error)
{
    return error == EPERM || error == EOPNOTSUPP || error == ENOSYS;
}

static int copy_ownership(copier *c)
{
    int result;
    MHQ_RETRY(result, c->fs->sys->fchown(c->to, c->st->st_uid, c->st->st_gid));
    if (result < 0 && errno == EPERM) /* a group of ours may still be given */
        MHQ_RETRY(result, c->fs->sys->fchown(c->to, (uid_t)-1, c->st->st_gid));
    if (result < 0 && !metadata_forgiven(errno) && errno != EINVAL) /* EINVAL: an unmapped id */
        return failed(c, 1, errno);
    return 0;
}

static int copy_permissions(copier *c)
{
    const mhq_calls *sys = c->fs->sys;
    mode_t mode = c->st->st_mode & 07777 & ~c->without;
    int result;
    if (mode & (S_ISUID | S_ISGID)) {
        struct stat st;
        if (sys->fstat(c->to, &st) < 0)
            return failed(c, 1, errno);
        if (st.st_uid != c->st->st_uid || st.st_gid != c->st->st_gid)
            mode &= ~(mode_t)(S_ISUID | S_ISGID);
    }
    MHQ_RETRY(result, sys->fchmod(c->to, mode));
    if (result < 0 && errno == EPERM && (mode & 07000)) /* the special bits may be forbidden */
        MHQ_RETRY(result, sys->fchmod(c->to, mode & 0777));
    return result < 0 && !metadata_forgiven(errno) ? failed(c, 1, errno) : 0;
}

static int copy_times(copier *c)
{
    struct timespec times[2] = {c->st->st_atim, c->st->st_mtim};
    int result;
    MHQ_RETRY(result, c->fs->sys->futimens(c->to, times));
    return result < 0 && !metadata_forgiven(errno) ? failed(c, 1, errno) : 0;
}

/* An ACL that came from the directory around it would let in more than the source does. */
static int drop_inherited(copier *c, const char *name)
{
    ssize_t n;
    int result;
    MHQ_RETRY(n, c->fs->sys->fgetxattr(c->to, name, NULL, 0));
    if (n < 0)
        return attribute_forgiven(errno) ? 0 : failed(c, 1, errno);
    MHQ_RETRY(result, c->fs->sys->fremovexattr(c->to, name));
    return result < 0 && errno != ENODATA ? failed(c, 1, errno) : 0;
}

/* The owner comes first, while nobody else has permissions; the permission bits come after it,
 * since its change clears some; the times last. */
static int copy_all_metadata(copier *c)
{
    int error = drop_inherited(c, ACL_ACCESS);
    c->without = 0;
    if (!error && c->ownership)
        error = copy_ownership(c);
    if (!error)
        error = copy_attributes(c);
    if (!error)
        error = copy_permissions(c);
    if (!error)
        error = copy_times(c);
    return error;
}

int mhq_copy_metadata(mhq_fs *fs, int from, const struct stat *st, int to, int ownership,
                      int *side)
{
    copier c = {.fs = fs, .from = from, .to = to, .st = st, .ownership = ownership};
    int error = copy_all_metadata(&c);
    *side = c.side;
    return error;
}

int mhq_inherit_nothing(mhq_fs *fs, int to)
{
    copier c = {.fs = fs, .to = to};
    return drop_inherited(&c, ACL_DEFAULT);
}

/* ---- a whole file ---- */

/* What is moved goes when its copy is complete. A source that gave fewer bytes than it has by now,
 * because it grows or because its end came too early, is not to be lost. */
static int check_length(copier *c)
{
    struct stat now, made;
    if (c->fs->sys->fstat(c->from, &now) < 0)
        return failed(c, 0, errno);
    if (c->fs->sys->fstat(c->to, &made) < 0)
        return failed(c, 1, errno);
    return made.st_size < now.st_size ? failed(c, 0, ESTALE) : 0;
}

static int copy_all(copier *c)
{
    int error = copy_bytes(c);
    if (!error && c->ownership)
        error = check_length(c);
    return error ? error : copy_all_metadata(c);
}

/* Some file systems tell only now that a write has failed. */
static int close_target(copier *c, int error)
{
    if (c->fs->sys->close(c->to) < 0 && !error && errno != EINTR)
        error = failed(c, 1, errno);
    c->to = -1;
    return error;
}

int mhq_copy_file_at(mhq_fs *fs, int dir, const char *name, const struct stat *expect, int dir2,
                     const char *name2, int ownership, int *side)
{
    struct stat st;
    copier c = {.fs = fs, .st = &st, .ownership = ownership};
    int error = mhq_open_regular(fs, dir, name, O_NOFOLLOW, &c.from, &st);
    *side = 0;
    if (error)
        return error;
    if (st.st_dev != expect->st_dev || st.st_ino != expect->st_ino) {
        (void)fs->sys->close(c.from);
        return ESTALE;
    }
    error = mhq_open(fs, dir2, name2, O_WRONLY | O_CREAT | O_EXCL, 0600, &c.to);
    if (error) {
        c.side = 1;
    } else {
        error = close_target(&c, copy_all(&c));
        if (error)
            (void)fs->sys->unlinkat(dir2, name2, 0); /* else it goes with the tree around it */
    }
    (void)fs->sys->close(c.from);
    *side = c.side;
    return error;
}

/* Links an unnamed file in: by way of /proc, which needs no privilege, or else directly. */
static int link_unnamed(copier *c, const mhq_place *place)
{
    char path[48] = "/proc/self/fd/";
    int result;
    mhq_print_number(path + strlen(path), (unsigned)c->to);
    MHQ_RETRY(result, c->fs->sys->linkat(AT_FDCWD, path, place->dir, place->name,
                                         AT_SYMLINK_FOLLOW));
    if (result < 0 && errno == ENOENT)
        MHQ_RETRY(result,
                  c->fs->sys->linkat(c->to, "", place->dir, place->name, AT_EMPTY_PATH));
    return result < 0 ? failed(c, 1, errno) : 0;
}

static void remove_name(copier *c, const mhq_place *place, const char *name)
{
    int result;
    MHQ_RETRY(result, c->fs->sys->unlinkat(place->dir, name, 0));
    if (result < 0 && errno != ENOENT)
        mhq_tell_left(c->fs, c->path2, name);
}

/* *again: this cannot be done here, but under a temporary name it might. */
static int copy_unnamed(copier *c, const mhq_place *place, int *again)
{
    int error = mhq_open(c->fs, place->dir, ".", O_TMPFILE | O_WRONLY, 0600, &c->to);
    if (error) {
        *again = error == EOPNOTSUPP || error == EISDIR || error == ENOENT || error == EINVAL ||
                 error == ENOSYS || error == EPERM || error == EXDEV;
        return failed(c, 1, error);
    }
    error = copy_all(c);
    if (!error) {
        error = link_unnamed(c, place);
        *again = error == ENOENT || error == ENOTDIR || error == EPERM || error == EACCES ||
                 error == EXDEV || error == EINVAL || error == EOPNOTSUPP || error == ENOSYS;
    }
    /* Once it has its name, a failure to close is told, and the name taken back. */
    int closing = close_target(c, error);
    if (closing && !error)
        remove_name(c, place, place->name);
    return closing;
}

static int copy_named(copier *c, const mhq_place *place)
{
    char name[MHQ_TEMPORARY];
    int error = EEXIST, left = 0;
    for (int tries = 0; error == EEXIST && tries < TEMPORARY_TRIES; tries++) {
        error = mhq_temporary_name(c->fs, name);
        if (!error)
            error = mhq_open(c->fs, place->dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600, &c->to);
    }
    if (error)
        return failed(c, 1, error);
    error = close_target(c, copy_all(c));
    if (!error) {
        error = mhq_commit_file(c->fs, place->dir, name, place->dir, place->name, &left);
        if (error)
            c->side = 1;
    }
    if (error)
        remove_name(c, place, name);
    if (left)
        mhq_tell_left(c->fs, c->path2, place->name);
    return error;
}

/* Asked before the copying, which may be long; the commit has the last word. A name with a
 * slash after it can only be a directory's. */
static int check_free(copier *c, const mhq_place *place)
{
    struct stat st;
    int result;
    MHQ_RETRY(result, c->fs->sys->fstatat(place->dir, place->name, &st, AT_SYMLINK_NOFOLLOW));
    if (result == 0)
        return failed(c, 1, EEXIST);
    if (errno != ENOENT)
        return failed(c, 1, errno);
    return c->path2[strlen(c->path2) - 1] == '/' ? failed(c, 1, EISDIR) : 0;
}

/* What a link points at is copied; the copy is whoever's makes it. */
void mhq_fs_file_copy(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    struct stat st;
    copier c = {.fs = fs, .st = &st, .path2 = op->path2};
    mhq_place place;
    int again = 0;
    int error = mhq_open_regular(fs, AT_FDCWD, op->path, 0, &c.from, &st);
    if (error) {
        mhq_fail(run, error, MHQ_AT_PATH);
        return;
    }
    error = mhq_place_open(fs, op->path2, &place);
    if (error) {
        c.side = 1;
    } else {
        error = check_free(&c, &place);
        if (!error) {
            error = copy_unnamed(&c, &place, &again);
            if (again)
                error = copy_named(&c, &place);
        }
        mhq_place_close(fs, &place);
    }
    (void)fs->sys->close(c.from);
    if (error)
        mhq_fail(run, error, c.side ? MHQ_AT_PATH2 : MHQ_AT_PATH);
}
