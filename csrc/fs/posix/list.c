/* fs/posix/list.c - directory_contents, and the directory reader that the walkers use too.
 *
 * Entries come from the kernel in large batches, in the file system's order, and are distinguished
 * by the type that comes with them: only links, and entries of file systems that do not report it,
 * cost a call of their own.
 */
#include "fs/posix/list.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The kernel's struct linux_dirent64: u64 inode, s64 offset, u16 length, u8 type, name. */
enum { AT_LENGTH = 16, AT_TYPE = 18, AT_NAME = 19 };

/* In order, a record has 24 bytes at least, and its place takes 16: three fifths are for records. */
static size_t room_for_records(const mhq_reader *reader)
{
    return reader->by_inode ? reader->size / 5 * 3 & ~(size_t)15 : reader->size;
}

/* 1: there is another batch; 0: the end; negative: -errno. */
static int read_batch(mhq_fs *fs, mhq_reader *reader)
{
    ssize_t got;
    MHQ_RETRY(got, fs->sys->getdents(reader->fd, reader->buffer, room_for_records(reader)));
    reader->at = 0;
    reader->have = got > 0 ? (size_t)got : 0;
    if (got > 0)
        return 1;
    /* A directory that was removed while it was open has come to its end. */
    return got == 0 || errno == ENOENT ? 0 : -errno;
}

static void describe(const char *record, mhq_dirent *entry)
{
    entry->name = record + AT_NAME;
    entry->type = (unsigned char)record[AT_TYPE];
    memcpy(&entry->inode, record, sizeof entry->inode);
}

/* The next entry of the batch at hand. 1: *entry is filled; 0: none left; negative: -errno. */
static int next_entry(mhq_reader *reader, mhq_dirent *entry)
{
    while (reader->at < reader->have) {
        const char *record = reader->buffer + reader->at;
        size_t left = reader->have - reader->at;
        uint16_t length = 0;
        if (left > AT_NAME)
            memcpy(&length, record + AT_LENGTH, sizeof length);
        if (length <= AT_NAME || length > left ||
            !memchr(record + AT_NAME, 0, (size_t)length - AT_NAME))
            return -EIO;
        reader->at += length;
        const char *name = record + AT_NAME;
        if (!*name || strchr(name, '/')) /* a broken file system's, which may lead anywhere */
            return -EIO;
        if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
            continue;
        describe(record, entry);
        return 1;
    }
    return 0;
}

/* ---- in the order of the inodes ---- */

static int compare_inodes(const void *a, const void *b)
{
    uint64_t one = ((const mhq_listed *)a)->inode, other = ((const mhq_listed *)b)->inode;
    return one < other ? -1 : one > other;
}

static void order_batch(mhq_reader *reader)
{
    const size_t records = room_for_records(reader);
    const size_t most = (reader->size - records) / sizeof *reader->order;
    uint64_t last = 0;
    int found, ascends = 1, descends = 1;
    mhq_dirent entry;
    reader->order = (mhq_listed *)(void *)(reader->buffer + records);
    reader->count = reader->next = 0;
    while ((found = next_entry(reader, &entry)) > 0) {
        if (reader->count == most) {
            found = -EIO;
            break;
        }
        reader->order[reader->count++] = (mhq_listed){
            .inode = entry.inode, .at = (uint32_t)(entry.name - AT_NAME - reader->buffer)
        };
        ascends &= entry.inode >= last;
        descends &= entry.inode <= last || reader->count == 1;
        last = entry.inode;
    }
    reader->broken = found;
    if (!ascends && !descends) /* either way is one sweep */
        qsort(reader->order, reader->count, sizeof *reader->order, compare_inodes);
}

static int next_in_order(mhq_reader *reader, mhq_dirent *entry)
{
    if (reader->next == reader->count)
        return reader->broken;
    describe(reader->buffer + reader->order[reader->next++].at, entry);
    return 1;
}

int mhq_read_entry(mhq_fs *fs, mhq_reader *reader, mhq_dirent *entry)
{
    int result;
    while ((result = (reader->by_inode ? next_in_order : next_entry)(reader, entry)) == 0) {
        result = read_batch(fs, reader);
        if (result <= 0)
            break;
        if (reader->by_inode)
            order_batch(reader);
    }
    return result;
}

int mhq_entry_is_directory(mhq_fs *fs, int dir, const mhq_dirent *entry, int *yes)
{
    struct stat st;
    *yes = entry->type == DT_DIR;
    if (entry->type != DT_UNKNOWN)
        return 0;
    int error = mhq_stat(fs, dir, entry->name, AT_SYMLINK_NOFOLLOW, &st);
    *yes = !error && S_ISDIR(st.st_mode);
    return error;
}

