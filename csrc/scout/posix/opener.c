/* scout/posix/opener.c - the openers: where does a file lie, what is in a directory? See
 * scout/posix/crew.h. Each has one descriptor open at a time, and none where it waits. */
#include "scout/posix/crew.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define CACHED_IN_A_ROW 16
/* How much of a file is looked at to know whether it is in the cache. */
#define LOOK_BYTES ((uint64_t)1 << 20)
/* More extents, or larger directories, are more than anybody wants. */
#define EXTENTS_MOST 4096
#define NAMES_MOST ((size_t)8 << 20)
#define ENTRIES 32768

/* ---- opening ---- */

/* A component after the other, for systems that cannot do it at once. */
static int open_step_by_step(const mhq_calls *sys, int top, const char *path, int flags)
{
    char name[256];
    int at = top;
    for (;;) {
        size_t n = strcspn(path, "/");
        int last = path[n] == 0, fd = -1;
        if (n < sizeof name) {
            memcpy(name, path, n);
            name[n] = 0;
            fd = sys->openat(at, name, last ? flags : MHQ_O_PLACE | O_NOFOLLOW | O_CLOEXEC, 0);
        } else {
            errno = ENAMETOOLONG;
        }
        if (at != top) {
            int saved = errno;
            (void)sys->close(at);
            errno = saved;
        }
        if (last || fd < 0)
            return fd;
        at = fd;
        path += n + 1;
    }
}

/* Opening a FIFO lets a writer through that waits for a reader, and some devices act when they are opened.
 * In a tree the listing has said that it is a file. */
static int is_file(const mhq_calls *sys, const mhq_prospect *p)
{
    struct stat st;
    if (sys->fstatat(AT_FDCWD, p->path, &st, 0) < 0)
        return 0;
    if (S_ISREG(st.st_mode))
        return 1;
    errno = EINVAL;
    return 0;
}

int mhq_prospect_open(const mhq_calls *sys, const mhq_prospect *p, int flags)
{
    flags |= O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    if (!p->tree)
        return is_file(sys, p) ? sys->openat(AT_FDCWD, p->path, flags, 0) : -1;
    flags |= O_NOFOLLOW;
    int fd = sys->open_beneath(p->top, p->path, flags);
    if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == EINVAL || errno == E2BIG))
        fd = open_step_by_step(sys, p->top, p->path, flags);
    return fd;
}

/* ---- files ---- */

int mhq_prospect_extent(const mhq_calls *sys, mhq_prospect *p, const mhq_extent *e)
{
    if (p->count == 0) {
        p->one = *e;
        p->extents = &p->one;
        p->count = 1;
        return 1;
    }
    if (p->count >= EXTENTS_MOST)
        return 0;
    if ((p->count & (p->count - 1)) == 0) { /* a power of two: full */
        mhq_extent *from = p->extents == &p->one ? NULL : p->extents;
        mhq_extent *more = sys->resize(from, 2 * p->count * sizeof *more);
        if (more == NULL)
            return 0;
        if (from == NULL)
            more[0] = p->one;
        p->extents = more;
    }
    p->extents[p->count++] = *e;
    return 1;
}

/* A move is a rename unless its target is on another device. */
static int stays_on_device(const mhq_calls *sys, mhq_prospect *p)
{
    struct stat st;
    char *path = p->path + p->path2;
    if (sys->fstatat(AT_FDCWD, path, &st, 0) == 0)
        return (uint64_t)st.st_dev == p->device;
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        *slash = 0;
    const char *parent = slash == NULL ? "." : slash == path ? "/" : path;
    return sys->fstatat(AT_FDCWD, parent, &st, 0) < 0 || (uint64_t)st.st_dev == p->device;
}

enum { TO_BE_TIMED = 1, BY_INODE = 2 };

/* Is it a disk with an arm, or may be one? *how: of the two above. */
static int look_at_device(mhq_scout *scout, int fd, uint64_t id, int *how)
{
    mhq_mutex_lock(&scout->lock);
    mhq_device *d = mhq_device_find(&scout->devices, id);
    if (d == NULL) {
        mhq_mutex_unlock(&scout->lock);
        int rotates = mhq_device_rotates(&scout->sys, fd, id);
        mhq_mutex_lock(&scout->lock);
        d = mhq_device_find(&scout->devices, id);
        if (d == NULL)
            d = mhq_device_learn(&scout->devices, id, rotates);
    }
    int worth = mhq_device_worth(d, mhq_now());
    *how = (d->state == MHQ_DEVICE_PROBED ? TO_BE_TIMED : 0) | (d->by_inode ? BY_INODE : 0);
    mhq_mutex_unlock(&scout->lock);
    return worth;
}

