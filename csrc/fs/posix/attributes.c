/* fs/posix/attributes.c - what is known of a path or a handle, and its permissions and times:
 * path_exists, path_stat, path_chmod, path_utime, disk_usage.
 */
#include "fs/posix/handle.h"

#include <string.h>

static int follows(const mhq_op *op)
{
    return op->options & MHQ_FOLLOW_SYMLINKS ? 0 : AT_SYMLINK_NOFOLLOW;
}

void mhq_fs_path_exists(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    struct stat st;
    int error = mhq_stat(fs, AT_FDCWD, op->path, follows(op), &st);
    run->exists = !error;
    if (error && error != ENOENT && error != ENOTDIR && error != ELOOP && error != ENAMETOOLONG)
        mhq_fail(run, error, MHQ_AT_PATH);
}

/* ---- path_stat ---- */

#ifdef __APPLE__
static void take_own(mhq_status *status, const struct stat *st)
{
    status->flags = st->st_flags;
    status->generation = st->st_gen;
    status->seconds[3] = st->st_birthtimespec.tv_sec;
    status->nanoseconds[3] = st->st_birthtimespec.tv_nsec;
}
#define st_ctim st_ctimespec
#else
static void take_own(mhq_status *status, const struct stat *st)
{
    (void)status, (void)st;
}
#endif

static void take_time(mhq_status *status, int which, struct timespec time)
{
    status->seconds[which] = time.tv_sec;
    status->nanoseconds[which] = time.tv_nsec;
}

void mhq_status_of(const struct stat *st, mhq_status *status)
{
    memset(status, 0, sizeof *status);
    status->mode = st->st_mode;
    status->inode = st->st_ino;
    status->device = (uint64_t)st->st_dev;
    status->links = st->st_nlink;
    status->user = st->st_uid == (uid_t)-1 ? -1 : (int64_t)st->st_uid;
    status->group = st->st_gid == (gid_t)-1 ? -1 : (int64_t)st->st_gid;
    status->size = st->st_size;
    status->block_size = st->st_blksize;
    status->blocks = st->st_blocks;
    status->special = (uint64_t)st->st_rdev;
    take_time(status, 0, st->st_atim);
    take_time(status, 1, st->st_mtim);
    take_time(status, 2, st->st_ctim);
    take_own(status, st);
}

static int stat_what(mhq_fs *fs, const mhq_op *op, struct stat *st)
{
    if (!op->handle)
        return mhq_stat(fs, AT_FDCWD, op->path, follows(op), st);
    int fd, error = mhq_enter(op, &fd);
    return error ? error : mhq_leave_with(fs, op, fd, mhq_stat_fd(fs, fd, st));
}

void mhq_fs_path_stat(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    struct stat st;
    int error = stat_what(fs, op, &st);
    if (!error)
        error = mhq_result_of(fs, run, sizeof(mhq_status));
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
    else
        mhq_status_of(&st, (mhq_status *)(void *)run->buffer);
}

/* ---- path_chmod, path_utime ---- */

static int set_mode(mhq_fs *fs, const mhq_op *op, mode_t mode)
{
    int fd, error;
    if (op->handle) {
        error = mhq_enter(op, &fd);
        if (error)
            return error;
        MHQ_TRY(error, fs->sys->fchmod(fd, mode));
        return mhq_leave_with(fs, op, fd, error);
    }
    if (follows(op) != 0)
        return mhq_chmod_unfollowed(fs, op->path, mode);
    MHQ_TRY(error, fs->sys->fchmodat(AT_FDCWD, op->path, mode, 0));
    return error;
}

void mhq_fs_path_chmod(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    int error = set_mode(fs, op, (mode_t)op->numbers->mode);
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}

static struct timespec time_of(int64_t seconds, int64_t nanoseconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds, .tv_nsec = (long)nanoseconds};
    return time;
}

/* `times` NULL: now. */
static int set_times(mhq_fs *fs, const mhq_op *op, const struct timespec *times)
{
    int fd, error;
    if (!op->handle) {
        MHQ_TRY(error, fs->sys->utimensat(AT_FDCWD, op->path, times, follows(op)));
        return error;
    }
    error = mhq_enter(op, &fd);
    if (error)
        return error;
    MHQ_TRY(error, fs->sys->futimens(fd, times));
    return mhq_leave_with(fs, op, fd, error);
}

void mhq_fs_path_utime(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    const mhq_numbers *n = op->numbers;
    int error;
    if (n == NULL || n->accessed == MHQ_ABSENT) {
        error = set_times(fs, op, NULL);
    } else {
        const struct timespec times[2] = {time_of(n->accessed, n->accessed_ns),
                                          time_of(n->modified, n->modified_ns)};
        error = set_times(fs, op, times);
    }
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}

/* ---- disk_usage ---- */

/* As df and shutil have it: what is free is free for anyone, not for root alone. */
void mhq_fs_disk_usage(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    struct statvfs st;
    int error;
    MHQ_TRY(error, fs->sys->statvfs(op->path, &st));
    if (!error)
        error = mhq_result_of(fs, run, sizeof(mhq_usage));
    if (error) {
        mhq_fail(run, error, MHQ_AT_PATH);
        return;
    }
    *(mhq_usage *)(void *)run->buffer = (mhq_usage){
        .total = (uint64_t)st.f_blocks * st.f_frsize,
        .used = ((uint64_t)st.f_blocks - st.f_bfree) * st.f_frsize,
        .free = (uint64_t)st.f_bavail * st.f_frsize,
    };
}
