/* scene.h - what the file-system tests share: a temporary directory to work in, short functions
 * that run a primitive, make files and check them, and a table of system calls that fails on
 * demand.
 *
 * Single-threaded. A scene is a fresh directory that is also the current one, so that tests
 * use short relative names. Every test runs once per base directory: two file systems differ.
 */
#ifndef MHQ_SCENE_H
#define MHQ_SCENE_H

#include "fs/block.h"
#include "sys/calls.h"
#include "test/check.h"
#include "test/usual.h"
#include "fs/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <malloc.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef O_TMPFILE
#define O_TMPFILE (020000000 | O_DIRECTORY)
#endif

/* ---- the system, failing on demand ---- */

enum scene_call {
#define X(type, name, parameters, arguments) CALL_##name,
    MHQ_CALLS(X)
#undef X
        CALL_THREAD,
        /* several: those with a count, the memory's, all but the memory's, all */
        CALL_COUNTED, CALL_MEMORY, CALL_SYSTEM, CALL_ANY
};

enum { LACK_TMPFILE = 1, LACK_NOREPLACE = 2, LACK_LINK = 4, LACK_COPY_RANGE = 8, LACK_HOLES = 16,
       LACK_PROC = 32, LACK_RANDOM = 64, LACK_POSITIONS = 128, LACK_CLONE = 256 };

/* Instead of an errno, for calls with a count: they do half of it, or nothing. */
enum { FAULT_SHORT = 0, FAULT_ZERO = -1 };

static struct scene_fault {
    enum scene_call which; /* CALL_ANY: every call counts */
    long nth;              /* the one that fails, from 1; 0: none */
    int error;             /* its errno, or one of the two above */
    int forever;           /* all later ones fail, too */
    unsigned lacks;        /* what this system does not have at all */
    int lack_error;        /* the errno then; 0: the usual one */
    long count;            /* calls so far */
    long calls[CALL_ANY];  /* by kind */
    enum scene_call hit;   /* the first that failed, and its path: */
    char spot[PATH_MAX + 300]; /* the full path; empty if the call has none */
} fault;

