/* scout/linux/device.c - does a device rotate? See scout/posix/crew.h. Asked of /sys, through partitions
 * (their disk), LVM, md and crypt (their slaves) and btrfs (its members): one that rotates will do.
 * The places that a btrfs reports are its own; of several members they say nothing about the order on
 * any of them. */
#include "scout/posix/crew.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#define FUSE 0x65735546u
#define BTRFS 0x9123683eu

#define DEPTH 8         /* layers of devices */
#define ROOM 1024       /* a path in /sys */

static int ask(const mhq_calls *sys, const char *path)
{
    char answer = 0;
    int fd = sys->openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    ssize_t n = sys->read(fd, &answer, 1);
    (void)sys->close(fd);
    return n == 1 ? answer == '1' : -1;
}

static int rotates_at(const mhq_calls *sys, const char *place, int depth);

/* The devices that the entries of a directory stand for. -1: there are none. *count: how many. */
static int any_rotates(const mhq_calls *sys, const char *directory, int depth, int *count)
{
    struct {
        uint64_t inode;
        int64_t next;
        uint16_t length;
        unsigned char type;
        char name[];
    } *entry;
    union {
        uint64_t aligned;
        char bytes[2048];
    } buffer;
    ssize_t n;
    int found = -1;
    *count = 0;
    int fd = sys->openat(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    while ((n = sys->getdents(fd, buffer.bytes, sizeof buffer)) > 0) {
        for (ssize_t at = 0; at < n; at += entry->length) {
            char place[ROOM];
            entry = (void *)(buffer.bytes + at);
            if (entry->name[0] == '.')
                continue;
            int m = snprintf(place, sizeof place, "%s/%s", directory, entry->name);
            if (m > 0 && (size_t)m < sizeof place) {
                int rotates = rotates_at(sys, place, depth + 1);
                *count += rotates >= 0;
                found = rotates > found ? rotates : found;
            }
        }
    }
    (void)sys->close(fd);
    return found;
}

/* The devices below it come first: what a layer reports about itself is not always true. */
static int rotates_at(const mhq_calls *sys, const char *place, int depth)
{
    static const char *const own[] = {"%s/queue/rotational", "%s/../queue/rotational"};
    char path[ROOM + 32];
    if (depth < DEPTH) {
        (void)snprintf(path, sizeof path, "%s/slaves", place);
        if (strlen(path) < ROOM) {
            int count, below = any_rotates(sys, path, depth, &count);
            if (below >= 0)
                return below;
        }
    }
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        (void)snprintf(path, sizeof path, own[i], place);
        int answer = ask(sys, path);
        if (answer >= 0)
            return answer;
    }
    return -1;
}

/* The device of a btrfs is no block device. */
static int btrfs_rotates(const mhq_calls *sys, int fd)
{
    unsigned char id[16];
    char place[128];
    if (sys->btrfs_uuid(fd, id) < 0)
        return 0;
    int n = snprintf(place, sizeof place, "/sys/fs/btrfs/");
    for (int i = 0; i < 16; i++)
        n += snprintf(place + n, sizeof place - (size_t)n, "%s%02x",
                      i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
    (void)snprintf(place + n, sizeof place - (size_t)n, "/devices");
    int members, rotates = any_rotates(sys, place, 0, &members);
    return rotates != 1 ? 0 : members > 1 ? MHQ_ROTATES_APART : 1;
}

int mhq_device_rotates(const mhq_calls *sys, int fd, uint64_t device)
{
    char place[64];
    uint64_t type;
    if (sys->file_system(fd, &type) < 0 || type == FUSE)
        return 0;
    if (type == BTRFS)
        return btrfs_rotates(sys, fd);
    if (major(device) == 0) /* memory, network, layers */
        return 0;
    (void)snprintf(place, sizeof place, "/sys/dev/block/%u:%u", major(device), minor(device));
    return rotates_at(sys, place, 0) == 1;
}
