# Delivery: a record that has come back is made into what its style wants, and that is notified: a callback
# is called with the arguments, a future is set. On the thread that takes from the record's port.
#
# Whatever is raised ends here, but for `kept`: a list that KeyboardInterrupt and SystemExit of a callback
# are put into where the taker is a thread of the program, or None.

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


cdef dict described(request *r):
    """What reports name an operation by."""
    cdef const shape *asked = &SHAPES[r.op.kind]
    try:
        return {"action": <object>asked.action, "params": parameters_of(asked, r)}
    except BaseException:
        return None


cdef object failure_again(deliveries *counts, request *r, mhq_run *run):
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


cdef bint is_for_the_thread(object error, object kept) noexcept:
    if kept is None or not isinstance(error, (KeyboardInterrupt, SystemExit)):
        return False
    try:
        (<list>kept).append(error)
    except BaseException:
        return False
    return True


cdef int await_nothing(object returned) except -1:
    """Of what a callback has returned."""
    if PyCoro_CheckExact(returned):
        returned.close()
        raise TypeError("the callback returned a coroutine, which nothing awaits")
    return 0


# Each try costs as much as a dict: so the hot way goes without one, and looks for NULL, which means
# that an exception is set.
cdef extern from *:
    """
    /* Raises the exception that is set. */
    static int mhddq_raise_set(void) { return -1; }
    """
    int mhddq_raise_set() except -1
    PyObject *call_unchecked "PyObject_CallOneArg"(PyObject *function, PyObject *argument) noexcept

ctypedef PyObject *(*args_maker)(deliveries *counts, request *r, mhq_run *run) noexcept


cdef PyObject *args_without_memory(deliveries *counts, request *r, mhq_run *run,
                                   PyObject *aside) noexcept:
    """An exception is set. A new reference: args, or None."""
    cdef dict args = None
    try:
        mhddq_raise_set()
    except BaseException:
        args = args_from_aside(r, <dict>aside)
    if run.error == 0:
        shared_bump(&counts.late_failures)
    Py_INCREF(args)
    return <PyObject *>args


cdef void end_callback(object hooks, deliveries *counts, mhq_run *run, PyObject *returned,
                       object kept) noexcept:
    """returned: what is not None. NULL: it has raised, and the exception is set."""
    cdef request *r = <request *>run.op
    try:
        if returned == NULL:
            mhddq_raise_set()
        await_nothing(<object>returned)
    except BaseException as error:
        if not is_for_the_thread(error, kept):
            shared_bump(&counts.callback_errors)
            hide_own_frames(error)
            # Not `args`: the callback may have done anything to them.
            what = described(r)
            if what is not None:
                what["failure"] = failure_again(counts, r, run)
            report(hooks, "callback_failed", r, what, error)


cdef bint deliver_one(object hooks, deliveries *counts, PyObject *aside, mhq_run *run,
                      object kept) noexcept:
    """An operation's end, for a callback. aside: from set_aside(), or None; returns whether it was
    used."""
    cdef request *r = <request *>run.op
    cdef PyObject *args = (<args_maker><void *>args_of)(counts, r, run)
    cdef PyObject *returned
    cdef bint used = False
    if args == <PyObject *>None:
        Py_XDECREF(args)
        return False
    if args == NULL:
        args = args_without_memory(counts, r, run, aside)
        used = True
    if run.job.run.op == NULL and args != <PyObject *>None:
        note_failure(<listed *>run.job, <dict>args)
    if r.callback == <PyObject *>None or args == <PyObject *>None:
        report(hooks, "failed_without_callback", r, <object>args, None)
        Py_XDECREF(args)
        return used
    shared_bump(&counts.callbacks)
    shared_set(&counts.calling, <uintptr_t>r)
    returned = call_unchecked(r.callback, args)
    if returned == <PyObject *>None:
        keep_args(counts, r, run, args)
    else:
        end_callback(hooks, counts, run, returned, kept)
        Py_XDECREF(args)
    Py_XDECREF(returned)
    shared_set(&counts.calling, 0)
    return used


cdef void note_failure(listed *l, dict args) noexcept:
    """The first of the list, where its end is to be notified."""
    if l.callback == NULL or l.failure != NULL or args["result"]:
        return
    try:
        hold(&l.failure, (<dict>args["output"])["exception"].error)
    except BaseException:
        pass


