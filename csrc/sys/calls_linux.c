/* sys/calls_linux.c - the real table of system calls, for Linux.
 *
 * As thin as possible: libc's function where every libc has it, syscall(2) where glibc 2.17
 * has no wrapper, and numbers and flags spelled out where its headers lack them. Only mount_id
 * takes several calls, because old kernels have no single call for it.
 * Any thread; no state.
 */
#include "sys/calls_real.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/fiemap.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__ILP32__)
#define NUMBER(x86_64, aarch64) (x86_64)
#elif defined(__aarch64__) && !defined(__ILP32__)
#define NUMBER(x86_64, aarch64) (aarch64)
#endif

#ifdef NUMBER
#ifndef SYS_renameat2
#define SYS_renameat2 NUMBER(316, 276)
#endif
#ifndef SYS_getrandom
#define SYS_getrandom NUMBER(318, 278)
#endif
#ifndef SYS_copy_file_range
#define SYS_copy_file_range NUMBER(326, 285)
#endif
#ifndef SYS_statx
#define SYS_statx NUMBER(332, 291)
#endif
#endif

/* Newer calls have one number on all processors. */
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

#ifndef FS_IOC_FIEMAP
#define FS_IOC_FIEMAP _IOWR('f', 11, struct fiemap)
#endif
#ifndef FICLONE
#define FICLONE _IOW(0x94, 9, int)
#endif

_Static_assert(sizeof(off_t) == 8, "on 32 bits: build with _FILE_OFFSET_BITS=64");

static int real_openat(int dir, const char *path, int flags, mode_t mode)
{
    return openat(dir, path, flags, mode);
}

#define real_fsync fsync

static ssize_t real_getdents(int fd, void *to, size_t n)
{
    return syscall(SYS_getdents64, fd, to, n);
}

static int real_renameat2(int d1, const char *p1, int d2, const char *p2, unsigned flags)
{
    return (int)syscall(SYS_renameat2, d1, p1, d2, p2, flags);
}

static int real_clone(int to, int from)
{
    return ioctl(to, FICLONE, from);
}

static int real_file_system(int fd, uint64_t *magic)
{
    struct statfs st;
    int result = fstatfs(fd, &st);
    if (result == 0)
        *magic = (uint32_t)st.f_type; /* an int of either sign on some machines */
    return result;
}

static ssize_t real_copy_range(int from, off_t *at, int to, off_t *at2, size_t n)
{
    return syscall(SYS_copy_file_range, from, at, to, at2, n, 0U);
}

static ssize_t real_getrandom(void *to, size_t n, unsigned flags)
{
    return syscall(SYS_getrandom, to, n, flags);
}

/* The kernel's struct statx as far as it is needed here: old headers do not have it, and some
 * that do lack the mount id. 256 bytes, for ever. */
struct stat_extended {
    uint32_t mask;
    uint32_t other[35];
    uint64_t mount_id;
    uint64_t spare[13];
};
_Static_assert(offsetof(struct stat_extended, mount_id) == 144, "layout of struct statx");
_Static_assert(sizeof(struct stat_extended) == 256, "size of struct statx");

#define MASK_MOUNT_ID 0x1000u /* STATX_MNT_ID */

/* What a file has, with a NUL, as far as there is room. -1: errno. */
static int read_text(int fd, char *text, size_t room)
{
    size_t have = 0;
    ssize_t n = 1;
    while (n != 0 && have + 1 < room) {
        n = read(fd, text + have, room - 1 - have);
        if (n > 0)
            have += (size_t)n;
        else if (n < 0 && errno != EINTR)
            return -1;
    }
    text[have] = 0;
    return 0;
}

/* The line "mnt_id:" in /proc's file about a descriptor. */
static int mount_id_of_descriptor(int fd, uint64_t *id)
{
    char path[48], text[512];
    (void)snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    int info = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (info < 0)
        return -1;
    int result = read_text(info, text, sizeof text), saved = errno;
    (void)close(info);
    if (result < 0) {
        errno = saved;
        return -1;
    }
    const char *line = strstr(text, "mnt_id:");
    if (!line) {
        errno = ENOSYS;
        return -1;
    }
    *id = strtoull(line + strlen("mnt_id:"), NULL, 10);
    return 0;
}

static int mount_id_by_proc(int dir, const char *path, int flags, uint64_t *id)
{
    if ((flags & AT_EMPTY_PATH) && !*path)
        return mount_id_of_descriptor(dir, id);
    int follow = (flags & AT_SYMLINK_NOFOLLOW) ? O_NOFOLLOW : 0;
    int fd = openat(dir, path, O_PATH | O_CLOEXEC | follow);
    if (fd < 0)
        return -1;
    int result = mount_id_of_descriptor(fd, id);
    int saved = errno;
    (void)close(fd);
    errno = saved;
    return result;
}

