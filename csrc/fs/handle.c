/* fs/handle.c - see fs/handle.h. */
#include "fs/handle.h"

#include <errno.h>

static mhq_handle *handle_of(const mhq_calls *sys, intptr_t descriptor, uint32_t mode)
{
    mhq_handle *handle = sys->zeroed(1, sizeof *handle);
    if (handle != NULL) {
        handle->sys = sys;
        handle->mode = mode;
        handle->descriptor = descriptor;
    }
    return handle;
}

mhq_handle *mhq_handle_new(mhq_fs *fs, intptr_t descriptor, uint32_t mode)
{
    return handle_of(fs->sys, descriptor, mode);
}

mhq_handle *mhq_handle_adopt(intptr_t descriptor, uint32_t mode)
{
    return handle_of(&mhq_calls_real, descriptor, mode);
}

int mhq_handle_open_version(mhq_fs *fs, const char *path, uint32_t mode, mhq_handle **handle)
{
    mhq_version *version;
    intptr_t descriptor;
    int error = mhq_version_open(fs, path, mode, &version, &descriptor);
    if (error)
        return error;
    *handle = mhq_handle_new(fs, descriptor, mode);
    if (*handle == NULL) {
        (void)mhq_descriptor_close(fs->sys, descriptor);
        mhq_version_drop(fs, version);
        return ENOMEM;
    }
    mhq_store_sc(&(*handle)->version, version);
    return 0;
}

int mhq_handle_leave(mhq_handle *handle)
{
    if (mhq_sub_sc(&handle->uses, 1) != (MHQ_HANDLE_SHUT | 1)) /* H2 */
        return 0;
    return mhq_descriptor_close(handle->sys, handle->descriptor);
}

int mhq_handle_shut(mhq_handle *handle)
{
    (void)mhq_or_sc(&handle->uses, MHQ_HANDLE_SHUT);
    return mhq_handle_leave(handle);
}

void mhq_handle_spoil(mhq_handle *handle, int error)
{
    int32_t none = 0;
    while (none == 0 && !mhq_cas_sc(&handle->spoiled, &none, error))
        continue;
}

int mhq_handle_end(mhq_fs *fs, mhq_handle *handle, int discard)
{
    mhq_version *version = mhq_swap_ar(&handle->version, NULL); /* H3 */
    int error = version == NULL || discard ? 0 : mhq_load_sc(&handle->spoiled);
    if (version != NULL && !discard && !error)
        error = mhq_version_prepare(fs, version, handle->descriptor);
    int failure = mhq_handle_shut(handle);
    if (!error)
        error = failure;
    if (version == NULL)
        return error;
    if (!error && !discard)
        return mhq_version_publish(fs, version);
    mhq_version_drop(fs, version);
    return discard ? 0 : error;
}

intptr_t mhq_handle_descriptor(mhq_handle *handle)
{
    return mhq_load_sc(&handle->uses) & MHQ_HANDLE_SHUT ? -1 : handle->descriptor;
}

/* Of no queue's thread: a leftover, which can only be where the file system refuses, is not reported. */
void mhq_handle_discard(mhq_handle *handle)
{
    mhq_fs fs = {.sys = handle->sys};
    if (mhq_handle_enter(handle))
        (void)mhq_handle_end(&fs, handle, 1);
}

void mhq_handle_drop(mhq_handle *handle)
{
    mhq_handle_discard(handle);
    handle->sys->release(handle);
}

/* Of one that was being closed, the operation that was to close it as the last is not here. */
void mhq_handle_forget_uses(mhq_handle *handle)
{
    uint32_t uses = mhq_load_sc(&handle->uses);
    mhq_version *version = mhq_swap_ar(&handle->version, NULL); /* H3 */
    if (version != NULL)
        mhq_version_forget(handle->sys, version);
    mhq_store_sc(&handle->uses, uses & MHQ_HANDLE_SHUT);
    if (uses > MHQ_HANDLE_SHUT)
        (void)mhq_descriptor_close(handle->sys, handle->descriptor);
}
