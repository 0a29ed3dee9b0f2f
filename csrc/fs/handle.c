/* fs/handle.c - see fs/handle.h. */
#include "fs/handle.h"

mhq_handle *mhq_handle_new(mhq_fs *fs, intptr_t descriptor, uint32_t mode)
{
    mhq_handle *handle = fs->sys->zeroed(1, sizeof *handle);
    if (handle != NULL) {
        handle->sys = fs->sys;
        handle->mode = mode;
        handle->descriptor = descriptor;
    }
    return handle;
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

intptr_t mhq_handle_descriptor(mhq_handle *handle)
{
    return mhq_load_sc(&handle->uses) & MHQ_HANDLE_SHUT ? -1 : handle->descriptor;
}

void mhq_handle_drop(mhq_handle *handle)
{
    if (mhq_handle_enter(handle))
        (void)mhq_handle_shut(handle);
    handle->sys->release(handle);
}

/* Of one that was being closed, the operation that was to close it as the last is not here. */
void mhq_handle_forget_uses(mhq_handle *handle)
{
    uint32_t uses = mhq_load_sc(&handle->uses);
    mhq_store_sc(&handle->uses, uses & MHQ_HANDLE_SHUT);
    if (uses > MHQ_HANDLE_SHUT)
        (void)mhq_descriptor_close(handle->sys, handle->descriptor);
}
