/* core/leftover.h - temporaries that could not be removed: their paths, on the way from the holder to
 * the callback thread, which reports them. A stack; they are rare.
 *
 * The holder pushes. The callback thread takes all at once, keeps the first and pushes the others
 * back. Neither looks beyond the top before it is theirs, so no ABA.
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

/* The holder. Where memory is short it cannot be reported; the temporary's name still says whose it
 * is. */
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

/* The callback thread: one of the paths, to be released with the real table; or NULL. */
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
