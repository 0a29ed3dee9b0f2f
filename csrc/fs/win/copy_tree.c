/* fs/win/copy_tree.c - copying trees.
 *
 * A copy is built out of sight, under a random name next to its target, and gets the target's name
 * when it is complete. Windows copies by path; so every directory between the top and the place
 * where the walk is, on both sides, is held open without sharing its deletion: while it is, it
 * cannot be renamed, nor a link be put in its place, and the paths lead where they led at its
 * stat. Links below the top are copied as links, never followed. On failure everything that was
 * built is removed again, made parents included, and what cannot be is reported.
 */
#include "fs/win/copy_tree.h"

#include <string.h>

#include "fs/win/copy.h"
#include "fs/win/delete.h"
#include "fs/traverse.h"
#include "fs/win/parents.h"

#define ENTRIES ((DWORD)65536) /* bytes of entries read at once; fs->scratch is for the links */
#define SHARE_BUT_KEEP (FILE_SHARE_READ | FILE_SHARE_WRITE)

typedef struct copier {
    mhq_tree tree;
    mhq_fs *fs;
    mhq_run *run;
    const mhq_path *path, *temporary; /* the tops */
    char *entries;
    mhq_file_info built;                   /* the top of what is being built: never a source */
    mhq_fingerprints *copied;               /* a move's */
} copier;

/* ---- the walk ---- */

/* Opens a directory to be read, and its stat. `through`: it may be a link. */
static int open_source(mhq_fs *fs, const mhq_path *path, int through, HANDLE *dir, mhq_file_info *seen)
{
    int error = mhq_open(fs, path->text, FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES, SHARE_BUT_KEEP,
                         OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | (through ? 0 : FILE_FLAG_OPEN_REPARSE_POINT),
                         dir);
    if (error)
        return error;
    error = mhq_stat_handle(fs, *dir, seen);
    if (!error && !mhq_is_directory(seen))
        error = MHQ_WIN(ERROR_DIRECTORY);
    if (error)
        fs->sys->close(*dir);
    return error;
}

/* The top of what is built, with nothing in it. */
static void drop_top(const copier *c)
{
    if (mhq_remove_directory(c->fs, c->temporary->text) != 0)
        mhq_report_leftover(c->fs, c->temporary->text);
}

static int make_target(const copier *c, const mhq_path *path, HANDLE *dir)
{
    if (!c->fs->sys->make_directory(path->text))
        return mhq_last();
    /* An open for attributes alone would keep no other program out. */
    int error = mhq_open(c->fs, path->text, FILE_LIST_DIRECTORY | FILE_WRITE_ATTRIBUTES,
                         SHARE_BUT_KEEP, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, dir);
    if (error && path == c->temporary)
        drop_top(c); /* what lies below it, `undo` removes */
    return error;
}

/* A directory may list a name twice where others rename in it meanwhile. The target that exists is
 * then what was made for this very name a moment ago. */
static int is_duplicate(const copier *c, int error, const mhq_path *to)
{
    WIN32_FIND_DATAW found;
    return (error == MHQ_WIN(ERROR_FILE_EXISTS) || error == MHQ_WIN(ERROR_ALREADY_EXISTS))
        && c->fs->sys->find(to->text, &found)
        && wcscmp(found.cFileName, to->text + mhq_path_base(to)) == 0;
}

static int copy_to(copier *c, const mhq_path *from, const mhq_path *to, int *side)
{
    mhq_file_info seen;
    *side = 0;
    int error = mhq_stat(c->fs, from->text, &seen);
    if (error)
        return error;
    if (mhq_is_link(seen.attributes, seen.tag))
        error = mhq_copy_link(c->fs, from->text, to->text, &seen, side);
    else if (seen.attributes & FILE_ATTRIBUTE_DIRECTORY)
        error = MHQ_CHANGED; /* it was none when it was read */
    else
        error = mhq_copy_file(c->fs, from->text, to->text, &seen, 0, side);
    if (is_duplicate(c, error, to))
        return 0; /* and what has taken the place of what was copied is not to be removed */
    return !error && c->copied ? mhq_fingerprints_add(c->fs, c->copied, mhq_fingerprint_of(&seen))
                               : error;
}

