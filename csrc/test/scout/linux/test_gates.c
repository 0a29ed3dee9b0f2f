/* test/scout/test_gates.c - what a scout keeps away from: devices that do not rotate by what an imitated
 * /sys says, file systems of some kinds, disks that are too fast, memory that is short.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "scout/posix/crew.h"
#include "test/check.h"

/* ---- an imitated /sys and /proc: texts by path, and directories by what lies below ---- */

typedef struct text {
    const char *path, *text;
} text;

static const text *texts;
static char opened[16][512]; /* by descriptor, from BASE on */
static size_t at[16];
enum { BASE = 1000 };

static const char *text_of(const char *path)
{
    for (const text *t = texts; t->path; t++)
        if (strcmp(t->path, path) == 0)
            return t->text;
    return NULL;
}

/* "a/b/../c" is "a/c" for a partition, whose directory lies in its disk's. */
static void plain_path(char *to, const char *path)
{
    char *up;
    strcpy(to, path);
    while ((up = strstr(to, "/..")) != NULL) {
        char *before = up;
        while (before > to && *--before != '/')
            ;
        memmove(before, up + 3, strlen(up + 3) + 1);
    }
}

static int imitated_openat(int dir, const char *path, int flags, mode_t mode)
{
    char plain[512];
    (void)dir, (void)mode;
    plain_path(plain, path);
    size_t n = strlen(plain);
    int there = 0;
    for (const text *t = texts; t->path; t++)
        there |= flags & O_DIRECTORY ? strncmp(t->path, plain, n) == 0 && t->path[n] == '/'
                                     : strcmp(t->path, plain) == 0;
    for (int i = 0; there && i < 16; i++) {
        if (opened[i][0] == 0) {
            snprintf(opened[i], sizeof opened[i], "%s", plain);
            at[i] = 0;
            return BASE + i;
        }
    }
    errno = ENOENT;
    return -1;
}

static int imitated_close(int fd)
{
    CHECK(opened[fd - BASE][0] != 0);
    opened[fd - BASE][0] = 0;
    return 0;
}

static ssize_t imitated_read(int fd, void *to, size_t n)
{
    const char *from = text_of(opened[fd - BASE]) + at[fd - BASE];
    size_t have = strlen(from);
    n = n < have ? n : have;
    memcpy(to, from, n);
    at[fd - BASE] += n;
    return (ssize_t)n;
}

/* All names below, at once; a name may come more than once. */
static ssize_t imitated_getdents(int fd, void *to, size_t room)
{
    size_t used = 0, n = strlen(opened[fd - BASE]);
    if (at[fd - BASE]++)
        return 0;
    for (const text *t = texts; t->path; t++) {
        if (strncmp(t->path, opened[fd - BASE], n) != 0 || t->path[n] != '/')
            continue;
        size_t m = strcspn(t->path + n + 1, "/");
        uint16_t length = (uint16_t)((19 + m + 1 + 7) / 8 * 8);
        char *entry = (char *)to + used;
        REQUIRE(used + length <= room);
        memset(entry, 0, length);
        memcpy(entry + 16, &length, sizeof length);
        memcpy(entry + 19, t->path + n + 1, m);
        used += length;
    }
    return (ssize_t)used;
}

static uint64_t type;
static int imitated_fs_type(int fd, uint64_t *found)
{
    (void)fd;
    *found = type;
    return 0;
}

static int imitated_btrfs_uuid(int fd, unsigned char uuid[16])
{
    (void)fd;
    for (int i = 0; i < 16; i++)
        uuid[i] = (unsigned char)(i * 17);
    return 0;
}

static mhq_calls calls;

static int rotates(const text *world, uint64_t device)
{
    texts = world;
    int yes = mhq_device_rotates(&calls, 7, device);
    for (int i = 0; i < 16; i++)
        CHECK_INT(opened[i][0], 0); /* nothing stays open */
    return yes;
}

#define DEV "/sys/dev/block/"
#define EXT4 0xef53u

