/* core/leftover.h - temporaries that could not be removed: their paths, on the way from the holder to
 * the callback thread, which tells of them. A stack; they are rare.
 *
 * The holder pushes. The callback thread takes all at once, keeps the first and pushes the others
 * back. Neither looks beyond the top before it is theirs, so no ABA.
 */
#ifndef MHQ_CORE_LEFTOVER_H
#define MHQ_CORE_LEFTOVER_H

#include <string.h>

#include "sys/atomic.h"
#include "sys/calls.h"

typedef struct mhq_left_behind {
    struct mhq_left_behind *next;
    char path[];
} mhq_left_behind;

typedef _Atomic(mhq_left_behind *) mhq_left_behinds;

/* The holder. Where memory is short it cannot be told; the temporary's name still says whose it
 * is. */
static inline void mhq_left_behind_push(mhq_left_behinds *top, const char *path,
                                        const mhq_calls *sys)
{
    size_t size = strlen(path) + 1;
    mhq_left_behind *left = sys->alloc(sizeof *left + size);
    if (left == NULL)
        return;
    memcpy(left->path, path, size);
    left->next = mhq_load_rlx(top);
    while (!mhq_cas_rel(top, &left->next, left)) /* [left] */
        continue;
}

/* The callback thread: one of the paths, to be released with the real table; or NULL. */
static inline char *mhq_left_behind_take(mhq_left_behinds *top)
{
    mhq_left_behind *left = mhq_load_rlx(top);
    if (left == NULL)
        return NULL;
    left = mhq_swap_acq(top, NULL); /* [left] */
    for (mhq_left_behind *rest = left->next, *next; rest != NULL; rest = next) {
        next = rest->next;
        rest->next = mhq_load_rlx(top);
        while (!mhq_cas_rel(top, &rest->next, rest))
            continue;
    }
    size_t size = strlen(left->path) + 1;
    memmove(left, left->path, size);
    return (char *)left;
}

#endif