static int copy_entry(void *context, const mhq_dirent *entry, int *side)
{
    copier *c = context;
    mhq_path from, to;
    *side = 0;
    if ((entry->attributes & FILE_ATTRIBUTE_DIRECTORY)
        && !mhq_is_link(entry->attributes, entry->tag))
        return mhq_tree_note(&c->tree, entry->name);
    int error = mhq_tree_path(&c->tree, c->path, entry->name, &from);
    if (error)
        return error;
    error = mhq_tree_path(&c->tree, c->temporary, entry->name, &to);
    if (!error) {
        error = copy_to(c, &from, &to, side);
        mhq_path_close(c->fs, &to);
    }
    mhq_path_close(c->fs, &from);
    return error;
}

static int enter(copier *c, HANDLE dir, HANDLE to, const mhq_file_info *seen)
{
    int error = mhq_tree_enter(&c->tree, dir, to);
    if (!error)
        mhq_tree_top(&c->tree)->seen = *seen;
    return error;
}

/* *target: it is the one being filled that failed. */
static int visit_paths(copier *c, const mhq_path *from, const mhq_path *to, int *target)
{
    mhq_file_info seen;
    HANDLE dir, made;
    int error = open_source(c->fs, from, 0, &dir, &seen);
    if (error)
        return error;
    if (mhq_same(&seen, &c->built))
        error = EINVAL;
    if (!error) {
        *target = 1;
        error = make_target(c, to, &made);
    }
    if (is_duplicate(c, error, to)) {
        c->fs->sys->close(dir);
        mhq_tree_skip(&c->tree);
        return 0;
    }
    if (!error && c->copied) {
        error = mhq_fingerprints_add(c->fs, c->copied, mhq_fingerprint_of(&seen));
        if (error)
            c->fs->sys->close(made);
    }
    if (error) {
        c->fs->sys->close(dir);
        return error;
    }
    return enter(c, dir, made, &seen);
}

static void visit(void *context, const wchar_t *name)
{
    copier *c = context;
    mhq_path from, to;
    int target = 0;
    int error = mhq_tree_path(&c->tree, c->path, name, &from);
    if (!error) {
        error = mhq_tree_path(&c->tree, c->temporary, name, &to);
        if (!error) {
            error = visit_paths(c, &from, &to, &target);
            mhq_path_close(c->fs, &to);
        }
        mhq_path_close(c->fs, &from);
    }
    if (!error)
        return;
    if (error == EINVAL)
        mhq_fail(c->run, error, MHQ_AT_PATH); /* not by the name it has while it is built */
    else
        mhq_tree_fail(&c->tree, c->run, error, target, name);
}

/* A directory gets its times when its contents are complete. */
static void finish(void *context)
{
    copier *c = context;
    const mhq_level *level = mhq_tree_top(&c->tree);
    int error = mhq_apply_metadata(c->fs, level->to, &level->seen, 1);
    if (error)
        mhq_tree_fail(&c->tree, c->run, error, 1, NULL);
    else
        mhq_tree_leave(&c->tree);
}

/* ---- measuring ---- */

typedef struct measurer {
    copier c; /* of which the walk is used */
    uint64_t bytes;
} measurer;

static int measure_entry(void *context, const mhq_dirent *entry, int *side)
{
    measurer *m = context;
    (void)side;
    if (mhq_is_link(entry->attributes, entry->tag))
        return 0;
    if (entry->attributes & FILE_ATTRIBUTE_DIRECTORY)
        return mhq_tree_note(&m->c.tree, entry->name);
    m->bytes = mhq_sum(m->bytes, entry->size);
    return 0;
}

