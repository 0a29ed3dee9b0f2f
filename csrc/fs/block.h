/* fs/block.h - memory for small results, which goes round instead of through malloc.
 *
 * A result is taken on one thread and freed on another, which malloc does slowly, under a lock, and
 * out of memory that is cold by then: for a read of 4 KiB a tenth of its time. So results that fit
 * lie in blocks of one size: the holder takes the one that came back last, and the taker of its record
 * returns it. Blocks are made when first needed, up to a number; beyond that malloc serves.
 *
 * Invariant M1: a block is with the holder (in `spare`), with a run record, or in `returned`. Only
 * takers push to `returned`, only the holder takes all of it at once (no ABA).
 */
#ifndef MHQ_FS_BLOCK_H
#define MHQ_FS_BLOCK_H

#include <stdalign.h>

#include "sys/atomic.h"
#include "sys/calls.h"

/* Most small files fit. All blocks together: little more than 2 MiB. With glibc's head it is an even
 * number of 32 bytes: see fs/result.c. */
#define MHQ_BLOCK_BYTES ((size_t)16384 + 24)
#define MHQ_BLOCKS 128u

typedef struct mhq_block {
    struct mhq_block *next; /* while it is not in use */
} mhq_block;

typedef struct mhq_blocks {
    mhq_block *spare;       /* the holder's */
    uint32_t made;          /* the holder's */
    alignas(MHQ_CACHE_LINE) _Atomic(mhq_block *) returned;
} mhq_blocks;

/* When none is in use. */
void mhq_blocks_fini(mhq_blocks *blocks, const mhq_calls *sys);

/* The holder: MHQ_BLOCK_BYTES, or NULL where all are in use or memory is short. */
void *mhq_block_take(mhq_blocks *blocks, const mhq_calls *sys);
/* The holder: never mind. */
void mhq_block_put_back(mhq_blocks *blocks, void *block);
/* A taker. */
void mhq_block_return(mhq_blocks *blocks, void *block);

#endif