/* Kernels before 5.8 leave the mount id out, those before 4.11 have no statx, and sandboxes refuse
 * it in one way or another. qemu's emulation of programs for other processors sets the bit of the
 * mount id, but leaves the id 0: if that were trusted, deletes would go beyond the mount of a tree. */
static int real_mount_id(int dir, const char *path, int flags, uint64_t *id)
{
#ifdef SYS_statx
    struct stat_extended st;
    memset(&st, 0, sizeof st); /* memory checkers cannot see that the call writes here */
    if (syscall(SYS_statx, dir, path, flags, MASK_MOUNT_ID, &st) == 0) {
        if ((st.mask & MASK_MOUNT_ID) && st.mount_id) {
            *id = st.mount_id;
            return 0;
        }
    } else if (errno != ENOSYS && errno != EPERM && errno != EINVAL) {
        return -1;
    }
#endif
    return mount_id_by_proc(dir, path, flags, id);
}

static int real_will_need(int fd, off_t at, off_t n)
{
    int error = posix_fadvise(fd, at, n, POSIX_FADV_WILLNEED);
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

/* RWF_NOWAIT; preadv2 takes the offset in two halves. */
static int real_has_come(int fd, off_t at)
{
#ifdef SYS_preadv2
    char byte;
    struct iovec to = {&byte, 1};
    long n = syscall(SYS_preadv2, fd, &to, 1L, (long)at, 0L, 8L);
    if (n >= 0)
        return 1;
    return errno == EAGAIN ? 0 : -1;
#else
    (void)fd, (void)at;
    errno = ENOSYS;
    return -1;
#endif
}

static off_t page_bytes(void)
{
    return (off_t)sysconf(_SC_PAGESIZE);
}

/* For kernels before 6.5: checks as much of the range as a small vector covers. For files that
 * another user owns, mincore reports that all pages are there. */
static int cached_by_mincore(int fd, off_t at, off_t n)
{
    enum { PAGES = 256 };
    unsigned char there[PAGES];
    off_t page = page_bytes(), start = at / page * page, bytes = at + n - start;
    if (bytes > page * PAGES)
        bytes = page * PAGES;
    void *map = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, fd, start);
    if (map == MAP_FAILED)
        return -1;
    int result = mincore(map, (size_t)bytes, there), saved = errno;
    (void)munmap(map, (size_t)bytes);
    errno = saved;
    if (result < 0)
        return -1;
    for (off_t i = 0; i < (bytes + page - 1) / page; i++)
        if (!(there[i] & 1))
            return 0;
    return 1;
}

/* A read with RWF_NOWAIT would report it, too, but it starts to read what is missing. */
static int real_cached(int fd, off_t at, off_t n)
{
    struct {
        uint64_t at, n;
    } range = {(uint64_t)at, (uint64_t)n};
    struct {
        uint64_t cached, other[4];
    } found;
    memset(&found, 0, sizeof found);
    if (syscall(SYS_cachestat, fd, &range, &found, 0) < 0)
        return cached_by_mincore(fd, at, n);
    off_t page = page_bytes();
    return found.cached >= (uint64_t)((at + n - 1) / page - at / page + 1);
}

/* RESOLVE_NO_XDEV, _NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH */
#define BENEATH 0x0fu

static int real_open_beneath(int dir, const char *path, int flags)
{
    struct {
        uint64_t flags, mode, resolve;
    } how = {(uint64_t)flags, 0, BENEATH};
    return (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
}

/* CLOSE_RANGE_UNSHARE */
static int real_private_descriptors(unsigned keep)
{
    return (int)syscall(SYS_close_range, keep, ~0U, 2U);
}

static int real_fiemap(int fd, struct fiemap *map)
{
    return ioctl(fd, FS_IOC_FIEMAP, map);
}

/* struct btrfs_ioctl_fs_info_args: two numbers, the id, and more. */
static int real_btrfs_uuid(int fd, unsigned char uuid[16])
{
    struct {
        uint64_t max_id, num_devices;
        unsigned char fsid[16];
        unsigned char other[992];
    } info;
    memset(&info, 0, sizeof info);
    if (ioctl(fd, _IOR(0x94, 31, info), &info) < 0)
        return -1;
    memcpy(uuid, info.fsid, sizeof info.fsid);
    return 0;
}

/* Functions of libc that macOS lacks, or has in another form. */
#define real_mknodat mknodat
#define real_unlinkat unlinkat
#define real_chmod chmod
#define real_fchownat fchownat
#define real_flistxattr flistxattr
#define real_fgetxattr fgetxattr
#define real_fsetxattr fsetxattr
#define real_fremovexattr fremovexattr
#define real_aligned aligned_alloc

const mhq_calls mhq_calls_real = MHQ_REAL_CALLS;
