/* scout/linux/locate.c - where the extents of a file lie; see scout/posix/crew.h. */
#include "scout/posix/crew.h"

#include <linux/fiemap.h>
#include <string.h>

#define AT_ONCE 64

/* What has no place yet, is kept in the inode, or was never written, needs no arm. */
#define NO_PLACE                                                                       \
    (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_DATA_INLINE        \
     | FIEMAP_EXTENT_UNWRITTEN)

void mhq_prospect_locate(const mhq_calls *sys, int fd, mhq_prospect *p)
{
    union {
        struct fiemap map;
        char room[sizeof(struct fiemap) + AT_ONCE * sizeof(struct fiemap_extent)];
    } u;
    uint64_t at = 0;
    while (at < p->size) {
        memset(&u, 0, sizeof u.map);
        u.map.fm_start = at;
        u.map.fm_length = p->size - at;
        u.map.fm_extent_count = AT_ONCE; /* never with FIEMAP_FLAG_SYNC: nothing is to be written */
        if (sys->fiemap(fd, &u.map) < 0 || u.map.fm_mapped_extents == 0)
            return;
        for (uint32_t i = 0; i < u.map.fm_mapped_extents && i < AT_ONCE; i++) {
            const struct fiemap_extent *found = &u.map.fm_extents[i];
            uint64_t end = found->fe_logical + found->fe_length;
            mhq_extent e = {found->fe_physical, found->fe_logical, found->fe_length};
            if (end <= at || found->fe_logical >= p->size)
                return;
            at = end;
            if (end > p->size)
                e.length = p->size - e.at;
            if (!(found->fe_flags & NO_PLACE) && !mhq_prospect_extent(sys, p, &e))
                return;
            if (found->fe_flags & FIEMAP_EXTENT_LAST)
                return;
        }
    }
}
