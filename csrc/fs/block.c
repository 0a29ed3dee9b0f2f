/* fs/block.c - see fs/block.h for the invariant M1. */
#include "fs/block.h"

static void release_all(mhq_block *block, const mhq_calls *sys)
{
    while (block != NULL) {
        mhq_block *next = block->next;
        sys->release(block);
        block = next;
    }
}

void mhq_blocks_fini(mhq_blocks *blocks, const mhq_calls *sys)
{
    release_all(blocks->spare, sys);
    release_all(mhq_swap_acq(&blocks->returned, NULL), sys);
}

void *mhq_block_take(mhq_blocks *blocks, const mhq_calls *sys)
{
    mhq_block *block = blocks->spare;
    if (block == NULL && mhq_load_rlx(&blocks->returned) != NULL)
        block = mhq_swap_acq(&blocks->returned, NULL); /* [block] */
    if (block != NULL) {
        blocks->spare = block->next;
    } else if (blocks->made < MHQ_BLOCKS) {
        block = sys->alloc(MHQ_BLOCK_BYTES);
        blocks->made += block != NULL;
    }
    return block;
}

void mhq_block_put_back(mhq_blocks *blocks, void *block)
{
    mhq_block *back = block;
    back->next = blocks->spare;
    blocks->spare = back;
}

void mhq_block_return(mhq_blocks *blocks, void *block)
{
    mhq_block *back = block, *top = mhq_load_rlx(&blocks->returned);
    do /* by way of `top`: once it is pushed, no other thread may write to it */
        back->next = top;
    while (!mhq_cas_rel(&blocks->returned, &top, back)); /* [block] */
}
