/* op.h - what an operation is, and the life it leads.
 *
 * The life of an accepted job (one operation, or a list of them):
 *
 *   thread                  | does
 *   ------------------------+------------------------------------------------------------
 *   caller                  | allocates the job, fills `op`, holds everything it points at
 *   caller, mhq_submit      | claims a ticket, publishes the job in the ring (or, where an
 *                           | overdraft finds no slot, in the overflow list)
 *   baton holder            | pops it, runs each operation into a run record, publishes each
 *                           | record in the done stack of the job's port before the next
 *                           | one's system call; one that was cancelled is passed over, and
 *                           | its record is published in its turn
 *   taker of the port       | takes the records, builds the arguments, calls back, returns
 *                           | each with mhq_delivered; after the job's last one it owns the
 *                           | job again and frees it
 *
 * A job is in one place at a time: with the caller, in the ring or the overflow list, with the
 * baton holder, or with the taker. The thread that has it is the only one to write it. What others
 * may decide about it while it is under way is in its fate and its control, which outlive it.
 */
#ifndef MHQ_OP_H
#define MHQ_OP_H

#include <stddef.h>
#include <stdint.h>

/* X(KIND, name): a row per operation. The bridge finds it by its name (mhq_op_names), so the order
 * is free. */
#define MHQ_OPS(X)                      \
    X(FILE_EXISTS, file_exists)         \
    X(FILE_CREATE, file_create)         \
    X(FILE_DELETE, file_delete)         \
    X(FILE_RENAME, file_rename)         \
    X(FILE_MOVE, file_move)             \
    X(FILE_COPY, file_copy)             \
    X(FILE_READ, file_read)             \
    X(FILE_WRITE, file_write)           \
    X(FILE_REPLACE, file_replace)       \
    X(DIRECTORY_EXISTS, directory_exists)     \
    X(DIRECTORY_CREATE, directory_create)     \
    X(DIRECTORY_DELETE, directory_delete)     \
    X(DIRECTORY_CONTENTS, directory_contents) \
    X(DIRECTORY_WALK, directory_walk)         \
    X(DIRECTORY_RENAME, directory_rename)     \
    X(DIRECTORY_MOVE, directory_move)         \
    X(DIRECTORY_COPY, directory_copy)         \
    X(FILE_OPEN, file_open)                   \
    X(FILE_CLOSE, file_close)                 \
    X(FILE_APPEND, file_append)               \
    X(FILE_READ_INTO, file_read_into)         \
    X(FILE_TRUNCATE, file_truncate)           \
    X(FILE_SYNC, file_sync)                   \
    X(DIRECTORY_SYNC, directory_sync)         \
    X(LINK_CREATE, link_create)               \
    X(LINK_READ, link_read)                   \
    X(PATH_EXISTS, path_exists)               \
    X(PATH_STAT, path_stat)                   \
    X(PATH_RENAME, path_rename)               \
    X(PATH_CHMOD, path_chmod)                 \
    X(PATH_UTIME, path_utime)                 \
    X(DISK_USAGE, disk_usage)

enum mhq_kind {
#define X(KIND, name) MHQ_##KIND,
    MHQ_OPS(X)
#undef X
        MHQ_KINDS
};

/* X(FLAG, name): what an operation can be asked beside its paths and data; a bit of mhq_op.options
 * each, named as the parameter is. */
#define MHQ_FLAGS(X)                                                              \
    X(BINARY, binary)   /* for the bridge: bytes, not text */                     \
    X(DURABLE, durable) /* synced: it outlives a power loss */                    \
    X(ATOMIC, atomic)   /* file_open: a new version, or the old one */            \
    X(SYNC, sync)       /* file_close: what was written is on the disk before */  \
    X(DISCARD, discard) /* file_close: of an atomic file, nothing is to stay */   \
    X(STAT, stat)                                                                 \
    X(CONTINUES, continues) /* directory_walk: passes over what cannot be read */ \
    X(FOLLOW_SYMLINKS, follow_symlinks) /* what a link leads to, not the link */  \
    X(REPLACE, replace) /* the target may exist */                                \
    X(HARD, hard)       /* link_create: a second name, not a symbolic link */     \
    X(PARENTS, parents) /* directory_create: with those that are missing */       \
    X(EXIST_OK, exist_ok) /* directory_create: a directory that exists will do */ \
    X(RECURSIVE, recursive) /* directory_delete: with everything in it */

