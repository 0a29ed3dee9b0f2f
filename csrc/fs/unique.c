/* fs/unique.c - each name once in a result of directory_contents.
 *
 * While others rename in a directory, some file systems (tmpfs) list a name again that they have
 * listed before. That can only happen from one batch of entries to the next.
 */
#include "fs/table.h"

#include <errno.h>
#include <string.h>

#include "fs/fingerprints.h"
#include "sys/calls.h"

typedef struct names {
    uint32_t *places; /* 1 + where an entry begins; 0: free */
    size_t mask;
} names;

static uint64_t hash_of(const char *name, size_t n)
{
    uint64_t hash = n, word;
    for (; n >= sizeof word; name += sizeof word, n -= sizeof word) {
        memcpy(&word, name, sizeof word);
        hash = (hash ^ word) * UINT64_C(0xbf58476d1ce4e5b9);
        hash ^= hash >> 31;
    }
    word = 0;
    memcpy(&word, name, n);
    return mhq_mix(hash ^ word);
}

/* 1: the name was not there, and is now. */
static int add(const names *set, const char *entries, size_t at, const char *name, size_t n)
{
    size_t place = (size_t)hash_of(name, n) & set->mask;
    for (; set->places[place]; place = (place + 1) & set->mask)
        if (strcmp(entries + set->places[place], name) == 0)
            return 0;
    set->places[place] = (uint32_t)at + 1;
    return 1;
}

static size_t count_entries(const mhq_run *run)
{
    size_t count = 0;
    for (size_t at = 0; at < run->length; at++)
        count += run->buffer[at] == 0;
    return count;
}

int mhq_unique_names(mhq_fs *fs, mhq_run *run)
{
    size_t to = 0, count = count_entries(run), places = 64;
    while (places < 2 * count)
        places *= 2;
    if (run->length >= UINT32_MAX)
        return 0; /* four billion bytes of names are not looked through */
    names set = {fs->sys->zeroed(places, sizeof *set.places), places - 1};
    if (set.places == NULL)
        return ENOMEM;
    for (size_t at = 0, n; at < run->length; at += n) {
        n = strlen(run->buffer + at) + 1;
        if (to != at)
            memmove(run->buffer + to, run->buffer + at, n);
        if (add(&set, run->buffer, to, run->buffer + to + 1, n - 2))
            to += n;
    }
    fs->sys->release(set.places);
    run->length = to;
    return 0;
}
