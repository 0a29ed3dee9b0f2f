/* world.h - looks at everything that is there: names, kinds, modes, owners, contents, attributes,
 * and times where the test has set them.
 *
 * Two trees are looked at: the current directory and, shown as '@', one on another file system.
 */
#ifndef MHQ_WORLD_H
#define MHQ_WORLD_H

#include "test/scene.h"
#include "test/things.h"

#define WORLD_TIME 1000000007 /* of what the tests make; other modification times are not compared */

static char world_away[200]; /* '@'; empty: there is none */

/* The path that a name stands for: '@x' is x in the other place. */
static const char *world_path(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    if (name == NULL || name[0] != '@')
        return name;
    char *path = paths[next++ % 4];
    (void)snprintf(path, PATH_MAX, "%s/%s", world_away, name + 1);
    return path;
}

static uint64_t world_contents(const char *path, const struct stat *st)
{
    static char bytes[1 << 16];
    ssize_t got = 0;
    uint64_t hash = 1;
    if (S_ISLNK(st->st_mode)) {
        got = readlink(path, bytes, sizeof bytes);
        return world_hash(bytes, got > 0 ? (size_t)got : 0, hash);
    }
    int fd = S_ISREG(st->st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    while (fd >= 0 && (got = read(fd, bytes, sizeof bytes)) > 0)
        hash = world_hash(bytes, (size_t)got, hash);
    if (fd >= 0)
        close(fd);
    return hash;
}

static void world_note(world *w, const char *path, const char *shown, const struct stat *st)
{
    REQUIRE(w->count < WORLD_THINGS);
    thing *t = &w->things[w->count++];
    world_text(t->path, sizeof t->path, shown);
    (void)snprintf(t->what, sizeof t->what, "%06o %u:%u %llx %llx%s%s", st->st_mode, st->st_uid,
                   st->st_gid, S_ISDIR(st->st_mode) ? 0ULL : (unsigned long long)st->st_size,
                   (unsigned long long)world_contents(path, st),
                   st->st_mtim.tv_sec == WORLD_TIME ? " then" : "",
                   has_attribute(path, "user.mine") ? " mine" : "");
}

static void world_walk(world *w, const char *path, const char *shown)
{
    DIR *dir = opendir(path);
    char below[PATH_MAX], name[PATH_MAX];
    struct stat st;
    REQUIRE(dir != NULL);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        (void)snprintf(below, sizeof below, "%s/%s", path, e->d_name);
        (void)snprintf(name, sizeof name, "%s%s", shown, e->d_name);
        REQUIRE(lstat(below, &st) == 0);
        world_note(w, below, name, &st);
        if (S_ISDIR(st.st_mode)) {
            (void)strcat(name, "/");
            world_walk(w, below, name);
        }
    }
    closedir(dir);
}

static void world_look(world *w)
{
    w->count = 0;
    world_walk(w, ".", "");
    if (world_away[0])
        world_walk(w, world_away, "@");
    qsort(w->things, w->count, sizeof *w->things, world_order);
}

static int world_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind;
    return at->level > 0 ? remove(path) : 0;
}

/* Everything goes, in both places. */
static void world_clear(void)
{
    REQUIRE(nftw(".", world_remove, 16, FTW_DEPTH | FTW_PHYS) == 0);
    if (world_away[0])
        REQUIRE(nftw(world_away, world_remove, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

#endif
