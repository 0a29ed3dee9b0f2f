/* sys/calls_posix.h - the rows of the table of calls for POSIX systems; see sys/calls.h. What only
 * one of them has is in sys/calls_linux.h or sys/calls_macos.h.
 *
 * The usual convention: -1 and errno on failure. Where systems do the same thing in different
 * ways, the table has that of Linux: mount_id, getdents (the kernel's struct linux_dirent64),
 * renameat2, fsync (which reaches the disk's own cache too).
 *
 *   will_need            starts to read a range into the page cache, and does not wait for it
 *   cached               1: all of the range is in the page cache; 0: not all. Reads nothing
 *   has_come             1: the byte can be read without waiting; 0: not yet, or not at all
 *   open_beneath         openat that follows no link and crosses no mount anywhere in the path
 *   private_descriptors  from here on this thread, and those it starts, have a table of descriptors
 *                        of their own; of what was open only those below `keep` are in it
 *   open_limit           how many descriptors the process may have
 */
#ifndef MHQ_SYS_CALLS_POSIX_H
#define MHQ_SYS_CALLS_POSIX_H

#include <dirent.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <time.h>

#ifdef __APPLE__
#include "sys/calls_macos.h"
#else
#include "sys/calls_linux.h"
#endif

/* X(return type, name, (parameters), (arguments)) */
#define MHQ_SYSTEM_CALLS(X)                                                                     \
    MHQ_OWN_CALLS(X)                                                                            \
    X(int, openat, (int dir, const char *path, int flags, mode_t mode), (dir, path, flags, mode)) \
    X(int, close, (int fd), (fd))                                                               \
    X(int, fstat, (int fd, struct stat *st), (fd, st))                                          \
    X(int, fstatat, (int dir, const char *path, struct stat *st, int flags), (dir, path, st, flags)) \
    X(int, mount_id, (int dir, const char *path, int flags, uint64_t *id), (dir, path, flags, id)) \
    X(ssize_t, read, (int fd, void *to, size_t n), (fd, to, n))                                 \
    X(ssize_t, pread, (int fd, void *to, size_t n, off_t at), (fd, to, n, at))                  \
    X(ssize_t, write, (int fd, const void *from, size_t n), (fd, from, n))                      \
    X(ssize_t, pwrite, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at))       \
    X(off_t, lseek, (int fd, off_t at, int whence), (fd, at, whence))                           \
    X(int, ftruncate, (int fd, off_t size), (fd, size))                                         \
    X(int, truncate, (const char *path, off_t size), (path, size))                              \
    X(int, fsync, (int fd), (fd))                                                               \
    X(int, fcntl_setfl, (int fd, int flags), (fd, flags))                                       \
    X(ssize_t, getdents, (int fd, void *to, size_t n), (fd, to, n))                             \
    X(int, mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode))                \
    X(int, mknodat, (int dir, const char *path, mode_t mode, dev_t dev), (dir, path, mode, dev)) \
    X(int, symlinkat, (const char *text, int dir, const char *path), (text, dir, path))         \
    X(ssize_t, readlinkat, (int dir, const char *path, char *to, size_t n), (dir, path, to, n)) \
    X(int, linkat, (int d1, const char *p1, int d2, const char *p2, int flags), (d1, p1, d2, p2, flags)) \
    X(int, unlinkat, (int dir, const char *path, int flags), (dir, path, flags))                \
    X(int, renameat, (int d1, const char *p1, int d2, const char *p2), (d1, p1, d2, p2))        \
    X(int, renameat2, (int d1, const char *p1, int d2, const char *p2, unsigned flags), (d1, p1, d2, p2, flags)) \
    X(int, fchmodat, (int dir, const char *path, mode_t mode, int flags), (dir, path, mode, flags)) \
    X(int, statvfs, (const char *path, struct statvfs *st), (path, st))                         \
    X(int, fchmod, (int fd, mode_t mode), (fd, mode))                                           \
    X(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))                              \
    X(int, futimens, (int fd, const struct timespec ts[2]), (fd, ts))                           \
    X(int, utimensat, (int dir, const char *path, const struct timespec ts[2], int flags), (dir, path, ts, flags)) \
    X(ssize_t, getrandom, (void *to, size_t n, unsigned flags), (to, n, flags))                 \
    X(int, will_need, (int fd, off_t at, off_t n), (fd, at, n))                                 \
    X(int, has_come, (int fd, off_t at), (fd, at))                                              \
    X(int, cached, (int fd, off_t at, off_t n), (fd, at, n))                                    \
    X(int, open_beneath, (int dir, const char *path, int flags), (dir, path, flags))            \
    X(int, private_descriptors, (unsigned keep), (keep))                                        \
    X(int, open_limit, (uint64_t *limit), (limit))

#endif
