/* scout/linux/memory.c - how much memory may be used for reading ahead; see scout/posix/crew.h.
 *
 * The smallest of what the system has available and what the process's control groups, up to the root,
 * leave: their limit, less what is used and is not an inactive page of a file. Version 2 (one tree) and
 * version 1 (one tree for memory).
 */
#include "scout/posix/crew.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARE 8 /* of what there is, one part in so many */
#define ROOM 2048
#define LONGEST 1024

static int read_text(const mhq_calls *sys, const char *path, char *text, size_t room)
{
    int fd = sys->openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    size_t have = 0;
    ssize_t n;
    while (have < room - 1 && (n = sys->read(fd, text + have, room - 1 - have)) > 0)
        have += (size_t)n;
    (void)sys->close(fd);
    text[have] = 0;
    return have > 0;
}

/* The number behind a word at the beginning of a line. */
static int number_at(const char *text, const char *word, uint64_t *value)
{
    size_t n = strlen(word);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, word, n) == 0) {
            *value = strtoull(line + n, NULL, 10);
            return 1;
        }
    }
    return 0;
}

static uint64_t available(const mhq_calls *sys)
{
    char text[ROOM];
    uint64_t kilobytes;
    if (read_text(sys, "/proc/meminfo", text, sizeof text)
        && number_at(text, "MemAvailable:", &kilobytes))
        return kilobytes * 1024;
    return UINT64_MAX;
}

typedef struct group_files {
    const char *root, *limit, *used, *inactive;
} group_files;

static int number_in(const mhq_calls *sys, const char *group, const char *file, const char *word,
                     uint64_t *value)
{
    char path[LONGEST + 64], text[2 * ROOM];
    (void)snprintf(path, sizeof path, "%s/%s", group, file);
    if (!read_text(sys, path, text, sizeof text))
        return 0;
    if (word)
        return number_at(text, word, value);
    if (text[0] < '0' || text[0] > '9') /* "max" */
        return 0;
    *value = strtoull(text, NULL, 10);
    return 1;
}

static uint64_t left_in(const mhq_calls *sys, const group_files *files, const char *group)
{
    uint64_t limit, used, inactive = 0;
    if (!number_in(sys, group, files->limit, NULL, &limit)
        || !number_in(sys, group, files->used, NULL, &used))
        return UINT64_MAX;
    (void)number_in(sys, group, "memory.stat", files->inactive, &inactive);
    used -= inactive < used ? inactive : used;
    return limit > used ? limit - used : 0;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The group and all above it. */
static uint64_t left_on_the_way(const mhq_calls *sys, const group_files *files, const char *line)
{
    char group[LONGEST];
    size_t root = strlen(files->root), n = strcspn(line, "\n");
    uint64_t left = UINT64_MAX;
    if (root + n >= sizeof group)
        return left;
    memcpy(group, files->root, root);
    memcpy(group + root, line, n);
    group[root + n] = 0;
    for (;;) {
        left = smaller(left, left_in(sys, files, group));
        char *slash = strrchr(group + root, '/');
        if (slash == NULL)
            return left;
        *slash = 0;
    }
}

uint64_t mhq_memory_room(const mhq_calls *sys)
{
    static const group_files one = {"/sys/fs/cgroup", "memory.max", "memory.current",
                                    "inactive_file "};
    static const group_files old = {"/sys/fs/cgroup/memory", "memory.limit_in_bytes",
                                    "memory.usage_in_bytes", "total_inactive_file "};
    char text[ROOM];
    uint64_t left = available(sys);
    if (read_text(sys, "/proc/self/cgroup", text, sizeof text)) {
        for (const char *line = text; line && *line; line = strchr(line, '\n')) {
            line += *line == '\n';
            const char *groups = strchr(line, ':');
            const char *path = groups ? strchr(groups + 1, ':') : NULL;
            if (path == NULL)
                break;
            if (strncmp(line, "0::", 3) == 0)
                left = smaller(left, left_on_the_way(sys, &one, path + 1));
            else if (strncmp(groups, ":memory:", 8) == 0)
                left = smaller(left, left_on_the_way(sys, &old, path + 1));
        }
    }
    return left / SHARE;
}