enum mhq_flag_places {
#define X(FLAG, name) MHQ_PLACE_OF_##FLAG,
    MHQ_FLAGS(X)
#undef X
        MHQ_FLAG_COUNT
};

enum mhq_flag {
#define X(FLAG, name) MHQ_##FLAG = 1 << MHQ_PLACE_OF_##FLAG,
    MHQ_FLAGS(X)
#undef X
};

/* X(name): the whole numbers that an operation can be given, named as the parameters are. */
#define MHQ_NUMBERS(X) \
    X(offset)          \
    X(length)          \
    X(mode) /* file_open: enum mhq_open_mode; else permission bits */ \
    X(size)            \
    X(accessed) /* the times of path_utime, in seconds; absent: now */ \
    X(accessed_ns) /* and the nanoseconds */ \
    X(modified)        \
    X(modified_ns)        \
    X(batch)

typedef struct mhq_numbers {
#define X(name) int64_t name;
    MHQ_NUMBERS(X)
#undef X
} mhq_numbers;

enum { MHQ_NUMBER_COUNT = sizeof(mhq_numbers) / sizeof(int64_t) };

/* What the caller gave as "none". */
#define MHQ_ABSENT INT64_MIN

/* Bytes that the name of an entry takes, with a NUL: 255 units of UTF-16 are at most 765. */
#define MHQ_ENTRY 768

/* How file_open opens: the letters of Python's open(). */
enum mhq_open_mode {
    MHQ_OPEN_READS = 1,
    MHQ_OPEN_WRITES = 2,
    MHQ_OPEN_CREATES = 4,
    MHQ_OPEN_EMPTIES = 8,
    MHQ_OPEN_IS_FIRST = 16, /* the file must not exist */
    MHQ_OPEN_APPENDS = 32
};

/* The names, in the order of the enumerators and of the fields. */
extern const char *const mhq_op_names[MHQ_KINDS];
extern const char *const mhq_flag_names[MHQ_FLAG_COUNT];
extern const char *const mhq_number_names[MHQ_NUMBER_COUNT];

/* What stat has of a path: the result of path_stat, and of each entry of directory_walk. What a system
 * does not know is 0. Times are seconds since 1970, with nanoseconds: of the last access, of the last
 * modification, of the last change (Windows: of the creation), of the creation. */
typedef struct mhq_status {
    uint64_t mode, inode, device, links;
    int64_t user, group, size;
    int64_t seconds[4], nanoseconds[4];
    int64_t block_size, blocks;
    uint64_t special, flags, generation, attributes, reparse_tag; /* special: st_rdev */
} mhq_status;

/* Of disk_usage: bytes. */
typedef struct mhq_usage {
    uint64_t total, used, free;
} mhq_usage;

/* Failures that are no errno. mhq_run.error is 0, an errno, one of these, which are negative, or,
 * on Windows, MHQ_WINERROR plus one of its error codes. */
enum mhq_failure {
    MHQ_ENOTREGULAR = -1, /* a FIFO, socket or device where a regular file is needed */
    MHQ_EREFUSED = -2     /* the caller knew beforehand; the operation is not run */
};

#define MHQ_WINERROR 0x10000

/* Which path an error's text names. */
enum mhq_where {
    MHQ_AT_NONE,
    MHQ_AT_PATH,   /* op->path */
    MHQ_AT_PATH2,  /* op->path2 */
    MHQ_AT_BOTH,   /* 'path' -> 'path2' */
    MHQ_AT_BUFFER, /* run->buffer holds the path, NUL-terminated; run->length is its length */
    MHQ_AT_BUFFER2 /* the same, for a path below op->path2: its type is that of path2 */
};

/* One operation. Read-only from mhq_submit on; everything it points at is lent by the caller
 * until the job comes back. What every operation is looked at for comes first. */
typedef struct mhq_op {
    uint8_t kind;        /* enum mhq_kind */
    uint8_t refused;     /* not to be run: completes with MHQ_EREFUSED */
    uint8_t flags;       /* the caller's own; the core does not look */
    uint8_t looks;       /* it changes nothing: where its end can be reported to no thread any more
                          * and it has not started, it is skipped */
    uint32_t options;    /* enum mhq_flag */
    const char *path;    /* NUL-terminated, in the file system's encoding */
    struct mhq_handle *handle;  /* the open file that it is about, or NULL: then it is about the
                                 * path. `path` is then its name, for errors. */
    const mhq_numbers *numbers; /* NULL: it takes none */
    const char *data;    /* of what writes: the bytes; not NULL even where there are none */
    size_t size;         /* how many */
    union {              /* by its kind */
        const char *path2; /* the second path where there is one, else NULL */
        char *room;        /* file_read_into: where `size` bytes are to go */
        struct mhq_traversal *traversal; /* directory_walk: where it stands; see mhq.h */
    };
} mhq_op;

