/* built_world.h - files, trees and special files to work on, in two places where there are two file
 * systems: see world.h. */
#ifndef MHQ_BUILT_WORLD_H
#define MHQ_BUILT_WORLD_H

#include "test/world.h"

#include <sched.h>
#include <sys/mount.h>

enum { WORLD_LARGE = 70000, WORLD_SPARSE = 140000 };

static void stamp(const char *path)
{
    const struct timespec then[2] = {{WORLD_TIME, 1}, {WORLD_TIME, 2}};
    REQUIRE(utimensat(AT_FDCWD, path, then, AT_SYMLINK_NOFOLLOW) == 0);
}

static void build_file(const char *path, const char *bytes, size_t n)
{
    put(path, bytes, n);
    (void)setxattr(path, "user.mine", "value", 5, 0);
    REQUIRE(chmod(path, 0640) == 0);
    stamp(path);
}

static void build_tree(const char *large)
{
    REQUIRE(mkdir("tree", 0755) == 0 && mkdir("tree/sub", 0755) == 0);
    REQUIRE(mkdir("tree/sub/deep", 0750) == 0 && mkdir("tree/empty", 0700) == 0);
    build_file("tree/file", "high", 4);
    build_file("tree/sub/deep/file", large, 5000);
    REQUIRE(symlink("nowhere", "tree/link") == 0 && mkfifo("tree/sub/fifo", 0600) == 0);
    stamp("tree/link"), stamp("tree/sub/fifo"), stamp("tree/empty");
    stamp("tree/sub/deep"), stamp("tree/sub"), stamp("tree");
}

/* Deeper than a walk keeps open. */
static void build_chain(void)
{
    char path[64] = "chain";
    for (int i = 0; i < 11; i++) {
        REQUIRE(mkdir(path, 0755) == 0);
        (void)strcat(path, "/c");
    }
    put_text(path, "end");
    stamp(path);
    for (char *slash; (slash = strrchr(path, '/')) != NULL;) {
        *slash = 0;
        stamp(path);
    }
}

/* What the tests of faults and of steps work on. `large`: WORLD_LARGE bytes. */
static void world_build(const char *large)
{
    world_clear();
    build_file("file", large, 100);
    build_file("large", large, WORLD_LARGE);
    build_file("sparse", "", 0);
    int fd = open("sparse", O_WRONLY | O_CLOEXEC);
    REQUIRE(fd >= 0 && pwrite(fd, large, 5000, 131072) == 5000 && ftruncate(fd, WORLD_SPARSE) == 0);
    close(fd);
    stamp("sparse");
    put_text("taken", "mine");
    REQUIRE(mkdir("d", 0755) == 0 && symlink("nowhere", "link") == 0 && mkfifo("fifo", 0640) == 0);
    REQUIRE(symlink("d", "to d") == 0);
    stamp("link"), stamp("to d"), stamp("fifo");
    build_tree(large);
    build_chain();
    if (world_away[0]) {
        put_text(world_path("@taken"), "mine");
        REQUIRE(mkdir(world_path("@d"), 0755) == 0);
    }
}

/* Another file system: one of our own where we may mount, which no other program sees, gone with us;
 * else one that is there. */
static int world_find_away(void)
{
    static const char *const bases[] = {"/tmp", "/dev/shm", "/var/tmp"};
    struct stat here, st;
    int ours = unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) == 0;
    REQUIRE(stat(".", &here) == 0);
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        (void)snprintf(world_away, sizeof world_away, "%s/mhq-away-XXXXXX", bases[i]);
        if (!mkdtemp(world_away))
            continue;
        if ((ours && mount("none", world_away, "tmpfs", 0, NULL) == 0)
            || (stat(world_away, &st) == 0 && st.st_dev != here.st_dev))
            return 1;
        REQUIRE(rmdir(world_away) == 0);
    }
    world_away[0] = 0;
    return 0;
}

#endif
