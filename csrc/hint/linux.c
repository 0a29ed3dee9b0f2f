/* hint/linux.c - one hint; see hint/hint.h. System calls are made directly, not through the table: hints
 * are no part of any operation, and nothing depends on whether they work. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "hint/hint.h"

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

static int rotates(mhq_hints *hints, dev_t device)
{
    int yes = mhq_hints_know(hints, device);
    return yes >= 0 ? yes : mhq_hints_learn(hints, device, ask_rotates(device));
}

void mhq_hint(mhq_hints *hints, const char *path)
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