static void measure_enter(void *context, const wchar_t *name)
{
    measurer *m = context;
    mhq_path path;
    mhq_file_info seen;
    HANDLE dir;
    int error = mhq_tree_path(&m->c.tree, m->c.path, name, &path);
    if (!error) {
        error = open_source(m->c.fs, &path, 0, &dir, &seen);
        mhq_path_close(m->c.fs, &path);
    }
    if (!error)
        error = enter(&m->c, dir, INVALID_HANDLE_VALUE, &seen);
    if (error)
        mhq_fail(m->c.run, error, MHQ_AT_PATH);
}

static void measure_leave(void *context)
{
    mhq_tree_leave(&((measurer *)context)->c.tree);
}

/* How many bytes the files of the tree have. Where that cannot be found out, the copy will find out
 * why; only a stop counts here: ECANCELED. */
static int measure(const copier *of, const mhq_file_info *top)
{
    const mhq_visitor visitor = {
        of->entries, ENTRIES, 0, measure_entry, measure_enter, measure_leave, NULL, 0
    };
    mhq_run run = {.error = 0};
    measurer m = {.c = {.fs = of->fs, .run = &run, .path = of->path}};
    mhq_file_info seen;
    HANDLE dir;
    mhq_tree_init(&m.c.tree, of->fs, "", NULL);
    int error = open_source(of->fs, of->path, of->copied == NULL, &dir, &seen);
    if (error)
        return 0;
    error = enter(&m.c, dir, INVALID_HANDLE_VALUE, top);
    if (!error)
        mhq_traverse(&m.c.tree, &run, &visitor, &m);
    mhq_tree_fini(&m.c.tree);
    of->fs->sys->release(run.buffer);
    if (!error && !run.error)
        mhq_total(of->fs, m.bytes);
    return run.error == ECANCELED ? ECANCELED : 0;
}

/* ---- the copy ---- */

static void fill(copier *c)
{
    const mhq_visitor visitor = {c->entries, ENTRIES, 0, copy_entry, visit, finish, NULL, 0};
    mhq_traverse(&c->tree, c->run, &visitor, c);
}

/* ---- the target ---- */

/* Only spares work: where the paths do not show it, the walk notices. */
static int check_outside(mhq_fs *fs, HANDLE top, const mhq_path *path2)
{
    mhq_path parent;
    int error = mhq_path_join(fs, path2, L"", &parent);
    if (error)
        return error;
    parent.text[parent.length = mhq_path_base(path2)] = 0;
    error = mhq_is_within(fs, top, &parent) ? EINVAL : 0;
    mhq_path_close(fs, &parent);
    return error;
}

/* Only what we built goes with its contents. */
static void undo(copier *c)
{
    mhq_run run = {.error = 0};
    c->fs->masked++;
    mhq_delete_tree(c->fs, c->temporary, &c->built, "", 1, NULL, &run);
    c->fs->masked--;
    c->fs->sys->release(run.buffer);
    if (run.error && !mhq_is_missing(run.error))
        mhq_report_leftover(c->fs, c->temporary->text);
}

/* Builds it and gives it its name; takes `dir`. */
static void build(copier *c, HANDLE dir, const mhq_file_info *seen, const mhq_path *path2)
{
    HANDLE to;
    int error = make_target(c, c->temporary, &to);
    if (error) {
        c->fs->sys->close(dir);
        mhq_fail(c->run, error, MHQ_AT_PATH2);
        return;
    }
    error = mhq_stat_handle(c->fs, to, &c->built);
    if (error) {
        c->fs->sys->close(dir);
        c->fs->sys->close(to);
        drop_top(c);
        mhq_fail(c->run, error, MHQ_AT_PATH2);
        return;
    }
    error = enter(c, dir, to, seen);
    if (!error)
        fill(c);
    mhq_tree_fini(&c->tree);
    if (!error && !c->run->error)
        error = mhq_rename(c->fs, c->temporary->text, path2->text, 0);
    if (error)
        mhq_fail(c->run, error, MHQ_AT_PATH2);
    if (c->run->error)
        undo(c);
}

