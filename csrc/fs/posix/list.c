/* fs/posix/list.c - directory_contents, and the directory reader that the walkers use too.
 *
 * Entries come from the kernel in large lots, in the file system's order, and are told apart
 * by the type that comes with them: only links, and entries of file systems that do not tell,
 * cost a call of their own.
 */
#include "fs/posix/posix.h"

#include <stddef.h>
#include <string.h>

/* The kernel's struct linux_dirent64: u64 inode, s64 offset, u16 length, u8 type, name. */
enum { AT_LENGTH = 16, AT_TYPE = 18, AT_NAME = 19 };

/* 1: there is another lot; 0: the end; negative: -errno. */
static int read_lot(mhq_fs *fs, mhq_reader *reader)
{
    ssize_t got;
    MHQ_RETRY(got, fs->sys->getdents(reader->fd, reader->buffer, reader->size));
    reader->at = 0;
    reader->have = got > 0 ? (size_t)got : 0;
    if (got > 0)
        return 1;
    /* A directory that was removed while it was open has come to its end. */
    return got == 0 || errno == ENOENT ? 0 : -errno;
}

/* The next entry of the lot at hand. 1: *entry is filled; 0: none left; negative: -errno. */
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
        if (!*name || strchr(name, '/')) /* a broken file system's, leading who knows where */
            return -EIO;
        if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
            continue;
        entry->name = name;
        entry->type = (unsigned char)record[AT_TYPE];
        memcpy(&entry->inode, record, sizeof entry->inode);
        return 1;
    }
    return 0;
}

int mhq_read_entry(mhq_fs *fs, mhq_reader *reader, mhq_dirent *entry)
{
    int result;
    while ((result = next_entry(reader, entry)) == 0) {
        result = read_lot(fs, reader);
        if (result <= 0)
            break;
    }
    return result;
}

/* ---- directory_contents ---- */

/* The first lot is small, so that a small directory is done before anybody is told that this
 * takes long; the later ones fill the scratch. */
#define FIRST_LOT ((size_t)32768)

typedef struct listing {
    mhq_fs *fs;
    mhq_run *run;
    mhq_reader reader;
    size_t lot;   /* bytes of this lot's result, packed at the front of the reader's buffer */
    int told;     /* lengthy has been called */
} listing;

static void tell(listing *list)
{
    if (!list->told && list->fs->lengthy)
        list->fs->lengthy(list->fs->who);
    list->told = 1;
}

static int is_directory(listing *list, const mhq_dirent *entry)
{
    if (entry->type != DT_LNK && entry->type != DT_UNKNOWN)
        return entry->type == DT_DIR;
    struct stat st;
    int result;
    tell(list);
    MHQ_RETRY(result, list->fs->sys->fstatat(list->reader.fd, entry->name, &st, 0));
    return result == 0 && S_ISDIR(st.st_mode);
}

/* The result's form is shorter than the kernel's, so it is packed into the part of the buffer
 * that has been read already, and copied out once per lot at its exact size. */
static void pack(listing *list, const mhq_dirent *entry)
{
    char type = is_directory(list, entry) ? 'd' : 'f';
    size_t length = strlen(entry->name) + 1;
    char *to = list->reader.buffer + list->lot;
    memmove(to + 1, entry->name, length);
    *to = type;
    list->lot += 1 + length;
}

static int keep_lot(listing *list)
{
    size_t n = list->lot;
    list->lot = 0;
    return mhq_keep(list->fs, list->run, list->reader.buffer, n);
}

static int list_all(listing *list)
{
    mhq_dirent entry;
    for (;;) {
        int more = read_lot(list->fs, &list->reader);
        if (more < 0)
            return -more;
        if (!more)
            return list->run->buffer ? 0 : keep_lot(list);
        int found;
        while ((found = next_entry(&list->reader, &entry)) > 0)
            pack(list, &entry);
        int error = found < 0 ? -found : keep_lot(list);
        if (error)
            return error;
        if (list->reader.have > FIRST_LOT / 2) {
            tell(list);
            list->reader.size = MHQ_SCRATCH;
        }
    }
}

void mhq_fs_directory_contents(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    listing list = {fs, run, {-1, fs->scratch, FIRST_LOT, 0, 0}, 0, 0};
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
