/* things.h - a list of all entries of a directory, to be compared with an earlier one. The
 * functions that fill it are in world.h, and for Windows in test/fs/win/test_win_faults.c.
 */
#ifndef MHQ_THINGS_H
#define MHQ_THINGS_H

#include <stdint.h>

#include "test/check.h"

#define WORLD_THINGS 96

typedef struct thing {
    char path[224], what[96];
} thing;

typedef struct world {
    size_t count;
    thing things[WORLD_THINGS];
} world;

static inline void world_text(char *to, size_t size, const char *from)
{
    size_t n = strlen(from);
    REQUIRE(n < size);
    memcpy(to, from, n + 1);
}

static inline uint64_t world_hash(const char *bytes, size_t n, uint64_t hash)
{
    uint64_t word;
    for (; n >= sizeof word; bytes += sizeof word, n -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    for (; n > 0; n--)
        hash = (hash ^ (unsigned char)*bytes++) * UINT64_C(0x100000001b3);
    return hash;
}

static inline int world_order(const void *a, const void *b)
{
    return strcmp(((const thing *)a)->path, ((const thing *)b)->path);
}

static inline int world_below(const char *path, const char *top)
{
    size_t n = strlen(top);
    return strncmp(path, top, n) == 0 && (path[n] == 0 || path[n] == '/');
}

/* Takes `top` and what is in it out of the list. */
static inline void world_forget(world *w, const char *top)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->count; i++)
        if (!world_below(w->things[i].path, top))
            w->things[kept++] = w->things[i];
    w->count = kept;
}

static inline const thing *world_find(const world *w, const char *path)
{
    thing key;
    world_text(key.path, sizeof key.path, path);
    return bsearch(&key, w->things, w->count, sizeof key, world_order);
}

/* The first thing of `part` that is not the same in `whole`; NULL: there is none. exactly 0: its
 * name and kind will do. */
static inline const char *world_beyond(const world *part, const world *whole, int exactly)
{
    for (size_t i = 0; i < part->count; i++) {
        const thing *t = &part->things[i], *other = world_find(whole, t->path);
        if (other == NULL || strncmp(t->what, other->what, exactly ? sizeof t->what : 2) != 0)
            return t->path;
    }
    return NULL;
}

static inline const char *world_differs(const world *a, const world *b)
{
    const char *path = world_beyond(a, b, 1);
    return path ? path : world_beyond(b, a, 1);
}

#endif
