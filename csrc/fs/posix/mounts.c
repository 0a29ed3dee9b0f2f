/* fs/posix/mounts.c - see fs/posix/mounts.h. */
#include "fs/posix/mounts.h"

#include "fs/posix/list.h"
#include "fs/posix/walk.h"

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

/* Files can be mount points too. */
static int check_entry(mhq_fs *fs, mhq_tree *tree, uint64_t mount, const mhq_dirent *entry)
{
    uint64_t id;
    int directory;
    int fd = mhq_tree_top(tree)->fd;
    int error = mhq_entry_is_directory(fs, fd, entry, &directory);
    if (!error && directory)
        return mhq_tree_note(tree, entry->name);
    if (!error)
        error = mount_of_entry(fs, fd, entry->name, &id);
    if (error)
        return error == ENOENT ? 0 : error;
    return id == mount ? 0 : EBUSY;
}

static void check_entries(mhq_fs *fs, mhq_tree *tree, uint64_t mount, mhq_run *run)
{
    mhq_reader reader = {
        .fd = mhq_tree_top(tree)->fd, .buffer = fs->scratch, .size = MHQ_SCRATCH
    };
    mhq_dirent entry;
    int got;
    while ((got = mhq_read_entry(fs, &reader, &entry)) > 0) {
        int error = check_entry(fs, tree, mount, &entry);
        if (error) {
            mhq_tree_fail(tree, run, error, 0, entry.name);
            return;
        }
    }
    if (got < 0)
        mhq_tree_fail(tree, run, -got, 0, NULL);
    mhq_tree_top(tree)->ended = 1;
}

/* One step: down into a subdirectory, through the entries, or up. */
static void search(mhq_fs *fs, mhq_tree *tree, uint64_t mount, mhq_run *run)
{
    const char *name = mhq_tree_next(tree);
    int fd, error;
    if (name != NULL) {
        error = mhq_open_inside(fs, mount, mhq_tree_top(tree)->fd, name, &fd);
        if (!error)
            error = mhq_tree_enter(tree, fd, -1);
        if (error)
            mhq_tree_fail(tree, run, error, 0, name);
    } else if (!mhq_tree_top(tree)->ended) {
        check_entries(fs, tree, mount, run);
    } else {
        error = mhq_tree_climb(tree, NULL);
        if (error)
            mhq_tree_fail(tree, run, error, 0, NULL);
        else
            mhq_tree_leave(tree);
    }
}

void mhq_find_mounts(mhq_fs *fs, int dir, const char *name, const char *shown, mhq_run *run)
{
    mhq_tree tree;
    uint64_t mount;
    int fd;
    mhq_tree_init(&tree, fs, shown, NULL);
    int error = mhq_mount_of(fs, dir, &mount);
    if (!error)
        error = mhq_open_inside(fs, mount, dir, name, &fd);
    if (!error)
        error = mhq_tree_enter(&tree, fd, -1);
    if (error)
        mhq_tree_fail(&tree, run, error, 0, NULL);
    while (tree.depth > 0 && !run->error)
        search(fs, &tree, mount, run);
    mhq_tree_fini(&tree);
}
