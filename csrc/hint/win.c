/* hint/win.c - no hints on Windows: it has no call that brings a file into the cache without
 * reading it. */
#include "hint/hint.h"

/* The device of every file counts as known and as one that does not rotate, so from the first hint
 * on nothing is copied any more. */
void mhq_hint(mhq_hints *hints, const char *path)
{
    (void)path;
    if (mhq_hints_know(hints, 0) < 0)
        mhq_hints_learn(hints, 0, 0);
}