/* Is there no device left that is worth it? */
static int none_is_worth(const mhq_scout *scout)
{
    for (uint32_t i = 0; i < MHQ_DEVICES && i < scout->devices.count; i++)
        if (scout->devices.known[i].state != MHQ_DEVICE_OFF)
            return 0;
    return 1;
}

static void time_device(mhq_scout *scout, int fd, uint64_t id)
{
    char byte;
    uint64_t before = mhq_now();
    ssize_t n = scout->sys.pread(fd, &byte, 1, 0);
    uint64_t now = mhq_now();
    mhq_mutex_lock(&scout->lock);
    mhq_device *d = mhq_device_find(&scout->devices, id);
    if (n == 1 && d != NULL)
        mhq_device_probe(d, now - before, now);
    if (none_is_worth(scout))
        mhq_crew_mood(scout, MHQ_SCOUT_OFF, now + MHQ_OFF_NS);
    mhq_mutex_unlock(&scout->lock);
}

static int is_cached(const mhq_calls *sys, int fd, uint64_t size)
{
    uint64_t look = size < LOOK_BYTES ? size : LOOK_BYTES;
    return sys->cached(fd, 0, (off_t)look) == 1
           && (size == look || sys->cached(fd, (off_t)size - 1, 1) == 1);
}

static void note_cached(mhq_scout *scout, int cached)
{
    mhq_mutex_lock(&scout->lock);
    scout->cached_in_a_row = cached ? scout->cached_in_a_row + 1 : 0;
    enum mhq_mood mood = (enum mhq_mood)mhq_load_rlx(&scout->mood);
    if (mood == MHQ_SCOUT_ACTIVE && scout->cached_in_a_row >= CACHED_IN_A_ROW)
        mhq_crew_mood(scout, MHQ_SCOUT_CALM, 0);
    else if (mood == MHQ_SCOUT_CALM && !cached)
        mhq_crew_mood(scout, MHQ_SCOUT_ACTIVE, 0);
    mhq_mutex_unlock(&scout->lock);
}

