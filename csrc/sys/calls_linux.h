/* sys/calls_linux.h - what Linux has and other POSIX systems have not: its own rows of the table of
 * calls, and constants for headers that are older than the kernel. See sys/calls.h.
 *
 * Calls that glibc 2.17 has no wrapper for (statx, renameat2, copy_file_range, getdents64,
 * getrandom) are made with syscall(2).
 */
#ifndef MHQ_SYS_CALLS_LINUX_H
#define MHQ_SYS_CALLS_LINUX_H

#include <fcntl.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1u
#endif
#ifndef O_PATH
#define O_PATH 010000000
#endif
#ifndef O_TMPFILE
#define O_TMPFILE (020000000 | O_DIRECTORY)
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef SEEK_DATA
#define SEEK_DATA 3
#define SEEK_HOLE 4
#endif

/* Opens a directory to work in, which need not be readable. */
#define MHQ_O_PLACE (O_PATH | O_DIRECTORY)

struct fiemap;

#define MHQ_OWN_CALLS(X)                                                                        \
    X(int, clone, (int to, int from), (to, from))                                               \
    X(int, file_system, (int fd, uint64_t *magic), (fd, magic))                                 \
    X(ssize_t, copy_range, (int from, off_t *at, int to, off_t *at2, size_t n), (from, at, to, at2, n)) \
    X(int, chmod, (const char *path, mode_t mode), (path, mode))                                \
    X(int, fchownat, (int dir, const char *path, uid_t uid, gid_t gid, int flags), (dir, path, uid, gid, flags)) \
    X(ssize_t, flistxattr, (int fd, char *to, size_t n), (fd, to, n))                           \
    X(ssize_t, fgetxattr, (int fd, const char *name, void *to, size_t n), (fd, name, to, n))    \
    X(int, fsetxattr, (int fd, const char *name, const void *from, size_t n, int flags), (fd, name, from, n, flags)) \
    X(int, fremovexattr, (int fd, const char *name), (fd, name))                                \
    X(int, fiemap, (int fd, struct fiemap *map), (fd, map))                                     \
    X(int, btrfs_uuid, (int fd, unsigned char uuid[16]), (fd, uuid))

#endif
