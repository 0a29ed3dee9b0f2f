/* fs/posix/io.c - see fs/posix/io.h. */
#include "fs/posix/io.h"

/* In one function with what is around it: each small operation opens. */
static inline int open_at(mhq_fs *fs, int dir, const char *path, int flags, mode_t mode, int *fd)
{
    MHQ_RETRY(*fd, fs->sys->openat(dir, path, flags | O_CLOEXEC, mode));
    return *fd < 0 ? errno : 0;
}

int mhq_open(mhq_fs *fs, int dir, const char *path, int flags, mode_t mode, int *fd)
{
    return open_at(fs, dir, path, flags, mode, fd);
}

void mhq_format_number(char *to, unsigned number)
{
    char digits[16];
    size_t n = 0;
    do
        digits[n++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (n)
        *to++ = digits[--n];
    *to = 0;
}

/* Never hangs on a FIFO, and never makes a terminal ours. */
static inline int open_patiently(mhq_fs *fs, int dir, const char *path, int flags, mode_t mode,
                                 int *fd)
{
    int error = open_at(fs, dir, path, flags | O_NOCTTY | O_NONBLOCK, mode, fd);
    if (error == EAGAIN)
        error = mhq_open_leased(fs, dir, path, flags | O_NOCTTY, mode, fd);
    return error;
}

int mhq_open_patiently(mhq_fs *fs, int dir, const char *path, int flags, mode_t mode, int *fd)
{
    return open_patiently(fs, dir, path, flags, mode, fd);
}

int mhq_open_to_read(mhq_fs *fs, int dir, const char *path, int flags, int *fd)
{
    int error = open_patiently(fs, dir, path, O_RDONLY | flags, 0, fd);
    return error == ENXIO ? MHQ_ENOTREGULAR : error; /* a socket, or a device without a driver */
}

int mhq_stat_regular(mhq_fs *fs, int fd, struct stat *st)
{
    if (fs->sys->fstat(fd, st) < 0)
        return errno;
    if (!S_ISREG(st->st_mode))
        return S_ISDIR(st->st_mode) ? EISDIR : MHQ_ENOTREGULAR;
    fs->device = (uint64_t)st->st_dev;
    return 0;
}

int mhq_open_regular(mhq_fs *fs, int dir, const char *path, int flags, int *fd, struct stat *st)
{
    int error = mhq_open_to_read(fs, dir, path, flags, fd);
    if (error)
        return error;
    error = mhq_stat_regular(fs, *fd, st);
    if (error) {
        (void)fs->sys->close(*fd);
        *fd = -1;
    }
    return error;
}

ssize_t mhq_read_at(mhq_fs *fs, int fd, void *to, size_t n, off_t at)
{
    ssize_t got;
    if (n > mhq_call_bytes(fs))
        n = mhq_call_bytes(fs);
    MHQ_RETRY(got, fs->sys->pread(fd, to, n, at));
    if (got < 0 && errno == ESPIPE)
        MHQ_RETRY(got, fs->sys->read(fd, to, n));
    if (got > 0)
        fs->bytes_read += (uint64_t)got;
    return got;
}

/* at < 0: at the descriptor's position. */
int mhq_write_bytes(mhq_fs *fs, int fd, const char *from, size_t n, off_t at)
{
    do { /* once for no bytes too: file_write learns from it what it writes to */
        size_t some = n < MHQ_CALL_BYTES ? n : MHQ_CALL_BYTES;
        ssize_t put;
        if (at < 0)
            MHQ_RETRY(put, fs->sys->write(fd, from, some));
        else
            MHQ_RETRY(put, fs->sys->pwrite(fd, from, some, at));
        if (put < 0)
            return errno;
        if (put == 0 && n)
            return EIO; /* no progress, no error: better than going on for ever */
        fs->bytes_written += (uint64_t)put;
        from += put;
        n -= (size_t)put;
        if (at >= 0)
            at += put;
    } while (n);
    return 0;
}

int mhq_write_all(mhq_fs *fs, int fd, const char *from, size_t n)
{
    return n ? mhq_write_bytes(fs, fd, from, n, -1) : 0;
}

int mhq_write_at(mhq_fs *fs, int fd, const char *from, size_t n, off_t at)
{
    return n ? mhq_write_bytes(fs, fd, from, n, at) : 0;
}