/* The path of a name in a directory, or of a descriptor (name NULL). */
static inline void scene_spot(int dir, const char *name)
{
    char link[48], *to = fault.spot;
    ssize_t n = 0;
    if (fault.hit == CALL_fgetxattr || fault.hit == CALL_fsetxattr || fault.hit == CALL_fremovexattr)
        name = NULL; /* an attribute's */
    if (name == NULL || name[0] != '/') {
        (void)snprintf(link, sizeof link, dir == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", dir);
        n = readlink(link, to, PATH_MAX);
    }
    to[n < 0 ? 0 : n] = 0;
    if (name && name[0])
        (void)snprintf(to + strlen(to), 300, "%s%s", n ? "/" : "", name);
}

/* The path that a call names, by the types of its arguments: (dir, path), (fd), (path), and
 * symlinkat's (text, dir, path). */
#define SPOT_NUMBER(a) _Generic((a), int: (a), default: AT_FDCWD)
#define SPOT_TEXT(a) _Generic((a), const char *: (a), default: (const char *)NULL)
#define SPOT_3(a, b, c, ...)                                                                 \
    (_Generic((a), int: 1, default: 0) ? scene_spot(SPOT_NUMBER(a), SPOT_TEXT(b))           \
     : _Generic((c), const char *: 1, default: 0) ? scene_spot(SPOT_NUMBER(b), SPOT_TEXT(c)) \
     : _Generic((a), const char *: 1, default: 0) ? scene_spot(AT_FDCWD, SPOT_TEXT(a))       \
                                                  : (void)0)
#define SPOT(...) SPOT_3(__VA_ARGS__, 0L, 0L, 0L)

static inline int fault_counts(enum scene_call call)
{
    int memory = call == CALL_alloc || call == CALL_resize || call == CALL_zeroed
                 || call == CALL_aligned;
    int counted = call == CALL_read || call == CALL_pread || call == CALL_write
                  || call == CALL_pwrite || call == CALL_copy_range || call == CALL_getdents
                  || call == CALL_getrandom;
    return fault.which == call || fault.which == CALL_ANY
           || fault.which == (memory ? CALL_MEMORY : CALL_SYSTEM)
           || (fault.which == CALL_COUNTED && counted);
}

static inline int fault_due(enum scene_call call)
{
    fault.calls[call]++;
    if (!fault_counts(call))
        return 0;
    fault.count++;
    if (fault.nth && fault.count == fault.nth)
        fault.hit = call;
    return fault.nth && (fault.count == fault.nth || (fault.forever && fault.count > fault.nth));
}

#define FAILED(type) _Generic((type)0, void *: NULL, default: -1)

#define X(type, name, parameters, arguments)                        \
    static type count_##name parameters                             \
    {                                                               \
        if (fault_due(CALL_##name) && fault.error > 0) {            \
            if (fault.count == fault.nth)                           \
                SPOT arguments;                                     \
            errno = fault.error;                                    \
            return FAILED(type);                                    \
        }                                                           \
        return mhq_calls_real.name arguments;                       \
    }
MHQ_CALLS(X)
#undef X

static inline int lacking(unsigned what, int error)
{
    if (!(fault.lacks & what))
        return 0;
    errno = fault.lack_error ? fault.lack_error : error;
    return 1;
}

static int scene_openat(int dir, const char *path, int flags, mode_t mode)
{
    if ((flags & O_TMPFILE) == O_TMPFILE && lacking(LACK_TMPFILE, EOPNOTSUPP))
        return -1;
    return count_openat(dir, path, flags, mode);
}

static int scene_linkat(int d1, const char *p1, int d2, const char *p2, int flags)
{
    if (strncmp(p1, "/proc/", 6) == 0 && (fault.lacks & LACK_PROC)) {
        errno = ENOENT;
        return -1;
    }
    return lacking(LACK_LINK, EPERM) ? -1 : count_linkat(d1, p1, d2, p2, flags);
}

static int scene_renameat2(int d1, const char *p1, int d2, const char *p2, unsigned flags)
{
    return lacking(LACK_NOREPLACE, ENOSYS) ? -1 : count_renameat2(d1, p1, d2, p2, flags);
}

static int scene_clone(int to, int from)
{
    return lacking(LACK_CLONE, EOPNOTSUPP) ? -1 : count_clone(to, from);
}

static off_t scene_lseek(int fd, off_t at, int whence)
{
    return lacking(whence == SEEK_SET ? 0 : LACK_HOLES, EINVAL) ? -1 : count_lseek(fd, at, whence);
}

/* A descriptor is closed even where closing fails. */
static int scene_close(int fd)
{
    int result = count_close(fd), error = errno;
    if (result < 0 && error == fault.error)
        (void)close(fd);
    errno = error;
    return result;
}

/* Calls with a count. What cannot be asked in halves gets a little less: a list of names that was
 * cut in the middle is something that no system returns. */
#define COUNTED(name, what, usual, parameters, arguments, less)                      \
    static ssize_t scene_##name parameters                                           \
    {                                                                                \
        if (lacking(what, usual))                                                    \
            return -1;                                                               \
        if (fault_due(CALL_##name)) {                                                \
            if (fault.count == fault.nth)                                            \
                SPOT arguments;                                                      \
            errno = fault.error;                                                     \
            if (fault.error != FAULT_SHORT)                                          \
                return fault.error > 0 ? -1 : 0;                                     \
            n = less;                                                                \
        }                                                                            \
        return mhq_calls_real.name arguments;                                        \
    }
COUNTED(read, 0, 0, (int fd, void *to, size_t n), (fd, to, n), n > 1 ? n / 2 : n)
COUNTED(pread, LACK_POSITIONS, ESPIPE, (int fd, void *to, size_t n, off_t at), (fd, to, n, at),
        n > 1 ? n / 2 : n)
COUNTED(write, 0, 0, (int fd, const void *from, size_t n), (fd, from, n), n > 1 ? n / 2 : n)
COUNTED(pwrite, LACK_POSITIONS, ESPIPE, (int fd, const void *from, size_t n, off_t at),
        (fd, from, n, at), n > 1 ? n / 2 : n)
COUNTED(copy_range, LACK_COPY_RANGE, ENOSYS, (int from, off_t *at, int to, off_t *at2, size_t n),
        (from, at, to, at2, n), n / 2 + 1)
COUNTED(getdents, 0, 0, (int fd, void *to, size_t n), (fd, to, n), n < 320 ? n : 320)
COUNTED(getrandom, LACK_RANDOM, ENOSYS, (void *to, size_t n, unsigned flags), (to, n, flags), n / 2)

/* Allocations of the table that have not been freed. */
static atomic_long scene_blocks, scene_bytes;

static void *scene_given(void *p)
{
    if (p) {
        atomic_fetch_add(&scene_blocks, 1);
        atomic_fetch_add(&scene_bytes, (long)malloc_usable_size(p));
    }
    return p;
}

static void scene_taken(void *p)
{
    if (p) {
        atomic_fetch_sub(&scene_blocks, 1);
        atomic_fetch_sub(&scene_bytes, (long)malloc_usable_size(p));
    }
}

static void scene_release(void *p)
{
    scene_taken(p);
    free(p);
}

static void *scene_alloc(size_t n)
{
    return scene_given(count_alloc(n));
}

static void *scene_zeroed(size_t count, size_t n)
{
    return scene_given(count_zeroed(count, n));
}

static void *scene_aligned(size_t alignment, size_t n)
{
    return scene_given(count_aligned(alignment, n));
}

static void *scene_resize(void *p, size_t n)
{
    long size = p ? (long)malloc_usable_size(p) : 0;
    void *larger = count_resize(p, n);
    if (larger) {
        atomic_fetch_add(&scene_blocks, size == 0);
        atomic_fetch_add(&scene_bytes, (long)malloc_usable_size(larger) - size);
    }
    return larger;
}

static int scene_thread_start(mhq_thread *thread, void *(*body)(void *), void *argument,
                              const char *name)
{
    if (fault_due(CALL_THREAD) && fault.error > 0)
        return fault.error;
    return mhq_calls_real.thread_start(thread, body, argument, name);
}

static inline mhq_calls scene_calls(void)
{
    mhq_calls calls = {
#define X(type, name, parameters, arguments) .name = count_##name,
        MHQ_CALLS(X)
#undef X
        .release = scene_release,
        .release_aligned = scene_release,
        .thread_start = scene_thread_start,
    };
    (void)count_read, (void)count_pread, (void)count_write, (void)count_pwrite;
    (void)count_copy_range, (void)count_getdents, (void)count_getrandom;
    calls.openat = scene_openat;
    calls.linkat = scene_linkat;
    calls.renameat2 = scene_renameat2;
    calls.clone = scene_clone;
    calls.lseek = scene_lseek;
    calls.close = scene_close;
    calls.read = scene_read;
    calls.pread = scene_pread;
    calls.write = scene_write;
    calls.pwrite = scene_pwrite;
    calls.copy_range = scene_copy_range;
    calls.getdents = scene_getdents;
    calls.getrandom = scene_getrandom;
    calls.alloc = scene_alloc;
    calls.resize = scene_resize;
    calls.zeroed = scene_zeroed;
    calls.aligned = scene_aligned;
    return calls;
}

/* From now on no call fails; the counts start again. */
static inline void fault_none(void)
{
    fault = (struct scene_fault){.which = CALL_ANY};
}

static inline void fault_lacking(unsigned lacks)
{
    fault_none();
    fault.lacks = lacks;
}

/* ---- the place ---- */

static char scene_path[256];

static inline void scene_enter(const char *base)
{
    (void)snprintf(scene_path, sizeof scene_path, "%s/mhq-scene-XXXXXX", base);
    REQUIRE(mkdtemp(scene_path) != NULL);
    REQUIRE(chdir(scene_path) == 0);
}

static inline int scene_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static inline void scene_leave(void)
{
    REQUIRE(chdir("/") == 0);
    CHECK(nftw(scene_path, scene_remove, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

/* ---- running ---- */

static inline mhq_run scene_run_with(mhq_fs *fs, int kind, const char *path, const char *path2,
                                     const char *data, size_t size, uint32_t options)
{
    static char room[100000];
    mhq_op op = {.kind = (uint8_t)kind, .path = path, .path2 = path2, .data = data, .size = size,
                 .options = usual_options(kind) | options, .numbers = usual_numbers(kind)};
    mhq_run run;
    REQUIRE(kind != MHQ_FILE_READ_INTO || size <= sizeof room);
    if (kind == MHQ_FILE_READ_INTO)
        op.room = room;
    memset(&run, 0, sizeof run);
    mhq_fs_run(fs, &op, &run);
    run.op = NULL; /* it ends here */
    return run;
}

static inline mhq_run scene_run(mhq_fs *fs, int kind, const char *path, const char *path2,
                                const char *data, size_t size)
{
    return scene_run_with(fs, kind, path, path2, data, size, 0);
}

/* Runs an operation whose result does not matter; its error. */
static inline int scene_do(mhq_fs *fs, int kind, const char *path, const char *path2)
{
    mhq_run run = scene_run(fs, kind, path, path2, NULL, 0);
    free(run.buffer);
    return run.error;
}

/* ---- making and checking files ---- */

static inline void put(const char *path, const char *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    REQUIRE(fd >= 0);
    REQUIRE(write(fd, bytes, n) == (ssize_t)n);
    REQUIRE(close(fd) == 0);
}

static inline void put_text(const char *path, const char *text)
{
    put(path, text, strlen(text));
}

static inline void make_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(fd >= 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    REQUIRE(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
    REQUIRE(close(fd) == 0);
}

/* n bytes without a short period; the caller frees them. */
static inline char *pattern(size_t n)
{
    char *bytes = malloc(n ? n : 1);
    REQUIRE(bytes != NULL);
    uint32_t state = 12345;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (char)(state >> 24);
    }
    return bytes;
}

static inline int holds(const char *path, const char *bytes, size_t n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    char *have = malloc(n + 1);
    REQUIRE(have != NULL);
    size_t got = 0;
    ssize_t some;
    while (got <= n && (some = read(fd, have + got, n + 1 - got)) > 0)
        got += (size_t)some;
    int same = got == n && memcmp(have, bytes, n) == 0;
    free(have);
    (void)close(fd);
    return same;
}

/* Checks error and place of a failed operation. */
static inline void scene_fails(mhq_fs *fs, int line, int kind, const char *path, const char *path2,
                               int error, int where)
{
    mhq_run run = scene_run(fs, kind, path, path2, "x", 1);
    if (!CHECK_INT(run.error, error) || !CHECK_INT(run.where, where))
        fprintf(stderr, "    line %d: %s %s\n", line, path, path2 ? path2 : "");
    CHECK(run.error == 0 || run.buffer == NULL);
    free(run.buffer);
}

static inline int scene_reads(mhq_fs *fs, const char *path, const char *bytes, size_t n)
{
    mhq_run run = scene_run(fs, MHQ_FILE_READ, path, NULL, NULL, 0);
    int same = !run.error && run.length == n && memcmp(run.buffer + fs->head, bytes, n) == 0;
    if (!run.error) /* the inline buffer may be written to */
        memset(run.buffer, 1, fs->head), memset(run.buffer + fs->head + run.length, 1, fs->tail);
    CHECK(!run.holds || (fs->blocks && fs->head + n + fs->tail <= MHQ_BLOCK_BYTES));
    mhq_result_drop(fs, &run, run.buffer);
    return same;
}

static inline int there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static inline size_t count_entries(const char *path)
{
    DIR *dir = opendir(path);
    REQUIRE(dir != NULL);
    size_t n = 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

/* An ACL: the owner may do everything, user 65534 and the mask `named`, the group `group`, others
 * nothing. 0 where the file system has none. */
static inline int set_acl(const char *path, const char *name, unsigned char named,
                          unsigned char group)
{
    const unsigned char acl[] = {
        2, 0, 0, 0, /* the form's version; then tag, permissions, id, of 2, 2 and 4 bytes */
        1, 0, 7, 0, 255, 255, 255, 255,      2, 0, named, 0, 254, 255, 0, 0,
        4, 0, group, 0, 255, 255, 255, 255,  16, 0, named, 0, 255, 255, 255, 255,
        32, 0, 0, 0, 255, 255, 255, 255,
    };
    return setxattr(path, name, acl, sizeof acl, 0) == 0;
}

static inline int has_attribute(const char *path, const char *name)
{
    return lgetxattr(path, name, NULL, 0) >= 0;
}

#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

/* The number of open descriptors: compared before and after, it shows a leak. */
static inline size_t count_descriptors(void)
{
    return count_entries("/proc/self/fd");
}

/* ---- all of it ---- */

typedef void scene_test(void);

/* Each test with an mhq_fs and a scene of its own, in each base directory: those that main's
 * arguments name, else a disk's and the memory's. */
static inline void scene_all(int argc, char **argv, mhq_fs *fs, mhq_calls *calls,
                             scene_test *const *tests, size_t count)
{
    const char *usual[] = {"", "/tmp", "/dev/shm"};
    const char *const *bases = argc > 1 ? (const char *const *)argv : usual;
    for (int b = 1; b < (argc > 1 ? argc : 3); b++) {
        if (access(bases[b], W_OK | X_OK) < 0)
            continue;
        for (size_t i = 0; i < count; i++) {
            *calls = scene_calls();
            fault_none();
            REQUIRE(mhq_fs_init(fs, calls) == 0);
            scene_enter(bases[b]);
            size_t before = count_descriptors();
            tests[i]();
            CHECK_INT(count_descriptors(), before);
            scene_leave();
            mhq_fs_fini(fs);
        }
    }
}

#endif
