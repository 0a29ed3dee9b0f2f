/* sys/calls_macos.c - the real table of system calls, for macOS 11 and later. Public API only.
 *
 * As thin as it can be. Where macOS says the same thing in another way, it is said here as the
 * primitives expect it. Compiled and reviewed, but never run by its authors: docs/platforms.md.
 * Any thread; no state.
 */
#include "sys/calls_real.h"

#include <copyfile.h>
#include <errno.h>
#include <sys/acl.h>
#include <sys/attr.h>
#include <sys/clonefile.h>
#include <sys/random.h>

#include "sys/entries_macos.h"

/* A socket cannot be opened; elsewhere that is ENXIO. */
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

/* A socket's node cannot be made without binding it, a device's is not asked for. FIFOs relative to
 * a directory came with macOS 13. */
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

/* What is said of a directory is EPERM; elsewhere that is EISDIR. */
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

/* Its fsync leaves the bytes in the disk's cache. Not every file system has the other one. */
static int real_fsync(int fd)
{
    if (fcntl(fd, F_FULLFSYNC) == 0)
        return 0;
    if (errno != ENOTSUP && errno != ENOTTY && errno != EINVAL && errno != ENODEV)
        return -1;
    return fsync(fd);
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

/* Alignments come from C types: large enough, and powers of two. */
static void *real_aligned(size_t alignment, size_t n)
{
    void *p;
    return posix_memalign(&p, alignment, n) == 0 ? p : NULL;
}

#define real_renameat2 renameatx_np

const mhq_calls mhq_calls_real = MHQ_REAL_CALLS;
