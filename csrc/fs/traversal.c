/* fs/traversal.c - see fs/traversal.h. */
#include "fs/traversal.h"

#include <errno.h>
#include <string.h>

#include "sys/calls.h"

int mhq_packed_reserve(mhq_fs *fs, mhq_packed *packed, size_t more)
{
    if (packed->room - packed->length >= more)
        return 0;
    size_t room = packed->room ? packed->room : 1024;
    while (room - packed->length < more) {
        if (room > PTRDIFF_MAX / 2)
            return ENOMEM;
        room *= 2;
    }
    char *larger = fs->sys->resize(packed->bytes, room);
    if (larger == NULL)
        return ENOMEM;
    packed->bytes = larger;
    packed->room = room;
    return 0;
}

int mhq_packed_add(mhq_fs *fs, mhq_packed *packed, const char *bytes, size_t n)
{
    int error = mhq_packed_reserve(fs, packed, n);
    if (!error && n > 0) {
        memcpy(packed->bytes + packed->length, bytes, n);
        packed->length += n;
    }
    return error;
}

int mhq_traversal_down(mhq_fs *fs, mhq_traversal *t, const mhq_name *name)
{
    mhq_packed *where = &t->where;
    size_t n = mhq_walk_bytes(name);
    int error = mhq_packed_reserve(fs, where, n + 2);
    if (error)
        return error;
    if (!mhq_is_separator(where->bytes[where->length - 1]))
        where->bytes[where->length++] = MHQ_SEPARATOR;
    mhq_walk_spell(name, where->bytes + where->length);
    where->length += n;
    return 0;
}

void mhq_traversal_up(mhq_traversal *t)
{
    size_t n = t->where.length;
    while (n > t->top && !mhq_is_separator(t->where.bytes[n - 1]))
        n--;
    t->where.length = n > t->top ? n - 1 : t->top;
}

void mhq_traversal_end(mhq_fs *fs, mhq_traversal *t)
{
    t->tree.fs = fs;
    mhq_tree_fini(&t->tree);
    fs->sys->release(t->where.bytes);
    fs->sys->release(t->waiting.bytes);
    t->where = t->waiting = (mhq_packed){NULL, 0, 0};
    t->ended = 1;
}

/* ---- the owner's ---- */

mhq_traversal *mhq_traversal_new(const char *path)
{
    const mhq_calls *sys = &mhq_calls_real;
    size_t n = strlen(path);
    mhq_traversal *t = sys->zeroed(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->path = sys->alloc(n + 1);
    if (t->path == NULL) {
        sys->release(t);
        return NULL;
    }
    memcpy(t->path, path, n + 1);
    t->top = n;
    t->sys = sys;
    return t;
}

/* It rests: no descriptor is open. */
void mhq_traversal_free(mhq_traversal *t)
{
    const mhq_calls *sys = t->sys;
    sys->release(t->tree.levels);
    sys->release(t->tree.names);
    sys->release(t->where.bytes);
    sys->release(t->waiting.bytes);
    sys->release(t->error_path);
    sys->release(t->path);
    sys->release(t);
}

const char *mhq_traversal_path(const mhq_traversal *t)
{
    return t->path;
}

uint64_t mhq_traversal_runs(const mhq_traversal *t)
{
    return t->runs;
}

int mhq_traversal_ended(const mhq_traversal *t)
{
    return t->ended;
}
