/* fs/posix/io.h - opening, reading and writing, with interruptions and short counts dealt with, and
 * the calls that all POSIX files of the seam make, as 0 or an errno.
 *
 * In all headers of this folder: a function that returns int returns 0 or an errno (never -1;
 * MHQ_ENOTREGULAR where the comment has it), unless its comment differs.
 */
#ifndef MHQ_FS_POSIX_IO_H
#define MHQ_FS_POSIX_IO_H

#include "fs/table.h"
#include "sys/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* Repeats a call while it is interrupted. Bounded: a file system that answers EINTR for ever
 * fails the operation instead of hanging the queue. */
#define MHQ_RETRY(result, call)                                                   \
    do {                                                                          \
        for (int mhq_tries_ = 10000; ((result) = (call)) < 0 && errno == EINTR && \
                                     --mhq_tries_ > 0;) {                         \
        }                                                                         \
    } while (0)

/* A call through the table as 0 or an errno, repeated while it is interrupted. */
#define MHQ_TRY(error, call)                    \
    do {                                        \
        int mhq_result_;                        \
        MHQ_RETRY(mhq_result_, call);           \
        (error) = mhq_result_ == 0 ? 0 : errno; \
    } while (0)

/* From this size on an operation reports beforehand that it is going to take long. */
#define MHQ_LENGTHY ((size_t)262144)
/* The most that one system call is asked to move. */
#define MHQ_CALL_BYTES ((size_t)1 << 30)

/* The same, where steps come in between. */
static inline size_t mhq_call_bytes(const mhq_fs *fs)
{
    return fs->step ? fs->slice : MHQ_CALL_BYTES;
}

/* Two numbers for one thing on some systems. */
static inline int mhq_unsupported(int error)
{
    return error == ENOSYS || error == EOPNOTSUPP || error == ENOTSUP;
}

static inline int mhq_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* As far as its size and modification time show. */
static inline int mhq_written_to(const struct stat *now, const struct stat *st)
{
    return now->st_size != st->st_size || now->st_mtim.tv_sec != st->st_mtim.tv_sec ||
           now->st_mtim.tv_nsec != st->st_mtim.tv_nsec;
}

/* open with O_CLOEXEC, EINTR dealt with; *fd is -1 on failure. */
int mhq_open(mhq_fs *fs, int dir, const char *path, int flags, mode_t mode, int *fd);

/* The same; never hangs on a FIFO, and never makes a terminal ours. */
int mhq_open_patiently(mhq_fs *fs, int dir, const char *path, int flags, mode_t mode, int *fd);

/* The same for reading; MHQ_ENOTREGULAR for a socket, or a device without a driver. */
int mhq_open_to_read(mhq_fs *fs, int dir, const char *path, int flags, int *fd);

/* fstat of what must be a regular file; notes its device in fs->device. */
int mhq_stat_regular(mhq_fs *fs, int fd, struct stat *st);

/* Opens a regular file for reading, never hanging: O_NONBLOCK|O_NOCTTY, then fstat. EISDIR for
 * a directory, MHQ_ENOTREGULAR for anything else that is no regular file (sockets too, whose
 * open fails with ENXIO). `flags` is added (O_NOFOLLOW). EAGAIN (a lease) is retried blocking. */
int mhq_open_regular(mhq_fs *fs, int dir, const char *path, int flags, int *fd, struct stat *st);

/* pread, and read where the file has no positions. EINTR dealt with; -1 and errno. */
ssize_t mhq_read_at(mhq_fs *fs, int fd, void *to, size_t n, off_t at);

/* Writes all of it at `at`, or, where that is negative, at the descriptor's position. Makes a call
 * for no bytes too. */
int mhq_write_bytes(mhq_fs *fs, int fd, const char *from, size_t n, off_t at);

/* Writes all of it: at the descriptor's position, and at `at`. */
int mhq_write_all(mhq_fs *fs, int fd, const char *from, size_t n);
int mhq_write_at(mhq_fs *fs, int fd, const char *from, size_t n, off_t at);

/* fs/linux/file.c, fs/macos/file.c: the permission bits of a path, not through a link; where links have
 * none, ENOTSUP for one. */
int mhq_chmod_unfollowed(mhq_fs *fs, const char *path, mode_t mode);

/* fs/posix/attributes.c */
void mhq_status_of(const struct stat *st, mhq_status *status);

/* The number in decimal and a NUL; no more than 11 bytes. */
void mhq_format_number(char *to, unsigned number);

static inline int mhq_stat(mhq_fs *fs, int dir, const char *name, int flags, struct stat *st)
{
    int error;
    MHQ_TRY(error, fs->sys->fstatat(dir, name, st, flags));
    return error;
}

static inline int mhq_stat_fd(mhq_fs *fs, int fd, struct stat *st)
{
    int error;
    MHQ_TRY(error, fs->sys->fstat(fd, st));
    return error;
}

static inline int mhq_unlink(mhq_fs *fs, int dir, const char *name, int flags)
{
    int error;
    MHQ_TRY(error, fs->sys->unlinkat(dir, name, flags));
    return error;
}

static inline int mhq_make_directory(mhq_fs *fs, int dir, const char *name, mode_t mode)
{
    int error;
    MHQ_TRY(error, fs->sys->mkdirat(dir, name, mode));
    return error;
}

static inline int mhq_rename(mhq_fs *fs, int dir, const char *name, int dir2, const char *name2)
{
    int error;
    MHQ_TRY(error, fs->sys->renameat(dir, name, dir2, name2));
    return error;
}

/* fs/linux/file.c, fs/macos/file.c */

/* An open that must not block failed with EAGAIN: this one may, but still not on a FIFO. EAGAIN where
 * there is no such way. */
int mhq_open_leased(mhq_fs *fs, int dir, const char *path, int flags, mode_t mode, int *fd);

/* Whether the file lies where a size is true, and a read comes short at the end only. Elsewhere the
 * end is where a read brings nothing: a server may give fewer bytes than it was asked for, and have
 * more than the size. */
int mhq_device_is_exact(mhq_fs *fs, int fd);

/* The same. The last device is remembered: most files lie where the one before lay. */
static inline int mhq_size_is_exact(mhq_fs *fs, int fd, const struct stat *st)
{
    if (fs->sized != (uint64_t)st->st_dev) {
        fs->exact = mhq_device_is_exact(fs, fd);
        fs->sized = (uint64_t)st->st_dev;
    }
    return fs->exact;
}

#endif