static void devices_by_what_the_system_says(void)
{
    static const text disk[] = {{DEV "8:0/queue/rotational", "1\n"}, {NULL, NULL}};
    static const text solid[] = {{DEV "8:0/queue/rotational", "0\n"}, {NULL, NULL}};
    static const text nothing[] = {{NULL, NULL}};
    static const text partition[] = {{DEV "8:1/partition", "1\n"}, {DEV "queue/rotational", "1\n"},
                                     {NULL, NULL}};
    static const text lvm[] = {{DEV "253:0/slaves/dm-1/slaves/sda2/partition", "2\n"},
                               {DEV "253:0/slaves/dm-1/slaves/queue/rotational", "1\n"},
                               {DEV "253:0/queue/rotational", "0\n"},
                               {NULL, NULL}};
    static const text solid_lvm[] = {{DEV "253:0/slaves/nvme0n1/queue/rotational", "0\n"},
                                     {DEV "253:0/queue/rotational", "1\n"},
                                     {NULL, NULL}};
    static const text raid[] = {{DEV "9:0/slaves/sda/queue/rotational", "0\n"},
                                {DEV "9:0/slaves/sdb/queue/rotational", "1\n"},
                                {NULL, NULL}};
    type = EXT4;
    CHECK_INT(rotates(disk, makedev(8, 0)), 1);
    CHECK_INT(rotates(solid, makedev(8, 0)), 0);
    CHECK_INT(rotates(nothing, makedev(8, 0)), 0);
    CHECK_INT(rotates(partition, makedev(8, 1)), 1);
    CHECK_INT(rotates(lvm, makedev(253, 0)), 1);
    CHECK_INT(rotates(solid_lvm, makedev(253, 0)), 0);
    CHECK_INT(rotates(raid, makedev(9, 0)), 1);
    CHECK_INT(rotates(disk, makedev(0, 40)), 0); /* tmpfs, NFS, overlays: no block device */
    type = 0x65735546u;
    CHECK_INT(rotates(disk, makedev(8, 0)), 0); /* FUSE on a block device */
}

static void btrfs_by_its_members(void)
{
#define MEMBERS "/sys/fs/btrfs/00112233-4455-6677-8899-aabbccddeeff/devices/"
    static const text one[] = {{MEMBERS "sdb/queue/rotational", "1\n"}, {NULL, NULL}};
    static const text partition[] = {{MEMBERS "sdb1/partition", "1\n"},
                                     {MEMBERS "queue/rotational", "1\n"},
                                     {NULL, NULL}};
    static const text two[] = {{MEMBERS "sdb/queue/rotational", "1\n"},
                               {MEMBERS "sdc/queue/rotational", "0\n"},
                               {NULL, NULL}};
    static const text solid[] = {{MEMBERS "nvme0n1/queue/rotational", "0\n"}, {NULL, NULL}};
    static const text nothing[] = {{NULL, NULL}};
    type = 0x9123683eu;
    CHECK_INT(rotates(one, makedev(0, 50)), 1);
    CHECK_INT(rotates(two, makedev(0, 50)), MHQ_ROTATES_APART);
    CHECK(rotates(partition, makedev(0, 50)) > 0); /* here both entries are devices */
    CHECK_INT(rotates(solid, makedev(0, 50)), 0);
    CHECK_INT(rotates(nothing, makedev(0, 50)), 0);
}

