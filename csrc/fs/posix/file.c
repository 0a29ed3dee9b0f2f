/* fs/posix/file.c - the primitives that need no walk: exists, create, delete, rename,
 * read, write.
 *
 * Each primitive runs on the baton holder's thread, with that thread's mhq_fs. The hot ones
 * make the fewest system calls that are right: exists one, read four, write three; whatever is
 * unusual is found out from the failure of the usual call.
 */
#include "fs/posix/handle.h"

#include <string.h>

/* ---- exists ---- */

/* run->error stays 0 and st_mode is 0 where there is nothing. */
static mode_t mode_of(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    struct stat st;
    int result;
    MHQ_RETRY(result, fs->sys->fstatat(AT_FDCWD, op->path, &st, 0));
    if (result == 0)
        return st.st_mode;
    if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP && errno != ENAMETOOLONG)
        mhq_fail(run, errno, MHQ_AT_PATH);
    return 0;
}

void mhq_fs_file_exists(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mode_t mode = mode_of(fs, op, run);
    run->exists = mode != 0 && !S_ISDIR(mode);
}

void mhq_fs_directory_exists(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    run->exists = S_ISDIR(mode_of(fs, op, run));
}

/* ---- create, delete ---- */

void mhq_fs_file_create(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    int fd, error = mhq_open(fs, AT_FDCWD, op->path, O_WRONLY | O_CREAT | O_EXCL, 0666, &fd);
    if (!error && fs->sys->close(fd) < 0 && errno != EINTR)
        error = errno;
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}