static int check_target(mhq_fs *fs, const mhq_path *path2)
{
    mhq_file_info other;
    int error = mhq_stat(fs, path2->text, &other);
    if (!error)
        return MHQ_WIN(ERROR_ALREADY_EXISTS);
    return mhq_is_missing(error) && error != MHQ_WIN(ERROR_INVALID_NAME) ? 0 : error;
}

void mhq_copy_tree(mhq_fs *fs, const mhq_path *path, const char *shown, const mhq_path *path2,
                   const char *shown2, mhq_fingerprints *copied, mhq_run *run)
{
    copier c = {.fs = fs, .run = run, .path = path, .copied = copied};
    mhq_path temporary;
    mhq_file_info seen;
    HANDLE dir;
    if (fs->lengthy)
        fs->lengthy(fs->context);
    int error = open_source(fs, path, copied == NULL, &dir, &seen);
    if (error) {
        mhq_fail(run, error, MHQ_AT_PATH);
        return;
    }
    error = check_target(fs, path2);
    if (error) {
        mhq_fail(run, error, MHQ_AT_PATH2);
    } else if ((error = check_outside(fs, dir, path2)) != 0) {
        mhq_fail(run, error, MHQ_AT_PATH);
    } else if ((error = mhq_temporary(fs, path2, &temporary)) != 0) {
        mhq_fail(run, error, MHQ_AT_PATH2);
    } else {
        c.temporary = &temporary;
        c.entries = fs->sys->alloc(ENTRIES);
        mhq_tree_init(&c.tree, fs, shown, shown2);
        error = c.entries == NULL ? ENOMEM : fs->measure && fs->total ? measure(&c, &seen) : 0;
        if (!error) {
            build(&c, dir, &seen, path2);
        } else {
            fs->sys->close(dir);
            mhq_fail(run, error, MHQ_AT_PATH);
        }
        fs->sys->release(c.entries);
        mhq_path_close(fs, &temporary);
        return;
    }
    fs->sys->close(dir);
}

/* ---- the operation ---- */

static int is_directory(mhq_fs *fs, const mhq_path *path)
{
    mhq_file_info seen;
    int error = mhq_stat_followed(fs, path->text, &seen);
    if (error)
        return error;
    return seen.attributes & FILE_ATTRIBUTE_DIRECTORY ? 0 : MHQ_WIN(ERROR_DIRECTORY);
}

void mhq_fs_directory_copy(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_path path, path2;
    size_t first;
    int doubt, error = mhq_path_open_full(fs, op->path, &path, NULL);
    if (error) {
        mhq_fail(run, error, MHQ_AT_PATH);
        return;
    }
    error = is_directory(fs, &path);
    if (error) {
        mhq_fail(run, error, MHQ_AT_PATH);
    } else if ((error = mhq_path_open_full(fs, op->path2, &path2, NULL)) != 0) {
        mhq_fail(run, error, MHQ_AT_PATH2);
    } else {
        error = mhq_parents_make(fs, &path2, INVALID_HANDLE_VALUE, &first, &doubt);
        if (error) {
            mhq_fail(run, error, MHQ_AT_PATH2);
        } else {
            mhq_copy_tree(fs, &path, op->path, &path2, op->path2, NULL, run);
            if (run->error)
                mhq_parents_remove(fs, &path2, first);
        }
        if (doubt && run->where == MHQ_AT_PATH2 && run->error == MHQ_WIN(ERROR_PATH_NOT_FOUND))
            run->error = doubt; /* what was taken to be there is not */
        mhq_path_close(fs, &path2);
    }
    mhq_path_close(fs, &path);
}
