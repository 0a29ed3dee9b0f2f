/* soak_faults.c - makes libc's calls fail at random in the queue's I/O threads, and only there.
 *
 * Preloaded into the soak's process. A thread is one of the queue's if the function that it starts
 * with lies in the extension module. Off until faults_rate is set. Two kinds are counted:
 * hard ones, which the operation may have to report, and soft ones (an interrupted call, a short
 * count, a call that this kernel or file system does not have), which nobody may notice.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SHORT = -1 };

/* One call in this many fails; 0: none. */
_Atomic unsigned faults_rate;
_Atomic uint64_t faults_seed, faults_hard, faults_soft;

static __thread uint64_t state; /* of the random numbers; 0: not one of the queue's threads */

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static int is_soft(int error)
{
    return error == EINTR || error == SHORT || error == ENOSYS || error == EOPNOTSUPP ||
           error == EXDEV;
}

/* What this call shall fail with; 0: it shall not. */
static int fault(const int *choices, size_t n)
{
    unsigned rate = atomic_load(&faults_rate);
    if (!state || !rate || next() % rate)
        return 0;
    int error = choices[next() % n];
    atomic_fetch_add(is_soft(error) ? &faults_soft : &faults_hard, 1);
    return error;
}

#define FAULT(...) fault((const int[]){__VA_ARGS__}, sizeof((int[]){__VA_ARGS__}) / sizeof(int))

#define REAL(type, name, parameters)                                                            \
    static type(*real) parameters;                                                              \
    if (!real)                                                                                  \
        real = (type(*) parameters)dlsym(RTLD_NEXT, #name)

#define FAIL(error) return errno = (error), -1

#define CALL(type, name, parameters, arguments, ...)                                            \
    type name parameters                                                                        \
    {                                                                                           \
        REAL(type, name, parameters);                                                           \
        int error = FAULT(__VA_ARGS__);                                                         \
        if (error)                                                                              \
            FAIL(error);                                                                        \
        return real arguments;                                                                  \
    }

/* A call whose last but one argument is n, how much to move; `rest` comes after it. */
#define COUNTED(type, name, parameters, first, second, rest, ...)                               \
    type name parameters                                                                        \
    {                                                                                           \
        REAL(type, name, parameters);                                                           \
        int error = FAULT(SHORT, __VA_ARGS__);                                                  \
        if (error == SHORT && n > 1)                                                            \
            n = 1 + (size_t)(next() % (n - 1));                                                 \
        else if (error > 0)                                                                     \
            FAIL(error);                                                                        \
        return real(first, second, n rest);                                                     \
    }

#define COMMA ,

COUNTED(ssize_t, read, (int fd, void *to, size_t n), fd, to, , EINTR, EIO)
COUNTED(ssize_t, pread, (int fd, void *to, size_t n, off_t at), fd, to, COMMA at, EINTR, EIO)
COUNTED(ssize_t, write, (int fd, const void *from, size_t n), fd, from, , EINTR, EIO, ENOSPC)
COUNTED(ssize_t, pwrite, (int fd, const void *from, size_t n, off_t at), fd, from, COMMA at,
        EINTR, EIO, ENOSPC, EDQUOT)
CALL(int, fstat, (int fd, struct stat *st), (fd, st), EIO)
CALL(int, fstatat, (int dir, const char *path, struct stat *st, int flags), (dir, path, st, flags),
     EIO, ENOMEM)
CALL(int, ftruncate, (int fd, off_t size), (fd, size), EINTR, EIO)
CALL(int, mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode), ENOSPC, EROFS, EDQUOT)
CALL(int, symlinkat, (const char *text, int dir, const char *path), (text, dir, path), ENOSPC, EIO)
CALL(ssize_t, readlinkat, (int dir, const char *path, char *to, size_t n), (dir, path, to, n), EIO)
CALL(int, linkat, (int d1, const char *p1, int d2, const char *p2, int flags),
     (d1, p1, d2, p2, flags), EIO, ENOSPC, EOPNOTSUPP)
CALL(int, unlinkat, (int dir, const char *path, int flags), (dir, path, flags), EIO, EROFS)
CALL(int, renameat, (int d1, const char *p1, int d2, const char *p2), (d1, p1, d2, p2), EIO, ENOSPC)
CALL(int, fchmod, (int fd, mode_t mode), (fd, mode), EIO, EROFS)
CALL(int, futimens, (int fd, const struct timespec ts[2]), (fd, ts), EIO)
CALL(int, utimensat, (int dir, const char *path, const struct timespec ts[2], int flags),
     (dir, path, ts, flags), EIO)

/* The descriptor is closed whatever is said. */
int close(int fd)
{
    REAL(int, close, (int));
    int error = FAULT(EINTR, EIO), result = real(fd);
    if (error)
        FAIL(error);
    return result;
}

int openat(int dir, const char *path, int flags, ...)
{
    REAL(int, openat, (int, const char *, int, ...));
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    int error = FAULT(EINTR, EIO, EMFILE, ENFILE);
    if (error)
        FAIL(error);
    return real(dir, path, flags, mode);
}

int ioctl(int fd, unsigned long request, ...)
{
    REAL(int, ioctl, (int, unsigned long, ...));
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    int error = FAULT(EOPNOTSUPP, EXDEV);
    if (error)
        FAIL(error);
    return real(fd, request, argument);
}

static int fault_of(long number)
{
    switch (number) {
    case SYS_renameat2:
        return FAULT(EIO, ENOSPC, ENOSYS, EXDEV);
    case SYS_copy_file_range:
        return FAULT(SHORT, EINTR, EIO, ENOSPC, EXDEV, ENOSYS, EOPNOTSUPP);
    case SYS_getdents64:
        return FAULT(EIO);
    case SYS_statx:
        return FAULT(ENOSYS);
    default:
        return 0;
    }
}

long syscall(long number, ...)
{
    REAL(long, syscall, (long, ...));
    long a[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(rest, long);
    va_end(rest);
    int error = fault_of(number);
    if (error == SHORT && a[4] > 1)
        a[4] = 1 + (long)(next() % (uint64_t)(a[4] - 1));
    else if (error > 0)
        FAIL(error);
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- which threads ---- */

struct start {
    void *(*main)(void *);
    void *argument;
    uint64_t seed;
};

static void *begin(void *argument)
{
    struct start start = *(struct start *)argument;
    free(argument);
    state = start.seed;
    return start.main(start.argument);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*main)(void *),
                   void *argument)
{
    REAL(int, pthread_create, (pthread_t *, const pthread_attr_t *, void *(*)(void *), void *));
    Dl_info info;
    if (!dladdr((void *)(uintptr_t)main, &info) || !strstr(info.dli_fname, "/mhddq/_core"))
        return real(thread, attributes, main, argument);
    struct start *start = malloc(sizeof *start);
    if (!start)
        return EAGAIN;
    *start = (struct start){main, argument, atomic_fetch_add(&faults_seed, 1) * 2654435761u + 1};
    int error = real(thread, attributes, begin, start);
    if (error)
        free(start);
    return error;
}
