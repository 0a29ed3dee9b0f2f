/* rules.h - for the tests in which calls fail: an operation to be tried, and which files may be
 * there after it has failed. */
#ifndef MHQ_RULES_H
#define MHQ_RULES_H

#include "test/things.h"

/* What a failure may leave, other than everything as before. */
enum rule { AS_BEFORE, OR_DONE, ANY_TARGET, LESS, MORE, MOVING };

typedef struct scenario {
    int kind;
    const char *path, *path2; /* test_faults: '@x': x on the other file system */
    enum rule rule;
    int refusal;              /* its error on a system without faults */
} scenario;

/* What is not as it should be; NULL: there is nothing. before, done: without a fault; now: with
 * one, without what may be left. */
static inline const char *rule_broken(const scenario *s, const world *before, const world *done,
                                      const world *now)
{
    static world rest;
    const char *path;
    rest = *now;
    switch (s->rule) {
    case OR_DONE:
        if (!world_differs(now, done))
            return NULL;
        break;
    case ANY_TARGET:
        world_forget(&rest, s->path);
        return world_beyond(&rest, before, 1);
    case LESS:
        return world_beyond(now, before, 0);
    case MORE: /* a part of what should be there */
        path = world_beyond(before, now, 1);
        return path ? path : world_beyond(now, done, 0);
    case MOVING: /* the source is whole, or else the target is, and what is left of the source */
        path = world_beyond(done, now, 1);
        if (path)
            break;
        for (size_t i = 0; i < done->count; i++)
            if (!world_find(before, done->things[i].path))
                world_forget(&rest, done->things[i].path);
        for (size_t i = 0; i < rest.count; i++)
            if (world_find(done, rest.things[i].path) == NULL
                && !world_below(rest.things[i].path, s->path))
                return rest.things[i].path;
        return world_beyond(&rest, before, 0);
    case AS_BEFORE:
        break;
    }
    return world_differs(now, before);
}

#endif
