/* fs/posix/mounts.c - see fs/posix/mounts.h. */
#include "fs/posix/mounts.h"

#include "fs/traverse.h"

int mhq_mount_of(mhq_fs *fs, int fd, uint64_t *id)
{
    int error;
    MHQ_TRY(error, fs->sys->mount_id(fd, "", AT_EMPTY_PATH, id));
    return error;
}

static int mount_of_entry(mhq_fs *fs, int dir, const char *name, uint64_t *id)
{
    int error;
    MHQ_TRY(error, fs->sys->mount_id(dir, name, AT_SYMLINK_NOFOLLOW, id));
    return error;
}

/* Opens a directory for a walk, if it is on `mount`. */
int mhq_open_inside(mhq_fs *fs, uint64_t mount, int dir, const char *name, int *fd)
{
    uint64_t id;
    int error = mhq_open(fs, dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, fd);
    if (error)
        return error;
    error = mhq_mount_of(fs, *fd, &id);
    if (!error && id != mount)
        error = EBUSY;
    if (error) {
        fs->sys->close(*fd);
        *fd = -1;
    }
    return error;
}

int mhq_check_mount(mhq_fs *fs, int dir, const char *name)
{
    uint64_t id, mount;
    int error = mhq_mount_of(fs, dir, &mount);
    if (!error)
        error = mount_of_entry(fs, dir, name, &id);
    if (!error && id != mount)
        error = EBUSY;
    return error;
}

/* ---- a whole tree ---- */

typedef struct searcher {
    mhq_tree tree;
    mhq_fs *fs;
    mhq_run *run;
    uint64_t mount;
} searcher;

/* Files can be mount points too. */
static int check_entry(void *context, const mhq_dirent *entry, int *target)
{
    searcher *s = context;
    uint64_t id;
    int directory;
    int fd = mhq_tree_top(&s->tree)->fd;
    int error = mhq_entry_is_directory(s->fs, fd, entry, &directory);
    (void)target;
    if (!error && directory)
        return mhq_tree_note(&s->tree, entry->name);
    if (!error)
        error = mount_of_entry(s->fs, fd, entry->name, &id);
    if (error)
        return error == ENOENT ? 0 : error;
    return id == s->mount ? 0 : EBUSY;
}

static void enter(void *context, const char *name)
{
    searcher *s = context;
    int fd, error = mhq_open_inside(s->fs, s->mount, mhq_tree_top(&s->tree)->fd, name, &fd);
    if (!error)
        error = mhq_tree_enter(&s->tree, fd, -1);
    if (error)
        mhq_tree_fail(&s->tree, s->run, error, 0, name);
}

static void leave(void *context)
{
    searcher *s = context;
    int error = mhq_tree_climb(&s->tree, NULL);
    if (error)
        mhq_tree_fail(&s->tree, s->run, error, 0, NULL);
    else
        mhq_tree_leave(&s->tree);
}

void mhq_find_mounts(mhq_fs *fs, int dir, const char *name, const char *shown, mhq_run *run)
{
    const mhq_visitor visitor = {fs->scratch, MHQ_SCRATCH, 0, check_entry, enter, leave, NULL, 1};
    searcher s = {.fs = fs, .run = run};
    int fd;
    mhq_tree_init(&s.tree, fs, shown, NULL);
    int error = mhq_mount_of(fs, dir, &s.mount);
    if (!error)
        error = mhq_open_inside(fs, s.mount, dir, name, &fd);
    if (!error)
        error = mhq_tree_enter(&s.tree, fd, -1);
    if (error)
        mhq_tree_fail(&s.tree, run, error, 0, NULL);
    mhq_traverse(&s.tree, run, &visitor, &s);
    mhq_tree_fini(&s.tree);
}
