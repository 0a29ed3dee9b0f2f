/* floor.c - the least cost of each piece of work: a bare loop of the same system calls.
 *
 *   floor WORK PATH SIZE
 *
 * The protocol is that of worker.py: it reports that it is ready; then, for each line with a number
 * of operations, it runs them and answers with the seconds that one took.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static const char *path;
static size_t size;
static char *buffer;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(int holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(1);
    }
}

static void do_exists(void)
{
    struct stat st;
    must(stat(path, &st) == -1 && errno == ENOENT, "stat");
}

static void do_read(void)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    must(fd >= 0 && fstat(fd, &st) == 0, "open");
    must(pread(fd, buffer, size, 0) == (ssize_t)size, "pread");
    close(fd);
}

static void do_write(void)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    must(fd >= 0 && pwrite(fd, buffer, size, 0) == (ssize_t)size, "pwrite");
    close(fd);
}

/* The calls of a durable file_replace, one after another. */
static void do_replace(void)
{
    static unsigned long number;
    char folder[4096], temporary[64], list[64];
    const char *name = strrchr(path, '/') + 1;
    struct stat st;
    snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
    snprintf(temporary, sizeof temporary, ".floor-%d-%lu", getpid(), number++);
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(dir >= 0 && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0, "fstatat");
    int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    must(fd >= 0 && pwrite(fd, buffer, size, 0) == (ssize_t)size, "pwrite");
    int old = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    must(old >= 0 && fstat(old, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) == 0, "fchown");
    (void)fgetxattr(fd, "system.posix_acl_access", NULL, 0);
    (void)flistxattr(old, list, sizeof list);
    must(fchmod(fd, st.st_mode & 07777) == 0 && close(old) == 0, "fchmod");
    must(fsync(fd) == 0 && close(fd) == 0, "fsync");
    must(renameat(dir, temporary, dir, name) == 0 && fsync(dir) == 0 && close(dir) == 0, "renameat");
}

static void empty(int parent, const char *name)
{
    struct entry {
        unsigned long long ino;
        long long off;
        unsigned short length;
        unsigned char type;
        char name[];
    };
    char *entries = malloc(65536);
    long filled;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    must(fd >= 0 && entries != NULL, "openat");
    while ((filled = syscall(SYS_getdents64, fd, entries, 65536)) > 0) {
        for (long at = 0; at < filled;) {
            struct entry *e = (struct entry *)(entries + at);
            at += e->length;
            if (strcmp(e->name, ".") == 0 || strcmp(e->name, "..") == 0)
                continue;
            if (e->type == DT_DIR)
                empty(fd, e->name);
            else
                must(unlinkat(fd, e->name, 0) == 0, "unlinkat");
        }
    }
    must(filled == 0, "getdents64");
    free(entries);
    close(fd);
    must(unlinkat(parent, name, AT_REMOVEDIR) == 0, "unlinkat");
}

static void do_delete(void)
{
    empty(AT_FDCWD, path);
}

/* Three threads, all asleep, pass a token round: 0 -> 1 -> 2 -> 0. */
static _Atomic int token[3];
static double at_third;

static void give(int to)
{
    atomic_store(&token[to], 1);
    syscall(SYS_futex, &token[to], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void take(int me)
{
    while (!atomic_exchange(&token[me], 0))
        syscall(SYS_futex, &token[me], FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void *pass(void *which)
{
    int me = *(int *)which;
    for (;;) {
        take(me);
        if (me == 2)
            at_third = now();
        give((me + 1) % 3);
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void latency(long count)
{
    static int numbers[] = {1, 2}, started;
    struct timespec idle = {0, 200000};
    double *round = malloc(sizeof *round * (size_t)count), *two = malloc(sizeof *two * (size_t)count);
    pthread_t thread;
    must(round != NULL && two != NULL, "malloc");
    for (; started < 2; started++)
        must(pthread_create(&thread, NULL, pass, &numbers[started]) == 0, "pthread_create");
    for (long i = 0; i < count; i++) {
        nanosleep(&idle, NULL);
        double began = now();
        give(1);
        take(0);
        round[i] = now() - began;
        two[i] = at_third - began;
    }
    qsort(round, (size_t)count, sizeof *round, by_size);
    qsort(two, (size_t)count, sizeof *two, by_size);
    printf("{\"cost\": %.9g, \"two_hops\": %.9g}\n", round[count / 2], two[count / 2]);
    free(round);
    free(two);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*once)(void);
    } works[] = {{"exists", do_exists}, {"read", do_read}, {"write", do_write}, {"replace", do_replace},
                 {"delete", do_delete}};
    void (*once)(void) = NULL;
    long count;
    must(argc == 4, "usage");
    path = argv[2];
    size = strtoul(argv[3], NULL, 10);
    buffer = calloc(1, size + 1);
    must(buffer != NULL, "calloc");
    for (size_t i = 0; i < sizeof works / sizeof *works; i++)
        if (strcmp(argv[1], works[i].name) == 0)
            once = works[i].once;
    must(once != NULL || strcmp(argv[1], "latency") == 0, "work");
    printf("{\"ready\": \"C\"}\n");
    fflush(stdout);
    while (scanf("%ld", &count) == 1) {
        if (once == NULL) {
            latency(count);
        } else {
            double began = now();
            for (long i = 0; i < count; i++)
                once();
            printf("{\"cost\": %.9g}\n", (now() - began) / (double)count);
        }
        fflush(stdout);
    }
    return 0;
}
