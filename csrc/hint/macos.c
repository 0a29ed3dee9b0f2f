/* hint/macos.c - one hint; see hint/hint.h. System calls are made directly, not through the table: hints
 * are no part of any operation, and nothing depends on whether they work. */
#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hint/hint.h"

#define SOLID_STATE _IOR('d', 79, uint32_t) /* DKIOCISSOLIDSTATE of <sys/disk.h> */

/* The device itself is asked, which takes permission to read it. Unknown: does not rotate. */
static int ask_rotates(int fd)
{
    struct statfs mount;
    uint32_t solid = 1;
    if (fstatfs(fd, &mount) < 0)
        return 0;
    int device = open(mount.f_mntfromname, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (device < 0)
        return 0;
    if (ioctl(device, SOLID_STATE, &solid) < 0)
        solid = 1;
    close(device);
    return !solid;
}

static int rotates(mhq_hints *hints, int fd, dev_t device)
{
    int yes = mhq_hints_know(hints, (uint64_t)device);
    return yes >= 0 ? yes : mhq_hints_learn(hints, (uint64_t)device, ask_rotates(fd));
}

/* Looked at by name first, so that what is no file is not opened but in a race, and then without
 * waiting. */
void mhq_hint(mhq_hints *hints, const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
        return;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && rotates(hints, fd, st.st_dev)) {
        struct radvisory all = {0, st.st_size < INT_MAX ? (int)st.st_size : INT_MAX};
        if (fcntl(fd, F_RDADVISE, &all) == 0)
            mhq_bump(&hints->given, 1);
    }
    close(fd);
}
