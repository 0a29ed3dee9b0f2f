/* fs/fingerprints.h - a set of fingerprints: what the move of a tree has copied, so that nothing else is
 * removed with its source. 8 bytes each, a third of the table free. One thread's at a time.
 * A changed thing takes the fingerprint of another one by a chance of 2^-63 times their number.
 */
#ifndef MHQ_FS_FINGERPRINTS_H
#define MHQ_FS_FINGERPRINTS_H

#include "fs/fs.h"

typedef struct mhq_fingerprints {
    uint64_t *slots;
    size_t capacity, count;
} mhq_fingerprints;

/* Finalizer of splitmix64: fingerprints are made with it, and are never 0. */
static inline uint64_t mhq_mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* 0 or ENOMEM. */
int mhq_fingerprints_add(mhq_fs *fs, mhq_fingerprints *set, uint64_t fingerprint);
int mhq_fingerprints_have(const mhq_fingerprints *set, uint64_t fingerprint);
void mhq_fingerprints_fini(mhq_fs *fs, mhq_fingerprints *set);

#endif
