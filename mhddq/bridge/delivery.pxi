# Delivery: a record that has come back becomes the callback's argument, and the callback is called.
# On the callback thread only.

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
    if run.error == MHQ_ENOTREGULAR:
        error = OSError(errno.EINVAL, "Not a regular file", path)
    else:
        error = OSError(run.error, os.strerror(run.error), path)
    if path2 is not None:   # an argument before it, None too, would count as a Windows error
        error.filename2 = path2
    return error


cdef object new_text = str.__new__


cdef dict failed(object error):
    hide_own_frames(error)
    # As FailureText.of makes it, but without Python code, which could be interrupted here.
    text = new_text(FailureText, str(error) or type(error).__name__)
    text.error = error
    return {"exception": text}


cdef bint attempt(object hooks, str name, object a=None, object b=None) noexcept:
    """Calls a hook, which is Python code. A trace function may raise in it, an exception that
    another thread has set in this one may come up in it, memory may be short: each of these is
    over then, or may be. False: it has not come to its end. No exception may leave a function that
    is `noexcept`: SystemExit would end the interpreter from here."""
    cdef int turn
    for turn in range(3):
        try:
            hook = getattr(hooks, name)
            if b is not None:
                hook(a, b)
            elif a is not None:
                hook(a)
            else:
                hook()
            return True
        except BaseException:
            continue
    return False


cdef extern from *:
    """
    /* When Python cannot say it any more. */
    static void mhddq_report_plainly(const char *action, const char *path)
    {
        fprintf(stderr, "mhddq: no memory, or no way, to report on %s(%s)\\n", action,
                path ? path : "");
        fflush(stderr);
    }
    """
    void mhddq_report_plainly(const char *action, const char *path)


cdef void report(object hooks, str name, request *r, object a, object b) noexcept:
    if a is None or not attempt(hooks, name, a, b):
        mhddq_report_plainly(mhq_op_names[r.op.kind], r.op.path)


cdef dict set_aside():
    """Arguments for a time without memory: to fill them in takes none."""
    cdef dict params = {"": None}
    del params[""]     # leaves its table, which has room for four
    return {"action": None, "result": False, "params": params, "output": failed(MemoryError())}


cdef dict args_from_aside(request *r, dict args):
    if args is None:
        return None
    cdef const shape *asked = &SHAPES[r.op.kind]
    try:
        args["action"] = <object>asked.action
        fill_parameters(asked, r, <dict>args["params"])
        return args
    except BaseException:
        return None


cdef dict described(request *r):
    """What reports name an operation by."""
    cdef const shape *asked = &SHAPES[r.op.kind]
    try:
        return {"action": <object>asked.action, "params": parameters_of(asked, r)}
    except BaseException:
        return None


cdef object failure_again(deliveries *told, request *r, mhq_run *run) noexcept:
    """The text of the failure, or None. Made anew: the callback may have done anything to the first
    one."""
    cdef uint8_t gives = SHAPES[r.op.kind].gives
    try:
        if run.error != 0:
            return str(failure_of(r, run))
        if gives == GIVES_DATA and not r.op.options & MHQ_BINARY:
            text_of(r, run)
    except BaseException as error:
        try:
            return str(error)
        except BaseException:
            pass
    return None


cdef dict args_of(deliveries *told, request *r, mhq_run *run):
    """What the callback is given; None where there is neither a callback nor a failure."""
    cdef const shape *asked = &SHAPES[r.op.kind]
    cdef object callback = <object>r.callback
    cdef bint result = run.error == 0
    cdef dict output, args
    if callback is None and result and asked.gives not in (GIVES_DATA, GIVES_FILE):
        return None
    if not result:
        output = failed(failure_of(r, run))
    else:
        try:
            output = output_of(asked.gives, value_of(told, r, run))
        except BaseException as error:      # text that is no UTF-8, or no memory for the result
            result = False
            output = failed(error)
    if callback is None and result:
        return None
    args = {"action": <object>asked.action, "result": result, "params": parameters_of(asked, r),
            "output": output}
    if run.error == 0 and not result:
        shared_bump(&told.late_failures)
    return args


cdef bint deliver_one(object hooks, deliveries *told, dict aside, mhq_run *run) noexcept:
    """Builds the arguments and calls back. Whatever is raised ends here. aside: from set_aside(),
    or None; returns whether it was used."""
    cdef request *r = <request *>run.op
    cdef object callback = <object>r.callback
    cdef dict args
    cdef bint used = False
    try:
        args = args_of(told, r, run)
        if args is None:
            return False
    except BaseException:   # no memory for the arguments
        args = args_from_aside(r, aside)
        used = True
        if run.error == 0:
            shared_bump(&told.late_failures)
    if callback is None or args is None:
        report(hooks, "failed_without_callback", r, args, None)
        return used
    shared_bump(&told.callbacks)
    shared_set(&told.calling, <uintptr_t>r)
    try:
        returned = PyObject_CallOneArg(callback, args)
        if returned is not None and PyCoro_CheckExact(returned):
            returned.close()
            raise TypeError("the callback returned a coroutine, which nothing awaits")
    except BaseException as error:
        shared_bump(&told.callback_errors)
        hide_own_frames(error)
        # Not `args`: the callback may have done anything to them.
        what = described(r)
        if what is not None:
            what["failure"] = failure_again(told, r, run)
        report(hooks, "callback_failed", r, what, error)
    shared_set(&told.calling, 0)
    return used


cdef void report_leftovers(object hooks, mhq_engine *core) noexcept:
    cdef char *path = mhq_take_leftover(core)
    while path != NULL:
        try:
            attempt(hooks, "report_leftover", path_of(path, False))
        except BaseException:
            pass
        mhq_release(path)
        path = mhq_take_leftover(core)
