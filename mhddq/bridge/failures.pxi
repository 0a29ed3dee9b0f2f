# Failures: the error in a record becomes the exception that Python's own function would have raised.

cdef extern from "errno.h" nogil:
    enum: ECANCELED

cdef extern from *:
    """
    #ifdef MS_WINDOWS
    #define mhddq_raise_windows_error PyErr_SetExcFromWindowsErrWithFilenameObjects
    #else /* whose errors the core never gives elsewhere */
    #define mhddq_raise_windows_error(type, code, path, path2) PyErr_SetFromErrno(type)
    #endif
    """
    object mhddq_raise_windows_error(object type, int code, object path, object path2)


cdef object windows_error(int code, object path, object path2):
    """The OSError of a Windows error code, with the system's own text."""
    try:
        mhddq_raise_windows_error(OSError, code, path, path2)
    except OSError as error:
        return error


cdef object failure_of(request *r, mhq_run *run):
    """The exception that Python's own functions would raise."""
    if run.error == MHQ_EREFUSED:
        return <object>r.held[0]
    cdef bint bytes1 = r.op.flags & PATH_BYTES, bytes2 = r.op.flags & PATH2_BYTES
    cdef object path = None, path2 = None
    if run.where == MHQ_AT_PATH or run.where == MHQ_AT_BOTH:
        path = path_of(r.op.path, bytes1)
    if run.where == MHQ_AT_BOTH:
        path2 = path_of(r.op.path2, bytes2)
    elif run.where == MHQ_AT_PATH2:
        path = path_of(r.op.path2, bytes2)
    elif run.where == MHQ_AT_BUFFER or run.where == MHQ_AT_BUFFER2:
        path = path_of(run.buffer, bytes1 if run.where == MHQ_AT_BUFFER else bytes2)
    if run.error >= MHQ_WINERROR:
        return windows_error(run.error - MHQ_WINERROR, path, path2)
    if run.error == ECANCELED:
        return cancelled(r, path, path2)
    if run.error == MHQ_ENOTREGULAR:
        error = OSError(errno.EINVAL, "Not a regular file", path)
    else:
        error = OSError(run.error, os.strerror(run.error), path)
    if path2 is not None:   # an argument before it, None too, would count as a Windows error
        error.filename2 = path2
    return error


cdef object cancelled(request *r, object path, object path2):
    """Where it never ran no path is named: then it is all of them."""
    if path is None:
        path = path_of(r.op.path, r.op.flags & PATH_BYTES)
        if SHAPES[r.op.kind].path2 >= 0 and r.op.path2 != NULL:
            path2 = path_of(r.op.path2, r.op.flags & PATH2_BYTES)
    error = Cancelled(ECANCELED, os.strerror(ECANCELED), path)
    if path2 is not None:
        error.filename2 = path2
    return error
