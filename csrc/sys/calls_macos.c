/* sys/calls_macos.c - the real table of system calls, for macOS 11 and later. Public API only.
 *
 * As thin as possible. Where macOS reports the same thing in another way, this file reports it as
 * the primitives expect it. Compiled and reviewed, but never run by its authors: docs/platforms.md.
 * Any thread; no state.
 */
#include "sys/calls_real.h"

#include <copyfile.h>
#include <errno.h>
#include <limits.h>
#include <sys/acl.h>
#include <sys/attr.h>
#include <sys/clonefile.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>

#include "sys/entries_macos.h"

/* Opening a socket fails with EOPNOTSUPP here; elsewhere with ENXIO. */
static int real_openat(int dir, const char *path, int flags, mode_t mode)
{
    int fd = openat(dir, path, flags, mode);
    if (fd < 0 && errno == EOPNOTSUPP)
        errno = ENXIO;
    return fd;
}

/* Every mount has a device number of its own here, and nothing is mounted twice. */
static int real_mount_id(int dir, const char *path, int flags, uint64_t *id)
{
    struct stat st;
    int result = (flags & AT_EMPTY_PATH) && !*path
                     ? fstat(dir, &st)
                     : fstatat(dir, path, &st, flags & AT_SYMLINK_NOFOLLOW);
    if (result == 0)
        *id = (uint64_t)st.st_dev;
    return result;
}

/* '.' and '..' are not among these entries. */
static ssize_t real_getdents(int fd, void *to, size_t n)
{
    struct attrlist wanted = {
        .bitmapcount = ATTR_BIT_MAP_COUNT,
        .commonattr = MHQ_ENTRY_RETURNED | MHQ_ENTRY_ERROR | MHQ_ENTRY_NAME | MHQ_ENTRY_TYPE |
                      MHQ_ENTRY_ID,
    };
    int count = getattrlistbulk(fd, &wanted, to, n, 0);
    if (count <= 0)
        return count;
    size_t length = mhq_entries(to, n, (size_t)count);
    if (length)
        return (ssize_t)length;
    errno = EIO;
    return -1;
}

/* Here fsync leaves the bytes in the disk's cache. Not every file system has F_FULLFSYNC. */
static int real_fsync(int fd)
{
    if (fcntl(fd, F_FULLFSYNC) == 0)
        return 0;
    if (errno != ENOTSUP && errno != ENOTTY && errno != EINVAL && errno != ENODEV)
        return -1;
    return fsync(fd);
}

/* The node of a socket cannot be made without binding it, and no primitive makes devices. FIFOs
 * relative to a directory came with macOS 13. */
static int real_mknodat(int dir, const char *path, mode_t mode, dev_t dev)
{
    (void)dev;
    if (S_ISFIFO(mode)) {
        if (__builtin_available(macOS 13.0, *))
            return mkfifoat(dir, path, mode & 0777);
    }
    errno = ENOTSUP;
    return -1;
}

/* For a directory the error is EPERM here; elsewhere it is EISDIR. */
static int real_unlinkat(int dir, const char *path, int flags)
{
    struct stat st;
    int result = unlinkat(dir, path, flags);
    if (result == 0 || errno != EPERM || flags != 0)
        return result;
    errno = fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) ? EISDIR
                                                                                     : EPERM;
    return -1;
}

static ssize_t real_getrandom(void *to, size_t n, unsigned flags)
{
    (void)flags;
    return getentropy(to, n) == 0 ? (ssize_t)n : -1;
}

static int real_clone_at(int from, int dir, const char *name)
{
    return fclonefileat(from, dir, name, CLONE_NOFOLLOW | CLONE_NOOWNERCOPY);
}

static int real_copy_xattrs(int from, int to)
{
    return fcopyfile(from, to, NULL, COPYFILE_XATTR);
}

static int real_copy_acl(int from, int to)
{
    acl_t acl = from >= 0 ? acl_get_fd(from) : NULL;
    if (acl == NULL) {
        if (from >= 0 && errno != ENOENT) /* ENOENT: it has none */
            return -1;
        acl = acl_init(1);
        if (acl == NULL)
            return -1;
    }
    int result = acl_set_fd(to, acl), saved = errno;
    (void)acl_free(acl);
    errno = saved;
    return result;
}

static int real_will_need(int fd, off_t at, off_t n)
{
    struct radvisory advice = {at, n < INT_MAX ? (int)n : INT_MAX};
    return fcntl(fd, F_RDADVISE, &advice);
}

static int real_has_come(int fd, off_t at)
{
    (void)fd, (void)at;
    errno = ENOTSUP;
    return -1;
}

/* To find out would take a mapping. */
static int real_cached(int fd, off_t at, off_t n)
{
    (void)fd, (void)at, (void)n;
    errno = ENOTSUP;
    return -1;
}

static int real_open_beneath(int dir, const char *path, int flags)
{
    (void)dir, (void)path, (void)flags;
    errno = ENOSYS;
    return -1;
}

static int real_private_descriptors(unsigned keep)
{
    (void)keep;
    errno = ENOSYS;
    return -1;
}

static int real_place_on_disk(int fd, off_t *at, off_t *n)
{
    struct log2phys place = {.l2p_contigbytes = *n, .l2p_devoffset = *at};
    if (fcntl(fd, F_LOG2PHYS_EXT, &place) < 0)
        return -1;
    *at = place.l2p_devoffset;
    *n = place.l2p_contigbytes;
    return 0;
}

#define SOLID_STATE _IOR('d', 79, uint32_t) /* DKIOCISSOLIDSTATE of <sys/disk.h> */

/* The device has to be opened for this, which takes permission to read it. */
static int real_solid_state(int fd)
{
    struct statfs mount;
    uint32_t solid = 1;
    if (fstatfs(fd, &mount) < 0)
        return -1;
    int device = open(mount.f_mntfromname, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (device < 0)
        return -1;
    int result = ioctl(device, SOLID_STATE, &solid), saved = errno;
    (void)close(device);
    errno = saved;
    return result < 0 ? -1 : solid != 0;
}

/* Alignments come from C types: large enough, and powers of two. */
static void *real_aligned(size_t alignment, size_t n)
{
    void *p;
    return posix_memalign(&p, alignment, n) == 0 ? p : NULL;
}

#define real_renameat2 renameatx_np

const mhq_calls mhq_calls_real = MHQ_REAL_CALLS;
