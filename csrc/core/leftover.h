/* core/leftover.h - leftover temporaries, which could not be removed: the holder hands their paths
 * to the callback thread, which reports them. They are rare, so a stack will do.
 *
 * The holder pushes. The callback thread takes all at once, keeps the first and pushes the others
 * back. Neither thread reads what is below the top before it has taken it, so there is no ABA.
 */
#ifndef MHQ_CORE_LEFTOVER_H
#define MHQ_CORE_LEFTOVER_H

#include <string.h>

#include "sys/atomic.h"
#include "sys/calls.h"

typedef struct mhq_leftover {
    struct mhq_leftover *next;
    char path[];
} mhq_leftover;

typedef _Atomic(mhq_leftover *) mhq_leftovers;

/* The holder. Where memory is short the path cannot be reported; the temporary's name still shows
 * that it is one of this library's. */
static inline void mhq_leftover_push(mhq_leftovers *top, const char *path,
                                        const mhq_calls *sys)
{
    size_t size = strlen(path) + 1;
    mhq_leftover *left = sys->alloc(sizeof *left + size);
    if (left == NULL)
        return;
    memcpy(left->path, path, size);
    left->next = mhq_load_rlx(top);
    while (!mhq_cas_rel(top, &left->next, left)) /* [left] */
        continue;
}

/* The callback thread: returns one of the paths, to be freed through the real table; or NULL. */
static inline char *mhq_leftover_take(mhq_leftovers *top)
{
    mhq_leftover *left = mhq_load_rlx(top);
    if (left == NULL)
        return NULL;
    left = mhq_swap_acq(top, NULL); /* [left] */
    for (mhq_leftover *rest = left->next, *next; rest != NULL; rest = next) {
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
