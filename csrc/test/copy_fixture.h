/* copy_fixture.h - for the tests of file_copy: a table of calls that fail, and systems that lack
 * something.
 */
#ifndef MHQ_COPY_FIXTURE_H
#define MHQ_COPY_FIXTURE_H

#include "test/scene.h"

static mhq_calls calls;
static mhq_fs fs;

static inline void fails(int line, const char *path, const char *path2, int error, int where)
{
    mhq_run run = scene_run(&fs, MHQ_FILE_COPY, path, path2, NULL, 0);
    if (!CHECK_INT(run.error, error) || !CHECK_INT(run.where, where))
        fprintf(stderr, "    line %d: %s %s\n", line, path, path2);
    free(run.buffer);
}
#define FAILS(...) fails(__LINE__, __VA_ARGS__)

static inline int copy(const char *path, const char *path2)
{
    return scene_do(&fs, MHQ_FILE_COPY, path, path2);
}

static const unsigned systems[] = {
    0,
    LACK_TMPFILE,
    LACK_PROC,
    LACK_TMPFILE | LACK_NOREPLACE,
    LACK_TMPFILE | LACK_NOREPLACE | LACK_LINK,
    LACK_LINK,
    LACK_COPY_RANGE,
    LACK_COPY_RANGE | LACK_HOLES,
    LACK_COPY_RANGE | LACK_TMPFILE | LACK_RANDOM | LACK_PROC,
};
enum { SYSTEMS = sizeof systems / sizeof *systems };

#endif