void mhq_fs_file_delete(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    int result;
    MHQ_RETRY(result, fs->sys->unlinkat(AT_FDCWD, op->path, 0));
    if (result == 0)
        return;
    int error = errno;
    struct stat st;
    /* What POSIX has for a directory where Linux has EISDIR. */
    if (error == EPERM && fs->sys->fstatat(AT_FDCWD, op->path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISDIR(st.st_mode))
        error = EISDIR;
    mhq_fail(run, error, MHQ_AT_PATH);
}

/* ---- read ---- */

#define SMALL_PART ((size_t)8192) /* fits a block: see fs/block.h */

/* Files in /proc and the like have a size of 0 and bytes all the same; most files of size 0
 * have none, and must cost neither budget nor memory. */
static MHQ_COLD int read_unsized(mhq_fs *fs, int fd, const mhq_part *part, mhq_run *run, mhq_growing *g)
{
    size_t want = part->most < MHQ_SCRATCH ? part->most : MHQ_SCRATCH;
    ssize_t got = want ? mhq_read_at(fs, fd, fs->scratch, want, part->from) : 0;
    if (got < 0)
        return errno;
    size_t have = (size_t)got;
    int error = mhq_reserve(fs, run, g, have ? 2 * have + 4096 : 0);
    if (error)
        return error;
    memcpy(g->buffer + fs->head, fs->scratch, have);
    g->have = have;
    return 0;
}

/* What was read, at the end of a slice. The rest of the file is counted when it ends. */
static int count_read(mhq_fs *fs, ssize_t got)
{
    fs->done += (uint64_t)got;
    if (got == 0)
        return mhq_last_step(fs);
    return fs->done >= fs->slice ? mhq_step(fs) : 0;
}

/* Reads until the part's end or the file's: that is where a read brings nothing. Where sizes are exact
 * a read that fills just the size left its one byte of slack empty: that was the end too. */
static int read_part(mhq_fs *fs, int fd, const mhq_part *part, const struct stat *st, mhq_run *run,
                     mhq_growing *g)
{
    size_t size = st->st_size > part->from ? (size_t)(st->st_size - part->from) : 0;
    if (size > part->most)
        size = part->most;
    int error = size ? mhq_reserve(fs, run, g, size) : read_unsized(fs, fd, part, run, g);
    if (error || (!size && !g->have))
        return error;
    if (size >= MHQ_LENGTHY && fs->lengthy)
        fs->lengthy(fs->context);
    mhq_total(fs, size);
    fs->done = g->have;
    while (g->have < part->most) {
        size_t want = g->capacity + 1 - g->have;
        if (want > mhq_call_bytes(fs))
            want = mhq_call_bytes(fs);
        if (want > part->most - g->have)
            want = part->most - g->have;
        ssize_t got = mhq_read_at(fs, fd, g->buffer + fs->head + g->have, want,
                                  part->from + (off_t)g->have);
        if (got < 0)
            return errno;
        g->have += (size_t)got;
        error = count_read(fs, got);
        if (error || got == 0)
            return error;
        if (g->have == size && (size_t)got < want && mhq_size_is_exact(fs, fd, st))
            return mhq_last_step(fs);
        if (g->have > g->capacity) {
            error = mhq_reserve(fs, run, g, g->have + g->have / 2 + 4096);
            if (error)
                return error;
        }
    }
    return mhq_last_step(fs);
}

/* Of a handle, which can be read only if its file is regular, a part that is worth no question for the
 * file's size. It ends where a read brings nothing. */
static int read_small_part(mhq_fs *fs, int fd, const mhq_part *part, mhq_run *run, mhq_growing *g)
{
    int error = mhq_reserve(fs, run, g, part->most);
    while (!error && g->have < part->most) {
        ssize_t got = mhq_read_at(fs, fd, g->buffer + fs->head + g->have, part->most - g->have,
                                  part->from + (off_t)g->have);
        if (got < 0)
            return errno;
        if (got == 0)
            break;
        g->have += (size_t)got;
    }
    if (error)
        return error;
    mhq_total(fs, g->have);
    fs->done = g->have;
    return mhq_last_step(fs);
}

static int reach_and_read(mhq_fs *fs, const mhq_op *op, const mhq_part *part, mhq_run *run,
                          mhq_growing *g)
{
    struct stat st;
    int fd, small = op->handle != NULL && part->most <= SMALL_PART;
    int error = small ? mhq_enter(op, &fd) : mhq_reach_regular(fs, op, &fd, &st);
    if (!error) {
        error = small ? read_small_part(fs, fd, part, run, g) : read_part(fs, fd, part, &st, run, g);
        (void)mhq_leave(fs, op, fd);
    }
    return error;
}

void mhq_fs_file_read(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_growing g = {NULL, 0, 0};
    mhq_part part;
    int error = mhq_part_of(op, &part);
    if (!error)
        error = reach_and_read(fs, op, &part, run, &g);
    if (error) {
        mhq_result_drop(fs, run, g.buffer);
        mhq_fail(run, error, MHQ_AT_PATH);
        return;
    }
    mhq_give_back(fs, &g);
    run->buffer = g.buffer;
    run->length = g.have;
}

/* ---- write ---- */

/* The first pwrite was refused. ESPIPE: the file has no positions; a FIFO is an error (nothing
 * has been written yet), a terminal is written to as open() would. EAGAIN: the descriptor is
 * to wait after all. */
static MHQ_COLD int write_unusual(mhq_fs *fs, int fd, const mhq_op *op, off_t from, int refusal)
{
    struct stat st;
    if (fs->sys->fstat(fd, &st) < 0)
        return errno;
    if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
        return MHQ_ENOTREGULAR;
    if (fs->sys->fcntl_setfl(fd, O_WRONLY) < 0)
        return errno;
    return mhq_write_bytes(fs, fd, op->data, op->size, refusal == ESPIPE ? -1 : from);
}

/* All but the last slice, which begins at `*at`; what a step returns changes nothing: a file that is
 * being written is written to its end. */
static MHQ_APART int write_slices(mhq_fs *fs, int fd, const mhq_op *op, off_t from, size_t *at)
{
    for (size_t some = mhq_call_bytes(fs); op->size - *at > some; *at += some) {
        int error = mhq_write_bytes(fs, fd, op->data + *at, some, from < 0 ? -1 : from + (off_t)*at);
        if (error)
            return error;
        fs->done += some;
        (void)mhq_step(fs);
    }
    return 0;
}

static inline int write_all(mhq_fs *fs, int fd, const mhq_op *op, off_t from)
{
    size_t at = 0;
    int error = 0;
    mhq_total(fs, op->size);
    if (op->size > mhq_call_bytes(fs))
        error = write_slices(fs, fd, op, from, &at);
    if (!error)
        error = mhq_write_bytes(fs, fd, op->data + at, op->size - at, from < 0 ? -1 : from + (off_t)at);
    if (!error) {
        fs->done += op->size - at;
        (void)mhq_last_step(fs);
    }
    return error;
}

int mhq_write_data(mhq_fs *fs, int fd, const mhq_op *op, off_t from)
{
    return write_all(fs, fd, op, from);
}

static int is_regular(mhq_fs *fs, int fd)
{
    struct stat st;
    return mhq_stat_fd(fs, fd, &st) != 0 || S_ISREG(st.st_mode);
}

static int empty_handle(mhq_fs *fs, const mhq_op *op, int fd)
{
    int error;
    if (!(op->handle->mode & MHQ_OPEN_WRITES)) /* for which a write has EBADF, and ftruncate EINVAL */
        return mhq_leave_with(fs, op, fd, EBADF);
    MHQ_TRY(error, fs->sys->ftruncate(fd, 0));
    if (error == EINVAL && !is_regular(fs, fd)) /* a device has no contents to be replaced */
        error = 0;
    return error ? mhq_leave_with(fs, op, fd, error) : 0;
}

/* What is written to, from where on. An offset cuts nothing off; without one the contents are replaced,
 * those of a handle's file too. */
static MHQ_APART int reach_given_place(mhq_fs *fs, const mhq_op *op, int *fd, off_t *from)
{
    int64_t offset;
    int error = mhq_offset_of(op, &offset);
    *from = offset < 0 ? 0 : offset;
    if (!error)
        error = mhq_reach_to_write(fs, op, offset < 0 ? O_CREAT | O_TRUNC : O_CREAT, fd);
    return error || !op->handle || offset >= 0 ? error : empty_handle(fs, op, *fd);
}

static inline int reach_place(mhq_fs *fs, const mhq_op *op, int *fd, off_t *from)
{
    if (op->numbers || op->handle)
        return reach_given_place(fs, op, fd, from);
    *from = 0;
    return mhq_reach_to_write(fs, op, O_CREAT | O_TRUNC, fd);
}

void mhq_fs_file_write(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    off_t from;
    int fd, error = reach_place(fs, op, &fd, &from);
    if (error) {
        mhq_fail(run, error, MHQ_AT_PATH);
        return;
    }
    if (op->size >= MHQ_LENGTHY && fs->lengthy)
        fs->lengthy(fs->context);
    error = write_all(fs, fd, op, from);
    if (error == ESPIPE || error == EAGAIN)
        error = write_unusual(fs, fd, op, from, error);
    error = mhq_leave_with(fs, op, fd, error);
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}
