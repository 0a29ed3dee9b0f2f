/* fs/win/list.c - directory_contents, and the directory reader that the walkers use too.
 *
 * Entries come in large batches, in the file system's order, with their attributes: only links cost a
 * call of their own.
 */
#include "fs/win/list.h"

#include <string.h>

#include "fs/win/io.h"
#include "fs/win/path.h"

/* 1: there is another batch; 0: the end; negative: -error. */
static int read_batch(mhq_fs *fs, mhq_reader *reader)
{
    int what = reader->begun ? FileIdBothDirectoryInfo : FileIdBothDirectoryRestartInfo;
    reader->begun = 1;
    if (fs->sys->get(reader->dir, what, reader->buffer, reader->size)) {
        reader->next = reader->buffer;
        return 1;
    }
    int error = mhq_last();
    /* A directory that has come to nothing while it was open has come to its end. */
    return error == MHQ_WIN(ERROR_NO_MORE_FILES) || error == MHQ_WIN(ERROR_FILE_NOT_FOUND) ? 0
                                                                                           : -error;
}

static int is_dots(const wchar_t *name, size_t n)
{
    return name[0] == '.' && (n == 1 || (n == 2 && name[1] == '.'));
}

/* The next entry of the batch at hand. 1: *entry is filled; 0: none left; negative: -error. */
static int next_entry(mhq_reader *reader, mhq_dirent *entry)
{
    while (reader->next != NULL) {
        const FILE_ID_BOTH_DIR_INFO *info = (const void *)reader->next;
        size_t n = info->FileNameLength / sizeof(wchar_t);
        reader->next = info->NextEntryOffset ? reader->next + info->NextEntryOffset : NULL;
        if (n == 0 || n >= MAX_PATH)
            return -MHQ_WIN(ERROR_FILENAME_EXCED_RANGE);
        if (is_dots(info->FileName, n))
            continue;
        memcpy(entry->name, info->FileName, n * sizeof(wchar_t));
        entry->name[n] = 0;
        entry->length = n;
        entry->size = (uint64_t)info->EndOfFile.QuadPart;
        entry->attributes = info->FileAttributes;
        entry->tag = info->EaSize; /* where there is a reparse point */
        return 1;
    }
    return 0;
}

int mhq_read_entry(mhq_fs *fs, mhq_reader *reader, mhq_dirent *entry)
{
    int result;
    while ((result = next_entry(reader, entry)) == 0) {
        result = read_batch(fs, reader);
        if (result <= 0)
            break;
    }
    return result;
}

/* ---- directory_contents ---- */

/* The scratch: first the system's records, then the names in the form of the result, which take
 * no more than five quarters of that. */
#define RECORDS ((DWORD)98304)
_Static_assert(RECORDS + RECORDS / 4 * 5 <= MHQ_SCRATCH, "both fit into the scratch");

typedef struct listing {
    mhq_fs *fs;
    mhq_run *run;
    const mhq_path *path;
    mhq_reader reader;
    size_t batch; /* bytes of this batch's result */
} listing;

static int is_directory(const listing *list, const mhq_dirent *entry)
{
    mhq_path path;
    mhq_file_info seen;
    if (!mhq_is_link(entry->attributes, entry->tag))
        return (entry->attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    if (mhq_path_join(list->fs, list->path, entry->name, &path) != 0)
        return 0;
    int error = mhq_stat_followed(list->fs, path.text, &seen);
    mhq_path_close(list->fs, &path);
    return !error && (seen.attributes & FILE_ATTRIBUTE_DIRECTORY);
}

static int list_all(listing *list)
{
    mhq_fs *fs = list->fs;
    char *packed = fs->scratch + RECORDS;
    mhq_dirent entry;
    int error = 0, more;
    while (!error && (more = read_batch(fs, &list->reader)) != 0) {
        if (more < 0)
            return -more;
        while ((more = next_entry(&list->reader, &entry)) > 0) {
            packed[list->batch] = is_directory(list, &entry) ? 'd' : 'f';
            list->batch += 2 + mhq_narrow(entry.name, entry.length, packed + list->batch + 1);
        }
        error = more < 0 ? -more : mhq_keep(fs, list->run, packed, list->batch);
        list->batch = 0;
        if (!error)
            error = mhq_step(fs);
        if (fs->lengthy)
            fs->lengthy(fs->context);
    }
    return error || list->run->buffer ? error : mhq_keep(fs, list->run, packed, 0);
}

static int open_listed(mhq_fs *fs, const wchar_t *path, HANDLE *handle)
{
    mhq_file_info seen;
    int error = mhq_open(fs, path, FILE_LIST_DIRECTORY, MHQ_SHARE_ALL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS, handle);
    if (error) /* what scandir fails with, which searches for the contents */
        return error == MHQ_WIN(ERROR_FILE_NOT_FOUND) ? MHQ_WIN(ERROR_PATH_NOT_FOUND) : error;
    error = mhq_stat_handle(fs, *handle, &seen);
    if (!error && !(seen.attributes & FILE_ATTRIBUTE_DIRECTORY))
        error = MHQ_WIN(ERROR_DIRECTORY);
    if (error)
        fs->sys->close(*handle);
    return error;
}

size_t mhq_fs_entry(const mhq_fs *fs, char *to)
{
    size_t units = fs->entry ? wcsnlen(fs->entry, MHQ_ENTRY / 3 - 1) : 0;
    return units ? mhq_narrow(fs->entry, units, to) : 0;
}

void mhq_fs_directory_contents(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_path path;
    listing list = {
        .fs = fs, .run = run, .path = &path, .reader = {.buffer = fs->scratch, .size = RECORDS}
    };
    int error = mhq_path_open(fs, op->path, &path);
    if (!error) {
        error = open_listed(fs, path.text, &list.reader.dir);
        if (!error) {
            error = list_all(&list);
            fs->sys->close(list.reader.dir);
        }
        mhq_path_close(fs, &path);
    }
    if (error) {
        fs->sys->release(run->buffer);
        run->buffer = NULL;
        run->length = 0;
        mhq_fail(run, error, MHQ_AT_PATH);
    }
}
