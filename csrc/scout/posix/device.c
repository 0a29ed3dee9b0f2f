/* scout/posix/device.c - which devices are worth it; see scout/posix/crew.h.
 *
 * That the system reports a rotating device is not enough: virtual disks are reported so, too. So the
 * first reads that are not served from the cache are timed.
 */
#include "scout/posix/crew.h"

#include <stdlib.h>

mhq_device *mhq_device_find(mhq_devices *devices, uint64_t device)
{
    uint32_t n = devices->count < MHQ_DEVICES ? devices->count : MHQ_DEVICES;
    for (uint32_t i = 0; i < n; i++)
        if (devices->known[i].device == device)
            return &devices->known[i];
    return NULL;
}

mhq_device *mhq_device_learn(mhq_devices *devices, uint64_t device, int rotates)
{
    mhq_device *d = &devices->known[devices->count++ % MHQ_DEVICES];
    *d = (mhq_device){.device = device, .state = rotates ? MHQ_DEVICE_PROBED : MHQ_DEVICE_OFF,
                      .by_inode = rotates == MHQ_ROTATES_APART};
    return d;
}

static int by_time(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

void mhq_device_probe(mhq_device *device, uint64_t ns, uint64_t now)
{
    if (device->state != MHQ_DEVICE_PROBED)
        return;
    device->times[device->probes++] = ns;
    if (device->probes < MHQ_PROBES)
        return;
    qsort(device->times, MHQ_PROBES, sizeof *device->times, by_time);
    int slow = device->times[MHQ_PROBES / 2] >= MHQ_PROBE_NS;
    device->state = slow ? MHQ_DEVICE_ON : MHQ_DEVICE_OFF;
    device->until = now + MHQ_OFF_NS;
}

int mhq_device_worth(mhq_device *device, uint64_t now)
{
    if (device->state == MHQ_DEVICE_OFF && device->until && now >= device->until)
        *device = (mhq_device){.device = device->device, .state = MHQ_DEVICE_PROBED,
                               .by_inode = device->by_inode};
    return device->state != MHQ_DEVICE_OFF;
}

int mhq_scout_rotates(const mhq_calls *sys, const char *path, uint64_t device)
{
    struct stat st;
    int fd = sys->openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int rotates = -1;
    if (sys->fstat(fd, &st) == 0 && (uint64_t)st.st_dev == device)
        rotates = mhq_device_rotates(sys, fd, device) != 0;
    (void)sys->close(fd);
    return rotates;
}
