/* scout/posix/crew.h - what the threads of a scout share; see scout/scout.h.
 *
 *   scout/posix/crew.c     its life, and what the engine calls
 *   scout/posix/opener.c   the openers: where does a file lie, what is in a directory?
 *   scout/posix/device.c   which devices are worth it
 *   scout/posix/sweep.c    the main thread: windows
 *   scout/posix/fetch.c    the main thread: fetches a window in the disk's order
 *   scout/posix/tree.c     the main thread: a tree that is copied
 *   scout/linux/, scout/macos/   what each system has its own way for
 *
 * Everything but the atomics is under `lock`, which is never held over a system call that
 * can block; what belongs to the main thread alone is in its own structs. A thread that waits notes
 * the epoch under the lock and sleeps until it has moved; epochs are moved under the lock.
 */
#ifndef MHQ_SCOUT_POSIX_CREW_H
#define MHQ_SCOUT_POSIX_CREW_H

#include <fcntl.h>
#include <sys/stat.h>

#include "scout/scout.h"

#define MHQ_OPENERS 4
/* Files in a window of a tree, and the names of a tree that are kept at once. */
#define MHQ_TREE_WINDOW 8192u
#define MHQ_TREE_NAMES 65536u
/* Files of a tree in one sweep, for each that a window of operations has. */
#define MHQ_TREE_SHARE 4
/* One request to the kernel at most: larger ones it cuts off. */
#define MHQ_PIECE_BYTES ((uint64_t)1 << 20)
/* Requests that the disk has at once. */
#define MHQ_OUTSTANDING 128u
/* Less is not worth a sweep. */
#define MHQ_PIECES_LEAST 32u
/* Of files larger than this only two are fetched at once. */
#define MHQ_LARGE_BYTES ((uint64_t)8 << 20)
/* Fewer descriptors than this for the whole process: none for a scout. */
#define MHQ_DESCRIPTORS_LEAST 128
#define MHQ_OFF_NS UINT64_C(600000000000)

/* ---- devices ---- */

#define MHQ_PROBES 16
#define MHQ_PROBE_NS UINT64_C(1500000) /* the median of a disk with an arm is above */
#define MHQ_DEVICES 16

enum mhq_device_state { MHQ_DEVICE_OFF, MHQ_DEVICE_PROBED, MHQ_DEVICE_ON };

typedef struct mhq_device {
    uint64_t device;
    enum mhq_device_state state;
    int by_inode;               /* it rotates as MHQ_ROTATES_APART */
    uint64_t until;             /* MHQ_DEVICE_OFF because it is fast: so long; 0: for good */
    uint32_t probes;
    uint64_t times[MHQ_PROBES];
} mhq_device;

typedef struct mhq_devices {
    uint32_t count;             /* that were ever learned; the oldest is forgotten */
    mhq_device known[MHQ_DEVICES];
} mhq_devices;

mhq_device *mhq_device_find(mhq_devices *devices, uint64_t device);
mhq_device *mhq_device_learn(mhq_devices *devices, uint64_t device, int rotates);
/* An uncached read took so long. Decides after MHQ_PROBES of them. */
void mhq_device_probe(mhq_device *device, uint64_t ns, uint64_t now);
/* May a file on it be scouted? Begins anew when its time is up. */
int mhq_device_worth(mhq_device *device, uint64_t now);

/* The platform's: 1, the device `device` of an open file rotates; 0, it does not, or that is not known, or
 * its file system is of a kind that is left alone. MHQ_ROTATES_APART: it rotates, and the places that it
 * reports are in no order of the disk, so that the inodes' has to do. */
#define MHQ_ROTATES_APART 2
int mhq_device_rotates(const mhq_calls *sys, int fd, uint64_t device);

/* ---- prospects ---- */

enum mhq_prospect_state { MHQ_WANTED, MHQ_FOUND, MHQ_ABANDONED };
enum mhq_verdict { MHQ_NOT_WORTH, MHQ_CACHED, MHQ_WORTH };

typedef struct mhq_extent {
    uint64_t physical;          /* where on the device; or the inode number */
    uint64_t at, length;        /* where in the file */
} mhq_extent;

struct mhq_prospect {
    mhq_prospect *next;
    uint64_t serial;
    uint32_t tree;              /* the number of the tree that it belongs to; 0: handed over */
    uint8_t listing;            /* a directory of a tree, whose names are wanted */
    enum mhq_prospect_state state; /* under the lock */
    int top;                    /* a tree's: the directory that the path is relative to */
    uint64_t order;             /* a tree's: the inode number as the directory listed it */
    /* what was found */
    enum mhq_verdict verdict;
    uint64_t device, inode, size;
    size_t count;
    mhq_extent one, *extents;   /* `extents` points at `one`, or is allocated */
    char *names;                /* a listing: see mhq_name */
    size_t names_bytes;
    size_t path2;               /* where it begins in `path`; 0: none */
    char path[];
};

/* An entry of a listing: this, then the name, NUL-terminated. */
typedef struct mhq_name {
    uint64_t inode;
    uint8_t kind;               /* DT_REG, DT_DIR, or anything else */
} mhq_name;
#define MHQ_NAME_BYTES (sizeof(uint64_t) + 1)

mhq_prospect *mhq_prospect_make(const mhq_calls *sys, const char *path, const char *path2);
void mhq_prospect_free(const mhq_calls *sys, mhq_prospect *p);
/* The platform's: fills in extents, or leaves `count` 0 where the system does not report them. */
void mhq_prospect_locate(const mhq_calls *sys, int fd, mhq_prospect *p);
/* Adds one; 0: no memory, or more than anybody wants. */
int mhq_prospect_extent(const mhq_calls *sys, mhq_prospect *p, const mhq_extent *e);