int mhq_is_listed(mhq_fs *fs, int dir, const char *name)
{
    mhq_reader reader = {.fd = -1, .buffer = fs->scratch, .size = MHQ_SCRATCH};
    mhq_dirent entry;
    int found = 0;
    if (mhq_open(fs, dir, ".", O_RDONLY | O_DIRECTORY, 0, &reader.fd) != 0)
        return 0;
    while (!found && mhq_read_entry(fs, &reader, &entry) > 0)
        found = strcmp(entry.name, name) == 0;
    (void)fs->sys->close(reader.fd);
    return found;
}

/* ---- directory_contents ---- */

/* The first batch is small, so that a small directory is done before it is reported that this
 * takes long; the later ones fill the scratch. */
#define FIRST_BATCH ((size_t)32768)

typedef struct listing {
    mhq_fs *fs;
    mhq_run *run;
    mhq_reader reader;
    size_t batch;   /* bytes of this batch's result, packed at the front of the reader's buffer */
    int reported;   /* lengthy has been called */
    int batches;
    time_t began;
} listing;

static void report_lengthy(listing *list)
{
    if (!list->reported && list->fs->lengthy)
        list->fs->lengthy(list->fs->context);
    list->reported = 1;
}

static int is_directory(listing *list, const mhq_dirent *entry)
{
    if (entry->type != DT_LNK && entry->type != DT_UNKNOWN)
        return entry->type == DT_DIR;
    struct stat st;
    int result;
    report_lengthy(list);
    MHQ_RETRY(result, list->fs->sys->fstatat(list->reader.fd, entry->name, &st, 0));
    return result == 0 && S_ISDIR(st.st_mode);
}

/* The result's form is shorter than the kernel's, so it is packed into the part of the buffer
 * that has been read already, and copied out once per batch at its exact size. */
static void pack(listing *list, const mhq_dirent *entry)
{
    char type = is_directory(list, entry) ? 'd' : 'f';
    size_t length = strlen(entry->name) + 1;
    char *to = list->reader.buffer + list->batch;
    memmove(to + 1, entry->name, length);
    *to = type;
    list->batch += 1 + length;
}

static int keep_batch(listing *list)
{
    size_t n = list->batch;
    list->batch = 0;
    return mhq_keep(list->fs, list->run, list->reader.buffer, n);
}

/* Whether no name has come or gone since the listing began. In doubt it is not: the clock of another
 * machine, or a change so shortly before that the next one shows the same time. */
static int was_quiet(const listing *list)
{
    struct stat st;
    return mhq_stat_fd(list->fs, list->reader.fd, &st) == 0
           && mhq_size_is_exact(list->fs, list->reader.fd, &st) && st.st_ctime < list->began - 1;
}

/* A batch is of one moment. In a later one names may come again, if others rename meanwhile. */
static int end_listing(listing *list)
{
    if (list->run->buffer == NULL)
        return keep_batch(list);
    return list->batches < 2 || was_quiet(list) ? 0 : mhq_unique_names(list->fs, list->run);
}

static int list_all(listing *list)
{
    mhq_dirent entry;
    list->began = time(NULL);
    for (;;) {
        int more = read_batch(list->fs, &list->reader);
        if (more < 0)
            return -more;
        if (!more)
            return end_listing(list);
        list->batches++;
        int found;
        while ((found = next_entry(&list->reader, &entry)) > 0)
            pack(list, &entry);
        int error = found < 0 ? -found : keep_batch(list);
        if (!error)
            error = mhq_step(list->fs);
        if (error)
            return error;
        if (list->reader.have > FIRST_BATCH / 2) {
            report_lengthy(list);
            list->reader.size = MHQ_SCRATCH;
        }
    }
}

size_t mhq_fs_entry(const mhq_fs *fs, char *to)
{
    size_t length = fs->entry ? strnlen(fs->entry, MHQ_ENTRY - 1) : 0;
    if (length)
        memcpy(to, fs->entry, length);
    return length;
}

void mhq_fs_directory_contents(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    listing list = {
        .fs = fs, .run = run,
        .reader = {.fd = -1, .buffer = fs->scratch, .size = FIRST_BATCH},
    };
    int error = mhq_open(fs, AT_FDCWD, op->path, O_RDONLY | O_DIRECTORY, 0, &list.reader.fd);
    if (!error) {
        error = list_all(&list);
        (void)fs->sys->close(list.reader.fd);
    }
    if (error) {
        fs->sys->release(run->buffer);
        run->buffer = NULL;
        run->length = 0;
        mhq_fail(run, error, MHQ_AT_PATH);
    }
}
