/* test/fs/linux/test_replace_cut.c - the disk is cut off before each system call of a file_replace in
 * turn, and after the last, as if the power went there: mounted again it has the old version or the new
 * one, whole, and the new one where success was reported.
 *
 * Needs root, loop devices, and mkfs of ext4 and xfs; what there is not is skipped, and said.
 */
#include "fs/fs.h"
#include "sys/calls.h"
#include "test/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#define SHUTDOWN _IOR('X', 125, uint32_t)
#define NO_LOG_FLUSH 2u

enum { OLD = 70000, NEW = 150000 };

static char top[64], file[80], image[64];
static mhq_fs fs;
static char *bytes;

/* ---- the system, cut off on demand ---- */

static struct {
    long nth, count; /* before which call, from 1; 0: never */
} cut;

static int cut_off(void)
{
    uint32_t how = NO_LOG_FLUSH;
    int fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = fd < 0 ? -1 : ioctl(fd, SHUTDOWN, &how);
    if (fd >= 0)
        close(fd);
    return result;
}

static void come_to_a_call(void)
{
    int error = errno;
    if (++cut.count == cut.nth)
        CHECK_INT(cut_off(), 0);
    errno = error;
}

#define X(type, name, parameters, arguments)     \
    static type cut_##name parameters            \
    {                                            \
        come_to_a_call();                        \
        return mhq_calls_real.name arguments;    \
    }
MHQ_SYSTEM_CALLS(X)
#undef X

static mhq_calls cut_calls(void)
{
    mhq_calls calls = mhq_calls_real;
#define X(type, name, parameters, arguments) calls.name = cut_##name;
    MHQ_SYSTEM_CALLS(X)
#undef X
    return calls;
}

/* ---- a disk ---- */

static int shell(const char *format, ...)
{
    char command[300];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    return system(command);
}

static int mount_it(const char *kind)
{
    return shell("mount -t %s -o loop %s %s >/dev/null 2>&1", kind, image, top);
}

/* The loop device may be held for a moment. */
static int unmount(void)
{
    for (int tries = 0; tries < 200; tries++) {
        if (umount(top) == 0)
            return 0;
        usleep(20000);
    }
    return -1;
}

/* ---- what is there ---- */

static int replace(size_t size)
{
    mhq_op op = {.kind = MHQ_FILE_REPLACE, .path = file, .data = bytes, .size = size,
                 .options = MHQ_DURABLE};
    mhq_run run = {.error = 0};
    mhq_fs_run(&fs, &op, &run);
    return run.error;
}

/* Whole: its size, or -1. */
static long version(void)
{
    static char have[NEW + 1];
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, have, sizeof have);
    if (fd >= 0)
        close(fd);
    return (n == OLD || n == NEW) && memcmp(have, bytes, (size_t)n) == 0 ? (long)n : -1;
}

static void cut_before_each(const char *kind)
{
    long olds = 0, news = 0;
    for (long nth = 1;; nth++) {
        cut.nth = 0;
        CHECK_INT(replace(OLD), 0);
        cut.nth = nth, cut.count = 0;
        int error = replace(NEW), ended = cut.count < nth;
        if (ended)
            CHECK_INT(cut_off(), 0);
        cut.nth = 0;
        REQUIRE(unmount() == 0 && mount_it(kind) == 0);
        long found = version();
        if (!CHECK(found == NEW || (error && found == OLD)))
            fprintf(stderr, "    %s: call %ld: error %d, version %ld\n", kind, nth, error, found);
        olds += found == OLD;
        news += found == NEW;
        (void)shell("rm -f %s/.mhddq-*", top);
        if (ended)
            break;
        REQUIRE(nth < 200);
    }
    CHECK(olds > 0 && news > 0);
    printf("test_replace_cut: %s: the old version %ld times, the new one %ld times\n", kind, olds, news);
}

static void try_kind(const char *kind, off_t size)
{
    int fd = memfd_create("disk", 0);
    REQUIRE(fd >= 0 && ftruncate(fd, size) == 0);
    (void)snprintf(image, sizeof image, "/proc/%d/fd/%d", (int)getpid(), fd);
    if (shell("mkfs.%s -q %s >/dev/null 2>&1", kind, image) != 0 || mount_it(kind) != 0) {
        printf("test_replace_cut: %s: skipped: no root, no loop device or no mkfs\n", kind);
    } else {
        cut_before_each(kind);
        CHECK_INT(unmount(), 0);
    }
    close(fd);
}

int main(void)
{
    mhq_calls calls = cut_calls();
    (void)snprintf(top, sizeof top, "/tmp/mhq-cut-XXXXXX");
    REQUIRE(mkdtemp(top) != NULL);
    (void)snprintf(file, sizeof file, "%s/file", top);
    bytes = malloc(NEW);
    REQUIRE(bytes != NULL);
    for (size_t i = 0; i < NEW; i++)
        bytes[i] = (char)(1 + i * 7 % 250);
    REQUIRE(mhq_fs_init(&fs, &calls) == 0);
    try_kind("ext4", (off_t)16 << 20);
    try_kind("xfs", (off_t)300 << 20);
    mhq_fs_fini(&fs);
    free(bytes);
    CHECK_INT(rmdir(top), 0);
    return check_report("test_replace_cut");
}
