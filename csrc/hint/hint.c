/* hint/hint.c - see hint/hint.h. */
#include "hint/hint.h"

#include <errno.h>
#include <string.h>

#define PATH_BYTES ((size_t)65536)

int mhq_hints_init(mhq_hints *hints, uint32_t ahead, const mhq_calls *sys)
{
    *hints = (mhq_hints){.ahead = ahead};
    if (ahead == 0)
        return 0;
    hints->paths = sys->alloc(PATH_BYTES);
    return hints->paths ? 0 : ENOMEM;
}

void mhq_hints_fini(mhq_hints *hints, const mhq_calls *sys)
{
    sys->release(hints->paths);
}

int mhq_hints_know(const mhq_hints *hints, uint64_t device)
{
    uint32_t n = hints->known < MHQ_HINT_DEVICES ? hints->known : MHQ_HINT_DEVICES;
    for (uint32_t i = 0; i < n; i++)
        if (hints->devices[i].device == device)
            return hints->devices[i].rotates;
    return -1;
}

int mhq_hints_learn(mhq_hints *hints, uint64_t device, int rotates)
{
    uint32_t at = hints->known++ % MHQ_HINT_DEVICES;
    hints->devices[at].device = device;
    hints->devices[at].rotates = rotates;
    return rotates;
}

int mhq_hints_spare(const mhq_hints *hints, uint64_t device)
{
    return hints->ahead == 0 || mhq_hints_know(hints, device) == 0;
}

int mhq_hints_copy(mhq_hints *hints, mhq_ring *ring)
{
    hints->used = 0;
    for (uint32_t i = 0; i < hints->ahead; i++) {
        const mhq_job *job = mhq_ring_peek(ring, i);
        if (job == NULL)
            break;
        if (job->op == NULL || job->ticket < hints->hinted || job->op->refused)
            continue;
        if (job->op->kind != MHQ_FILE_READ && job->op->kind != MHQ_FILE_COPY)
            continue;
        size_t size = strlen(job->op->path) + 1;
        if (size > PATH_BYTES - hints->used)
            break;
        memcpy(hints->paths + hints->used, job->op->path, size);
        hints->used += size;
        hints->hinted = job->ticket + 1;
    }
    return hints->used != 0;
}

void mhq_hints_give(mhq_hints *hints)
{
    for (size_t at = 0; at < hints->used;) {
        const char *path = hints->paths + at;
        at += strlen(path) + 1;
        mhq_hint(hints, path);
    }
    hints->used = 0;
}