/* Virtual disks say that they rotate. */
static void fast_disks_are_left_alone(void)
{
    mhq_devices devices = {.count = 0};
    mhq_device *slow = mhq_device_learn(&devices, 1, 1), *fast = mhq_device_learn(&devices, 2, 1);
    mhq_device *solid = mhq_device_learn(&devices, 3, 0);
    CHECK(mhq_device_find(&devices, 2) == fast && mhq_device_find(&devices, 4) == NULL);
    CHECK(!mhq_device_worth(solid, 0));
    for (int i = 0; i < MHQ_PROBES; i++) {
        CHECK(mhq_device_worth(slow, 5) && mhq_device_worth(fast, 5));
        CHECK_INT(fast->state, MHQ_DEVICE_PROBED);
        mhq_device_probe(slow, i % 8 < 7 ? MHQ_PROBE_NS : 1000, 5); /* some come from its own cache */
        mhq_device_probe(fast, i % 8 < 2 ? 90000000 : 100000, 5);   /* some wait for others */
    }
    CHECK_INT(slow->state, MHQ_DEVICE_ON);
    CHECK_INT(fast->state, MHQ_DEVICE_OFF);
    CHECK(!mhq_device_worth(fast, 5 + MHQ_OFF_NS - 1));
    CHECK(mhq_device_worth(fast, 5 + MHQ_OFF_NS)); /* ten minutes later it is timed anew */
    CHECK_INT(fast->state, MHQ_DEVICE_PROBED);
    CHECK_INT(fast->probes, 0);
    CHECK(!fast->by_inode);
    mhq_device *apart = mhq_device_learn(&devices, 5, MHQ_ROTATES_APART);
    for (int i = 0; i < MHQ_PROBES; i++)
        mhq_device_probe(apart, 1000, 5);
    CHECK(mhq_device_worth(apart, 5 + MHQ_OFF_NS) && apart->by_inode);
    CHECK(!mhq_device_worth(solid, UINT64_MAX));
    for (uint64_t i = 10; i < 10 + MHQ_DEVICES; i++) /* the oldest are forgotten */
        mhq_device_learn(&devices, i, 1);
    CHECK(mhq_device_find(&devices, 1) == NULL && mhq_device_find(&devices, 10) != NULL);
}

static void memory_by_the_smallest(void)
{
#define MEMINFO "MemTotal:       1000000 kB\nMemFree:          80000 kB\nMemAvailable:     800000 kB\n"
    static const text no_groups[] = {{"/proc/meminfo", MEMINFO}, {NULL, NULL}};
    static const text one[] = {{"/proc/meminfo", MEMINFO},
                               {"/proc/self/cgroup", "0::/a/b\n"},
                               {"/sys/fs/cgroup/a/b/memory.max", "max\n"},
                               {"/sys/fs/cgroup/a/b/memory.current", "1000\n"},
                               {"/sys/fs/cgroup/a/memory.max", "80000000\n"},
                               {"/sys/fs/cgroup/a/memory.current", "50000000\n"},
                               {"/sys/fs/cgroup/a/memory.stat", "anon 5\ninactive_file 10000000\n"},
                               {NULL, NULL}};
    static const text old[] = {{"/proc/meminfo", MEMINFO},
                               {"/proc/self/cgroup", "5:devices:/\n4:cpu,memory_x:/q\n3:memory:/a\n0::/\n"},
                               {"/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n"},
                               {"/sys/fs/cgroup/memory/a/memory.usage_in_bytes", "4096\n"},
                               {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "8000000\n"},
                               {"/sys/fs/cgroup/memory/memory.usage_in_bytes", "9000000\n"},
                               {"/sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 5000000\n"},
                               {NULL, NULL}};
    static const text nothing[] = {{NULL, NULL}};
    texts = no_groups;
    CHECK_INT(mhq_memory_room(&calls), 800000LL * 1024 / 8);
    texts = one;
    CHECK_INT(mhq_memory_room(&calls), 40000000 / 8);
    texts = old;
    CHECK_INT(mhq_memory_room(&calls), 4000000 / 8);
    texts = nothing;
    CHECK(mhq_memory_room(&calls) > UINT64_C(1) << 60);
}

int main(void)
{
    calls = mhq_calls_real;
    calls.openat = imitated_openat;
    calls.close = imitated_close;
    calls.read = imitated_read;
    calls.getdents = imitated_getdents;
    calls.file_system = imitated_fs_type;
    calls.btrfs_uuid = imitated_btrfs_uuid;
    devices_by_what_the_system_says();
    btrfs_by_its_members();
    fast_disks_are_left_alone();
    memory_by_the_smallest();
    return check_report("test_gates");
}
