/* hint_posix.c - see hint.h. System calls are made directly, not through the table: hints are no
 * part of any operation, and nothing depends on whether they work. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "hint.h"

#define PATH_BYTES ((size_t)65536)

int mhq_hints_init(mhq_hints *hints, uint32_t ahead, const mhq_calls *sys)
{
    *hints = (mhq_hints){.ahead = ahead};
    if (ahead == 0)
        return 0;
    hints->paths = sys->alloc(PATH_BYTES);
    return hints->paths ? 0 : ENOMEM;
}

void mhq_hints_fini(mhq_hints *hints, const mhq_calls *sys)
{
    sys->release(hints->paths);
}

/* '1' in the device's own queue, or, for a partition, in its disk's. Unknown: does not rotate. */
static int ask_rotates(dev_t device)
{
    static const char *const places[] = {"/sys/dev/block/%u:%u/queue/rotational",
                                         "/sys/dev/block/%u:%u/../queue/rotational"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char path[96], answer = 0;
        snprintf(path, sizeof path, places[i], major(device), minor(device));
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        ssize_t n = read(fd, &answer, 1);
        close(fd);
        if (n == 1)
            return answer == '1';
    }
    return 0;
}

/* 1: rotates; 0: does not; -1: not known. */
static int known(const mhq_hints *hints, uint64_t device)
{
    uint32_t n = hints->known < MHQ_HINT_DEVICES ? hints->known : MHQ_HINT_DEVICES;
    for (uint32_t i = 0; i < n; i++)
        if (hints->devices[i].device == device)
            return hints->devices[i].rotates;
    return -1;
}

static int rotates(mhq_hints *hints, dev_t device)
{
    int yes = known(hints, device);
    if (yes >= 0)
        return yes;
    uint32_t at = hints->known++ % MHQ_HINT_DEVICES;
    hints->devices[at].device = device;
    hints->devices[at].rotates = ask_rotates(device);
    return hints->devices[at].rotates;
}

int mhq_hints_copy(mhq_hints *hints, mhq_ring *ring, uint64_t device)
{
    hints->used = 0;
    if (known(hints, device) == 0)
        return 0;
    for (uint32_t i = 0; i < hints->ahead; i++) {
        const mhq_job *job = mhq_ring_peek(ring, i);
        if (job == NULL)
            break;
        if (job->op == NULL || job->ticket < hints->hinted || job->op->refused)
            continue;
        if (job->op->kind != MHQ_FILE_READ && job->op->kind != MHQ_FILE_COPY)
            continue;
        size_t size = strlen(job->op->path) + 1;
        if (size > PATH_BYTES - hints->used)
            break;
        memcpy(hints->paths + hints->used, job->op->path, size);
        hints->used += size;
        hints->hinted = job->ticket + 1;
    }
    return hints->used != 0;
}

static void give_one(mhq_hints *hints, const char *path)
{
    struct stat st;
    int look = open(path, O_PATH | O_CLOEXEC);
    if (look < 0)
        return;
    int worth = fstat(look, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0
                && rotates(hints, st.st_dev);
    if (worth) {
        /* Reopened by descriptor: a path could name a FIFO by now. */
        char self[40];
        snprintf(self, sizeof self, "/proc/self/fd/%d", look);
        int fd = open(self, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0) {
            if (posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED) == 0)
                mhq_bump(&hints->given, 1);
            close(fd);
        }
    }
    close(look);
}

void mhq_hints_give(mhq_hints *hints)
{
    for (size_t at = 0; at < hints->used;) {
        const char *path = hints->paths + at;
        at += strlen(path) + 1;
        give_one(hints, path);
    }
    hints->used = 0;
}