cdef void deliver_to_link(object hooks, deliveries *counts, mhq_run *run, object kept) noexcept:
    """An operation's end, for a future and the like: the bare value or the true error."""
    cdef request *r = <request *>run.op
    cdef object value = None, error = None
    try:
        if run.error == 0:
            value = value_of(counts, r, run)
        else:
            error = failure_of(r, run)
    except BaseException as raised:   # text that is no UTF-8, or no memory for the result
        hide_own_frames(raised)
        error = raised
        if run.error == 0:
            shared_bump(&counts.late_failures)
    if error is not None and run.job.run.op == NULL and (<listed *>run.job).failure == NULL:
        hold(&(<listed *>run.job).failure, error)
    settle(hooks, <Link>r.callback, run.error == ECANCELED, value, error, r, kept)


cdef void settle(object hooks, Link link, bint is_cancelled, object value, object error, request *r,
                 object kept) noexcept:
    """r: what reports are made of; of a list NULL."""
    cdef Pending pending
    cdef dict what = None
    try:
        pending = link.target()
        link.end()
        if error is not None and r != NULL and not is_cancelled:
            what = described(r)
        if pending is not None and pending.now() == PENDING:
            if is_cancelled:
                pending.settle(CANCELLED, link, None, None)
            elif error is not None:
                pending.settle(FINISHED, None, error, what)
            else:
                pending.settle(FINISHED, value, None, None)
        elif pending is None and what is not None:
            attempt(hooks, "failed_unasked", what, error)
    except BaseException as raised:
        if not is_for_the_thread(raised, kept):
            attempt(hooks, "progress_failed", raised)


cdef void deliver_end(object hooks, deliveries *counts, mhq_run *run, object kept) noexcept:
    """The end of a list."""
    cdef listed *l = <listed *>run.job
    cdef object callback, error = None
    cdef dict args
    if l.callback == NULL:
        return
    callback = <object>l.callback
    if isinstance(callback, Latch):   # see finish
        return
    try:
        if l.failure != NULL:
            error = <object>l.failure
        elif run.error == ECANCELED:
            error = Cancelled(ECANCELED, os.strerror(ECANCELED))
        elif run.error != 0:
            error = OSError(run.error, os.strerror(run.error))
        if isinstance(callback, Link):
            settle(hooks, callback, isinstance(error, Cancelled), None, error, NULL, kept)
            return
        args = {"action": "enqueue_oplist", "result": error is None,
                "params": {} if l.given == NULL else (<dict>l.given).copy(),
                "output": {} if error is None else failed(error)}
        shared_bump(&counts.callbacks)
        await_nothing(callback(args))
    except BaseException as raised:
        if not is_for_the_thread(raised, kept):
            shared_bump(&counts.callback_errors)
            hide_own_frames(raised)
            attempt(hooks, "list_callback_failed", raised)


cdef bint deliver_any(object hooks, deliveries *counts, dict aside, mhq_run *run,
                      object kept) noexcept:
    """Whatever it is but progress. Returns as deliver_one."""
    if run.op == NULL:
        deliver_end(hooks, counts, run, kept)
    elif (<request *>run.op).op.flags & FUTURE:
        deliver_to_link(hooks, counts, run, kept)
    else:
        return deliver_one(hooks, counts, <PyObject *>aside, run, kept)
    return False


cdef void deliver_of_closed_port(object hooks, deliveries *counts, mhq_run *run) noexcept:
    """What a closed port has left: no callback is called. Futures are set, for a thread may wait; their
    callbacks would have run where the port was served."""
    cdef request *r = <request *>run.op
    cdef object callback, error
    cdef Pending pending
    try:
        if r == NULL:
            callback = None if (<listed *>run.job).callback == NULL else <object>(<listed *>run.job).callback
        else:
            callback = <object>r.callback
        if isinstance(callback, Link):
            pending = (<Link>callback).target()
            if pending is not None:
                pending.forget_callbacks()
            deliver_any(hooks, counts, None, run, None)
        elif r != NULL and run.error != 0 and run.error != ECANCELED:
            error = failure_of(r, run)
            what = described(r)
            if what is not None:
                what["output"] = failed(error)
            report(hooks, "failed_without_callback", r, what, None)
    except BaseException:
        if r != NULL:
            mhddq_report_plainly(mhq_op_names[r.op.kind], r.op.path)


cdef void report_leftovers(object hooks, mhq_engine *core) noexcept:
    cdef char *path = mhq_take_leftover(core)
    while path != NULL:
        try:
            attempt(hooks, "report_leftover", path_of(path, False))
        except BaseException:
            pass
        mhq_release(path)
        path = mhq_take_leftover(core)