/* The platform's: bytes that may be fetched ahead without others losing theirs. */
uint64_t mhq_memory_room(const mhq_calls *sys);

/* ---- the scout ---- */

struct mhq_scout {
    mhq_calls sys;              /* a copy: the threads may outlive the owner's */
    uint32_t ahead;
    uint64_t limit_bytes;
    mhq_mutex lock;
    _Atomic uint32_t references;
    _Atomic uint32_t stopped;
    _Atomic uint32_t mood;
    _Atomic uint64_t passed;    /* [passed] written by the baton holder */
    uint64_t mood_until;        /* MHQ_SCOUT_OFF: so long */
    _Atomic uint32_t main_epoch, work_epoch, idle_epoch, tree_epoch;
    mhq_prospect *handed, *handed_last;
    int no_more;                /* the engine had nothing to hand over the last time it looked */
    mhq_prospect *work, *work_last; /* for the openers */
    uint32_t pending;           /* given to the openers, and not come back or abandoned */
    uint64_t located;           /* how many ever came back: progress */
    uint32_t busy[2];           /* descriptors open, or about to be: of what was handed; of trees */
    uint32_t cached_in_a_row;
    mhq_devices devices;
    /* the tree that is being copied */
    uint32_t tree;              /* its number; 0: none */
    uint32_t trees;             /* the last number given */
    char *tree_path;            /* for the main thread to take */
    uint64_t tree_device, tree_inode;
    uint64_t tree_at;           /* the file that the copy is at */
    uint64_t tree_passed;       /* files that need not be waited for */
    uint64_t tree_progress;
    int tree_stalled;           /* waited for in vain: not again */
    /* counters */
    _Atomic uint64_t files, bytes, passed_over, windows;
};

void mhq_scout_unref(mhq_scout *scout);
/* With the lock held, which is released meanwhile. timeout_ns < 0: as long as it takes. */
void mhq_crew_wait(mhq_scout *scout, _Atomic uint32_t *epoch, int64_t timeout_ns);
void mhq_crew_wake(_Atomic uint32_t *epoch);

/* With the lock held: is the file still ahead? */
int mhq_crew_ahead(const mhq_scout *scout, const mhq_prospect *p);
/* S2. 0: it is no longer ahead, and must not be opened. */
int mhq_crew_enter(mhq_scout *scout, const mhq_prospect *p);
void mhq_crew_leave(mhq_scout *scout, const mhq_prospect *p);
/* With the lock held: how the engine is to behave from now on. */
void mhq_crew_mood(mhq_scout *scout, enum mhq_mood mood, uint64_t until);

int mhq_crew_stopped(mhq_scout *scout);

/* Opens a prospect's file or directory without waiting for anything but the disk. -1: errno. */
int mhq_prospect_open(const mhq_calls *sys, const mhq_prospect *p, int flags);

void *mhq_opener_main(void *scout);
void *mhq_scout_main(void *scout);

/* ---- the main thread's: scout/posix/sweep.c ---- */

typedef struct mhq_files {
    mhq_prospect **list;
    size_t count, room;
} mhq_files;

typedef struct mhq_sweep {
    mhq_scout *scout;
    mhq_files files;            /* located or about to be, in the operations' order */
    uint32_t kept;              /* windows since fetched ones were last thrown out */
    uint32_t window;            /* files; halved when fetched ones are thrown out before their use */
    uint64_t room_bytes;        /* what may be fetched and not read yet */
    struct {
        uint64_t end, bytes;    /* the serial behind it */
    } windows[2];               /* the last two that were fetched; the later one is [1] */
    int began;                  /* the later one was fetched where nothing else was there */
    uint64_t grew_at;           /* when files were last handed over */
} mhq_sweep;

int mhq_files_add(mhq_scout *scout, mhq_files *files, mhq_prospect *p);
void mhq_files_drop(mhq_scout *scout, mhq_files *files, size_t count);
/* Has the openers look at these; the chain is taken. */
void mhq_sweep_order(mhq_scout *scout, mhq_prospect *chain, mhq_prospect *last, uint32_t count);
/* Waits until the first so many have come back, or all that were ordered; those that have not for
 * `patience` without progress are taken out of the list and left to their openers. 0: stopped. */
int mhq_sweep_collect(mhq_scout *scout, mhq_files *files, size_t first, uint64_t patience,
                      uint32_t tree);
#define MHQ_ALL SIZE_MAX
size_t mhq_prospect_pieces(const mhq_prospect *p);
/* 1: what is fetched is still wanted; then the next window's files are given to the openers. */
int mhq_sweep_goes_on(mhq_sweep *sweep, uint32_t tree);
/* Fetches the first `count`, in the disk's order. */
void mhq_sweep_fetch(mhq_sweep *sweep, const mhq_files *files, size_t count);
/* How many of the first files go into a window, where the operations are at `passed`. */
size_t mhq_sweep_cut(const mhq_sweep *sweep, const mhq_files *files, size_t window,
                     uint64_t passed);
/* A window is about to be fetched: the number behind its last file, and its bytes. */
void mhq_sweep_note(mhq_sweep *sweep, uint64_t end, uint64_t bytes);
/* The numbers begin anew: those of a tree, or those of what is handed over. */
static inline void mhq_sweep_forget(mhq_sweep *sweep)
{
    mhq_sweep_note(sweep, 0, 0);
    mhq_sweep_note(sweep, 0, 0);
}
/* Asks anew how much memory there is. 0: too little. */
int mhq_sweep_memory(mhq_sweep *sweep);

void mhq_tree_scout(mhq_sweep *sweep); /* scout/posix/tree.c */

#endif
