/* fs/macos/file.c - steps of the primitives that macOS has its own way for; see
 * fs/posix/io.h and fs/posix/special.h. */
#include "fs/posix/special.h"

int mhq_chmod_unfollowed(mhq_fs *fs, const char *path, mode_t mode)
{
    int error;
    MHQ_TRY(error, fs->sys->fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW));
    return error;
}

/* No leases here. */
int mhq_open_leased(mhq_fs *fs, int dir, const char *path, int flags, mode_t mode, int *fd)
{
    (void)fs, (void)dir, (void)path, (void)flags, (void)mode, (void)fd;
    return EAGAIN;
}

/* It costs a read for each file; it is not measured what a list of file systems would save. */
int mhq_device_is_exact(mhq_fs *fs, int fd)
{
    (void)fs, (void)fd;
    return 0;
}

/* A link has a descriptor of its own; a FIFO opens at once for a reader that does not wait. One that
 * its own mode keeps shut stays as it was made: its mode was cut by the umask. */
int mhq_apply_node_metadata(mhq_fs *fs, const struct stat *st, int dir2, const char *name2, int ownership)
{
    int link = S_ISLNK(st->st_mode);
    struct stat made;
    int fd;
    int error = mhq_open(fs, dir2, name2,
                         O_RDONLY | O_NONBLOCK | O_NOCTTY | (link ? O_SYMLINK : O_NOFOLLOW), 0, &fd);
    if (error)
        return error == EACCES ? 0 : error;
    error = mhq_stat_fd(fs, fd, &made);
    if (!error && (((made.st_mode ^ st->st_mode) & S_IFMT) != 0 || made.st_nlink > 1))
        error = ESTALE;
    if (!error && ownership && fs->sys->fchown(fd, st->st_uid, st->st_gid) != 0)
        fs->sys->fchown(fd, (uid_t)-1, st->st_gid);
    if (!error && !link && ((made.st_mode ^ st->st_mode) & 0777) != 0)
        fs->sys->fchmod(fd, st->st_mode & 0777);
    fs->sys->close(fd);
    return error;
}
