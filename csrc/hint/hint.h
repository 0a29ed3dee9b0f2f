/* hint/hint.h - look-ahead: telling the kernel which files are going to be read.
 *
 * Best-effort, and apart from the operations: the holder copies the next paths into a buffer that
 * is her own, passes the baton, and gives the hints while her sister works. The result of a hint
 * is never used. Only regular files are opened (looked at before, so that no FIFO or
 * device is touched), only on devices that rotate: elsewhere a hint costs more than it gains.
 */
#ifndef MHQ_HINT_HINT_H
#define MHQ_HINT_HINT_H

#include "sys/atomic.h"
#include "core/ring.h"

#define MHQ_HINT_DEVICES 8

typedef struct mhq_hints {
    uint32_t ahead;            /* operations; 0: off */
    uint64_t hinted;           /* tickets below this one have had their hint from this thread */
    char *paths;               /* copies, one after the other, each with its NUL */
    size_t used;
    struct {
        uint64_t device;
        int rotates;
    } devices[MHQ_HINT_DEVICES]; /* what is known; the oldest is forgotten */
    uint32_t known;
    _Atomic uint64_t given;
} mhq_hints;

/* 0 or ENOMEM. */
int mhq_hints_init(mhq_hints *hints, uint32_t ahead, const mhq_calls *sys);
void mhq_hints_fini(mhq_hints *hints, const mhq_calls *sys);
/* 1: none are to be given. `device`: where the last file lay; as long as that is known not to rotate,
 * the next ones are taken to be there too, and cost nothing. */
int mhq_hints_spare(const mhq_hints *hints, uint64_t device);
/* The baton holder. 1: there are hints to give. */
int mhq_hints_copy(mhq_hints *hints, mhq_ring *ring);
/* Without the baton. */
void mhq_hints_give(mhq_hints *hints);

/* What is known of a device: 1, it rotates; 0, it does not; -1, nothing. */
int mhq_hints_know(const mhq_hints *hints, uint64_t device);
/* Notes it; returns `rotates`. */
int mhq_hints_learn(mhq_hints *hints, uint64_t device, int rotates);

/* The platform's: one hint, counted if it was given. */
void mhq_hint(mhq_hints *hints, const char *path);

#endif
