/* scout/macos/scout.c - what macOS has its own way for; see scout/posix/crew.h. Compiled and reviewed, but
 * never run by its authors: docs/platforms.md. */
#include "scout/posix/crew.h"

#include <mach/mach.h>

/* Only a user that may read the device is answered. */
int mhq_device_rotates(const mhq_calls *sys, int fd, uint64_t device)
{
    (void)device;
    return sys->solid_state(fd) == 0;
}

void mhq_prospect_locate(const mhq_calls *sys, int fd, mhq_prospect *p)
{
    for (uint64_t at = 0; at < p->size;) {
        off_t place = (off_t)at, n = (off_t)(p->size - at);
        if (sys->place_on_disk(fd, &place, &n) < 0 || n <= 0)
            return;
        mhq_extent e = {(uint64_t)place, at, (uint64_t)n};
        if (e.length > p->size - at)
            e.length = p->size - at;
        if (!mhq_prospect_extent(sys, p, &e))
            return;
        at += e.length;
    }
}

/* An eighth of what is free or can be at once. */
uint64_t mhq_memory_room(const mhq_calls *sys)
{
    vm_statistics64_data_t now;
    mach_msg_type_number_t n = HOST_VM_INFO64_COUNT;
    (void)sys;
    if (host_statistics64(mach_host_self(), HOST_VM_INFO64, (host_info64_t)&now, &n) != KERN_SUCCESS)
        return UINT64_MAX;
    return ((uint64_t)now.free_count + now.inactive_count) * vm_page_size / 8;
}
