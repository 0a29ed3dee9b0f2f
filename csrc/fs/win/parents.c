/* fs/win/parents.c - see fs/win/parents.h. */
#include "fs/win/parents.h"

/* Final paths have the names as they are stored. */
static wchar_t *final_path(mhq_fs *fs, HANDLE handle)
{
    DWORD capacity = fs->sys->final_path(handle, NULL, 0);
    wchar_t *path = capacity ? fs->sys->alloc(capacity * sizeof *path) : NULL;
    if (path == NULL)
        return NULL;
    DWORD n = fs->sys->final_path(handle, path, capacity);
    if (n > 0 && n < capacity)
        return path;
    fs->sys->release(path); /* it has got a longer one meanwhile, or none */
    return NULL;
}

int mhq_is_within(mhq_fs *fs, HANDLE top, const mhq_path *path)
{
    HANDLE handle;
    if (mhq_open(fs, path->text, FILE_READ_ATTRIBUTES, MHQ_SHARE_ALL, OPEN_EXISTING,
                 FILE_FLAG_BACKUP_SEMANTICS, &handle) != 0)
        return 0;
    wchar_t *outer = final_path(fs, top), *inner = final_path(fs, handle);
    fs->sys->close(handle);
    int within = 0;
    if (outer != NULL && inner != NULL) {
        size_t n = wcslen(outer);
        within = wcsncmp(outer, inner, n) == 0
            && (inner[n] == 0 || inner[n] == '\\' || outer[n - 1] == '\\');
    }
    fs->sys->release(outer);
    fs->sys->release(inner);
    return within;
}

static int make_up_to(mhq_fs *fs, mhq_path *path, size_t n)
{
    wchar_t kept = path->text[n];
    path->text[n] = 0;
    int error = fs->sys->make_directory(path->text) ? 0 : mhq_last();
    path->text[n] = kept;
    return error;
}

/* *doubt: what stands in the way of its stat; it is taken to be there. */
static int exists_up_to(mhq_fs *fs, mhq_path *path, size_t n, int *doubt)
{
    WIN32_FILE_ATTRIBUTE_DATA data;
    wchar_t kept = path->text[n];
    path->text[n] = 0;
    int error = fs->sys->attributes(path->text, &data) ? 0 : mhq_last();
    path->text[n] = kept;
    if (mhq_is_missing(error))
        return 0;
    *doubt = error;
    return 1;
}

static size_t parent_of(const mhq_path *path, size_t n)
{
    while (n > 0 && path->text[n - 1] != '\\')
        n--;
    return n > 0 ? n - 1 : 0;
}

void mhq_parents_remove(mhq_fs *fs, mhq_path *path, size_t first)
{
    for (size_t n = parent_of(path, path->length); first != 0 && n >= first; n = parent_of(path, n)) {
        wchar_t kept = path->text[n];
        path->text[n] = 0;
        int error = mhq_remove_directory(fs, path->text);
        if (error && error != MHQ_WIN(ERROR_DIR_NOT_EMPTY) && !mhq_is_missing(error))
            mhq_report_leftover(fs, path->text);
        path->text[n] = kept;
        if (error)
            return;
    }
}

/* What exists, n characters of the path, must not lie within `top`. */
static int check_outside(mhq_fs *fs, mhq_path *path, size_t n, HANDLE top)
{
    wchar_t kept = path->text[n];
    path->text[n] = 0;
    int within = mhq_is_within(fs, top, path);
    path->text[n] = kept;
    return within ? EINVAL : 0;
}

int mhq_parents_make(mhq_fs *fs, mhq_path *path, HANDLE top, size_t *first, int *doubt)
{
    size_t end = parent_of(path, path->length), n = end;
    int error = 0;
    *first = 0;
    *doubt = 0;
    while (n > 0 && !exists_up_to(fs, path, n, doubt))
        n = parent_of(path, n);
    if (n == 0) /* not even the root */
        return exists_up_to(fs, path, end + 1, doubt) ? 0 : MHQ_WIN(ERROR_PATH_NOT_FOUND);
    if (top != INVALID_HANDLE_VALUE && n < end)
        error = check_outside(fs, path, n, top);
    while (!error && n < end) {
        for (n++; path->text[n] != '\\'; n++)
            continue;
        error = make_up_to(fs, path, n);
        if (error == MHQ_WIN(ERROR_ALREADY_EXISTS))
            error = 0, *first = 0; /* another program's in between: not ours to climb over */
        else if (!error && *first == 0)
            *first = n;
    }
    if (error) {
        size_t length = path->length;
        path->length = n; /* what could not be made has no parent's name yet */
        mhq_parents_remove(fs, path, *first);
        path->length = length;
    }
    return error;
}
