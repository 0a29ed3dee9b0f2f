/* fs/linux/file.c - steps of the primitives that Linux has its own way for; see
 * fs/posix/io.h and fs/posix/special.h. */
#include "fs/posix/special.h"

#include <string.h>

/* Where the file is leased, the open that must not block fails with EAGAIN. The blocking open that
 * waits for the lease's holder goes through a descriptor which pins the file, so that no
 * FIFO can be put under the name in between. */
int mhq_open_leased(mhq_fs *fs, int dir, const char *path, int flags, mode_t mode, int *fd)
{
    int pin, error = mhq_open(fs, dir, path, O_PATH | (flags & O_NOFOLLOW), 0, &pin);
    if (error == ENOENT && (flags & O_CREAT)) /* it has just gone */
        return mhq_open(fs, dir, path, flags | O_NONBLOCK, mode, fd);
    if (error)
        return error;
    struct stat st;
    if (fs->sys->fstat(pin, &st) < 0) {
        error = errno;
    } else if (!S_ISREG(st.st_mode)) {
        error = EAGAIN;
    } else {
        char link[48] = "/proc/self/fd/";
        mhq_format_number(link + strlen(link), (unsigned)pin);
        error = mhq_open(fs, AT_FDCWD, link, flags & ~(O_CREAT | O_NOFOLLOW), 0, fd);
    }
    (void)fs->sys->close(pin);
    return error;
}

/* Those of the kernel's own whose reads come short at the end of a file only, and whose sizes are
 * true. Not those that a server answers for (FUSE, NFS, SMB, 9P), nor what lies over others. */
static int reads_in_full(uint64_t magic)
{
    static const uint32_t known[] = {
        0xEF53, 0x58465342, 0x9123683E, 0xF2F52010, 0x01021994, 0x858458F6, /* ext, xfs, btrfs, f2fs, tmpfs, ramfs */
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (magic == known[i])
            return 1;
    return 0;
}

int mhq_device_is_exact(mhq_fs *fs, int fd)
{
    uint64_t magic;
    return fs->sys->file_system(fd, &magic) == 0 && reads_in_full(magic);
}

/* The mode of what is open by number only (O_PATH), by way of /proc. -1 and errno. */
static int set_mode(mhq_fs *fs, int fd, mode_t mode)
{
    char path[48] = "/proc/self/fd/";
    mhq_format_number(path + strlen(path), (unsigned)fd);
    return fs->sys->chmod(path, mode);
}

int mhq_chmod_unfollowed(mhq_fs *fs, const char *path, mode_t mode)
{
    struct stat st;
    int fd;
    int error = mhq_open(fs, AT_FDCWD, path, O_PATH | O_NOFOLLOW, 0, &fd);
    if (error)
        return error;
    error = mhq_stat_fd(fs, fd, &st);
    if (!error && S_ISLNK(st.st_mode))
        error = ENOTSUP;
    if (!error && set_mode(fs, fd, mode) < 0)
        error = errno;
    (void)fs->sys->close(fd);
    return error;
}

/* What cannot be opened for good is opened by number only. The mode of mknod is cut by the umask. */
int mhq_apply_node_metadata(mhq_fs *fs, const struct stat *st, int dir2, const char *name2, int ownership)
{
    struct stat made;
    int fd;
    int error = mhq_open(fs, dir2, name2, O_PATH | O_NOFOLLOW, 0, &fd);
    if (error)
        return error;
    error = mhq_stat_fd(fs, fd, &made);
    if (!error && (((made.st_mode ^ st->st_mode) & S_IFMT) != 0 || made.st_nlink > 1))
        error = ESTALE;
    if (!error && ownership && fs->sys->fchownat(fd, "", st->st_uid, st->st_gid, AT_EMPTY_PATH) != 0)
        fs->sys->fchownat(fd, "", (uid_t)-1, st->st_gid, AT_EMPTY_PATH);
    if (!error && !S_ISLNK(st->st_mode) && ((made.st_mode ^ st->st_mode) & 0777) != 0)
        (void)set_mode(fs, fd, st->st_mode & 0777); /* best effort */
    fs->sys->close(fd);
    return error;
}