static enum mhq_verdict look_at_file(mhq_scout *scout, mhq_prospect *p, int fd)
{
    const mhq_calls *sys = &scout->sys;
    struct stat st;
    if (sys->fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
        return MHQ_NOT_WORTH;
    p->device = (uint64_t)st.st_dev;
    p->inode = (uint64_t)st.st_ino;
    p->size = (uint64_t)st.st_size;
    int how, worth = look_at_device(scout, fd, p->device, &how);
    if (!worth)
        note_cached(scout, 1); /* needs no more looks than what is in the cache */
    if (!worth || (p->path2 && stays_on_device(sys, p)))
        return MHQ_NOT_WORTH;
    int cached = is_cached(sys, fd, p->size);
    note_cached(scout, cached);
    if (cached)
        return MHQ_CACHED;
    if (how & TO_BE_TIMED)
        time_device(scout, fd, p->device);
    if (!(how & BY_INODE))
        mhq_prospect_locate(sys, fd, p);
    if (p->count == 0) {
        mhq_extent all = {p->inode, 0, p->size};
        if (st.st_blocks == 0 || !mhq_prospect_extent(sys, p, &all))
            return MHQ_NOT_WORTH;
    }
    return MHQ_WORTH;
}

/* ---- directories ---- */

static int add_name(const mhq_calls *sys, mhq_prospect *p, size_t *room, const mhq_name *entry,
                    const char *name)
{
    size_t n = strlen(name) + 1, need = p->names_bytes + MHQ_NAME_BYTES + n;
    if (need > NAMES_MOST)
        return 0;
    if (need > *room) {
        char *more = sys->resize(p->names, 2 * need);
        if (more == NULL)
            return 0;
        p->names = more;
        *room = 2 * need;
    }
    memcpy(p->names + p->names_bytes, &entry->inode, sizeof entry->inode);
    p->names[p->names_bytes + sizeof entry->inode] = (char)entry->kind;
    memcpy(p->names + p->names_bytes + MHQ_NAME_BYTES, name, n);
    p->names_bytes = need;
    return 1;
}

typedef struct raw_entry {
    uint64_t inode;
    int64_t next;
    uint16_t length;
    unsigned char type;
    char name[];
} raw_entry;

static int add_entry(const mhq_calls *sys, mhq_prospect *p, size_t *room, int fd,
                     const raw_entry *raw)
{
    mhq_name entry = {.inode = raw->inode, .kind = raw->type};
    struct stat st;
    if (strcmp(raw->name, ".") == 0 || strcmp(raw->name, "..") == 0)
        return 1;
    if (entry.kind == DT_UNKNOWN && sys->fstatat(fd, raw->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        entry.kind = S_ISREG(st.st_mode) ? DT_REG : S_ISDIR(st.st_mode) ? DT_DIR : DT_UNKNOWN;
    return add_name(sys, p, room, &entry, raw->name);
}

static enum mhq_verdict look_at_directory(mhq_scout *scout, mhq_prospect *p, int fd)
{
    const mhq_calls *sys = &scout->sys;
    union {
        uint64_t aligned;
        char bytes[ENTRIES];
    } buffer;
    struct stat st;
    size_t room = 0;
    ssize_t n;
    uint64_t began = mhq_now();
    if (sys->fstat(fd, &st) < 0 || (uint64_t)st.st_dev != p->device)
        return MHQ_NOT_WORTH; /* another mount */
    while ((n = sys->getdents(fd, buffer.bytes, sizeof buffer)) > 0) {
        raw_entry *raw;
        for (ssize_t at = 0; at < n; at += raw->length) {
            raw = (raw_entry *)(void *)(buffer.bytes + at);
            if (!add_entry(sys, p, &room, fd, raw))
                return MHQ_NOT_WORTH;
        }
    }
    p->size = mhq_now() - began; /* the time it took shows whether it was in the cache */
    return n < 0 ? MHQ_NOT_WORTH : MHQ_WORTH;
}

/* ---- the thread ---- */

static void look_at(mhq_scout *scout, mhq_prospect *p)
{
    const mhq_calls *sys = &scout->sys;
    p->verdict = MHQ_NOT_WORTH;
    if (!mhq_crew_enter(scout, p)) /* S2 */
        return;
    int fd = mhq_prospect_open(sys, p, p->listing ? O_DIRECTORY : 0);
    if (fd >= 0) {
        p->verdict = p->listing ? look_at_directory(scout, p, fd) : look_at_file(scout, p, fd);
        (void)sys->close(fd);
        if (p->verdict != MHQ_WORTH)
            mhq_add_rlx(&scout->passed_over, 1);
    } else if (errno == EMFILE || errno == ENFILE) {
        mhq_mutex_lock(&scout->lock);
        mhq_crew_mood(scout, MHQ_SCOUT_OFF, mhq_now() + MHQ_OFF_NS);
        mhq_mutex_unlock(&scout->lock);
    }
    mhq_crew_leave(scout, p);
}

/* With the lock held. Of those that were handed over before it was known that all lies in the cache, one in
 * MHQ_SCOUT_SAMPLE is looked at; where the scout is off, none. A tree is not handed over, and not left
 * out. */
static int left_out(const mhq_scout *scout, const mhq_prospect *p)
{
    if (p->tree)
        return 0;
    switch ((enum mhq_mood)mhq_load_rlx(&scout->mood)) {
    case MHQ_SCOUT_CALM:
        return p->serial % MHQ_SCOUT_SAMPLE != 0;
    case MHQ_SCOUT_OFF:
        return 1;
    default:
        return 0;
    }
}

/* With the lock held. */
static void come_back(mhq_scout *scout, mhq_prospect *p)
{
    if (p->state == MHQ_ABANDONED) {
        mhq_prospect_free(&scout->sys, p);
        return;
    }
    p->state = MHQ_FOUND;
    scout->located++;
    if (--scout->pending == 0)
        mhq_crew_wake(&scout->main_epoch);
}

void *mhq_opener_main(void *argument)
{
    mhq_scout *scout = argument;
    mhq_mutex_lock(&scout->lock);
    while (!mhq_crew_stopped(scout)) {
        mhq_prospect *p = scout->work;
        if (p == NULL) {
            mhq_crew_wait(scout, &scout->work_epoch, -1);
            continue;
        }
        scout->work = p->next;
        if (!left_out(scout, p)) {
            mhq_mutex_unlock(&scout->lock);
            look_at(scout, p);
            mhq_mutex_lock(&scout->lock);
        }
        come_back(scout, p);
    }
    mhq_mutex_unlock(&scout->lock);
    mhq_scout_unref(scout);
    return NULL;
}