typedef struct mhq_engine mhq_engine;
typedef struct mhq_port mhq_port;
typedef struct mhq_control mhq_control;
typedef struct mhq_fate mhq_fate;
struct mhq_job;

/* What a record's buffer is. */
enum mhq_holds {
    MHQ_HOLDS_BYTES, /* memory of malloc's, or NULL */
    MHQ_HOLDS_BLOCK, /* a block of the engine's, see fs/block.h */
    MHQ_HOLDS_HANDLE /* a struct mhq_handle, see fs/handle.h */
};

/* Result of directory_walk: for each entry its type, one byte ('d', 'f', 'l' a link, 'o' other), with
 * MHQ_STAT a mhq_status (not aligned), its whole path, a NUL; run->length is the sum. */

/* One execution of one operation, and its completion. Written by the baton holder, then, from
 * its publication on, by the taker. */
typedef struct mhq_run {
    union {
        struct mhq_run *next;   /* link of the done stack, later of the batch, later of a free list */
        struct mhq_job *behind; /* of a job that has not run: link of the overflow list; before that, of
                                 * the line of those that wait for bytes */
    };
    const mhq_op *op;      /* NULL: not an operation but the end of a list, or progress */
    struct mhq_job *job;   /* what it belongs to; of progress: NULL */
    int32_t error;         /* 0, an errno, an mhq_failure, or above MHQ_WINERROR; of a list's end:
                            * that of its first failed operation */
    uint8_t where;         /* enum mhq_where */
    uint8_t exists;        /* *_exists: the answer */
    uint8_t holds;         /* enum mhq_holds: what the buffer is */
    uint8_t progress;      /* a progress call is due: see mhq_progress_of */
    char *buffer;          /* result bytes (after `head` bytes of room), or the failing path, or
                            * NULL; owned by the record until it is delivered or taken. Taken
                            * it may be unless it is a block of the engine's. */
    size_t length;         /* result bytes in the buffer, room not counted; those in op->room */
    size_t charged;        /* bytes of the budget that this record holds */
} mhq_run;

/* A frozen list: entries in order, each an operation or another frozen list. Shared between
 * jobs and between parents; read-only once a job refers to it. Sublists are never empty and
 * never of one entry only, so a walk costs no more than twice its operations. */
typedef struct mhq_entry {
    const mhq_op *op;              /* NULL: a sublist */
    union {
        const struct mhq_list *list;
        mhq_fate *fate;            /* of the operation, or NULL */
    };
} mhq_entry;

typedef struct mhq_list {
    size_t count;          /* entries */
    uint64_t total;        /* operations once expanded */
    uint64_t lent;         /* bytes of data once expanded, see mhq_job */
    uint32_t depth;        /* frames a walk needs, at least 1 */
    uint8_t stops;         /* what stands behind the first failed operation is cancelled; a sublist
                            * in which one has failed is a failed operation of its parent */
    const mhq_entry *entries;
} mhq_list;

/* Bits of mhq_job.marks: what jobs of the plain kind have none of. */
enum mhq_mark {
    MHQ_IN_LINE = 1,       /* it waits for bytes of the budget */
    MHQ_BYTES_HELD = 2,    /* it has them */
    MHQ_WATCHED = 4        /* it has a port of its own, a fate or a share */
};

/* What a ring slot holds. `run.op` or `walk` is set, never both (both NULL: an empty list). What plain
 * jobs are not looked at for comes first: the rest lies beside the operation, which callers put behind
 * their job, on few cache lines. */
typedef struct mhq_job {
    struct mhq_share *share; /* its part in a control, or NULL; see core/control.h */
    mhq_fate *fate;        /* or NULL */
    size_t lent;           /* bytes of data that the caller holds for it until it is delivered */
    uint64_t ticket;
    mhq_port *port;        /* where it is delivered; NULL: the engine's own */
    struct mhq_walk *walk; /* where a list's run stands; made by mhq_walk_new */
    uint8_t marks;         /* enum mhq_mark */
    mhq_run run;           /* the operation, and its completion; or the list's end */
} mhq_job;

#endif
