# The callback thread's loop: what is due in the engine's own port is delivered, until the queue is closed
# and drained.

cdef int deliver(Service service, object deadline=None) except -1:
    """Returns at once where another thread is at it, and in a forked child, whose queue is another.

    deadline: a time.monotonic(), inf for none, for a thread that stands in for the callback
    thread while it closes the queue: it also looks for signals. A callback thread that gets
    going only then waits, for the other may give up."""
    cdef mhq_engine *core = <mhq_engine *>shared_get(&service.core)
    cdef unsigned long begun_in = generation
    cdef shared_section section
    cdef Seat seat
    cdef Service before
    cdef bint ended = False
    if core == NULL:
        return 0
    while not begin_to_deliver(service, deadline is not None):
        if deadline is not None or not is_stood_in_for(service, core):
            return 0
    seat = seat_here()
    before = seat.service
    seat.service = service
    try:
        while not ended and generation == begun_in:
            if deadline is None:
                ended = deliver_batch(service, core, begun_in)
                continue
            if has_come(core, deadline):
                ended = deliver_batch(service, core, begun_in)
            if time.monotonic() >= deadline:
                break
    finally:
        if generation == begun_in:
            seat.service = before
            shared_enter(&section, <PyObject *>service)
            shared_set(&service.callback_thread, 0)
            shared_set(&service.thread_number, 0)
            if not ended:
                service.delivering = False
                shared_set(&service.thread_started, False)
            shared_leave(&section)
            if ended:
                service.let_go()
    return 0


cdef bint begin_to_deliver(Service service, bint stands_in) noexcept:
    cdef shared_section section
    cdef bint mine
    shared_enter(&section, <PyObject *>service)
    mine = not service.delivering
    if mine:
        service.delivering = True
        service.stood_in_for = stands_in
        shared_set(&service.thread_started, True)
        shared_set(&service.callback_thread, PyThread_get_thread_ident())
        shared_set(&service.thread_number, mhddq_thread_number())
    shared_leave(&section)
    return mine


cdef bint miss_thread(Service service) noexcept:
    """Has the thread that delivers died (a callback may end it, past Python)? Then another may
    be started. Looked at where its work is waited for."""
    cdef shared_section section
    cdef uintptr_t number = shared_get(&service.thread_number)
    cdef bint missing = False
    if number == 0 or not mhddq_thread_has_ended(number):
        return False
    shared_enter(&section, <PyObject *>service)
    missing = service.delivering and shared_get(&service.thread_number) == number
    if missing:
        service.delivering = False
        shared_set(&service.thread_number, 0)
        shared_set(&service.callback_thread, 0)
        shared_set(&service.counts.calling, 0)
        shared_set(&service.thread_started, False)
    shared_leave(&section)
    return missing


cdef bint is_stood_in_for(Service service, mhq_engine *core) noexcept:
    """For the callback thread that is not let in. Waits for a moment."""
    cdef shared_section section
    cdef bint waits
    shared_enter(&section, <PyObject *>service)
    waits = service.stood_in_for
    shared_leave(&section)
    if waits:
        with nogil:
            waits = not mhq_wait_stopped(core, 50000000)
    return waits


cdef bint has_come(mhq_engine *core, object deadline) except -1:
    cdef int64_t ns = <int64_t>(max(0.0, min(0.05, deadline - time.monotonic())) * 1e9)
    cdef bint come
    with nogil:
        come = mhq_wait_done(core, ns)
    PyErr_CheckSignals()
    return come


cdef void set_aside_for(Service service) noexcept:
    try:
        service.aside = set_aside()
    except BaseException:
        pass


cdef bint deliver_batch(Service service, mhq_engine *core, unsigned long begun_in) except -1:
    """Everything that is ready. True: it was the last."""
    cdef mhq_run *run
    cdef object hooks = service.hooks
    if service.at != NULL:    # a thread has died in this callback
        shared_bump(&service.counts.delivered)
        run = service.at
        service.at = NULL
        finish(core, run, None)
    if service.collected == NULL:
        with nogil:
            run = mhq_collect(core)
        if run == NULL:
            mhq_stop(core)
            return True
        service.collected = run
    while service.collected != NULL:
        run = service.collected
        service.collected = run.next
        if run.progress:
            deliver_progress(hooks, run, None)
            if generation != begun_in:
                return False
            continue
        if run.op != NULL:
            service.at = run
        if service.aside is None:
            set_aside_for(service)
        if run.job.port != NULL:   # which was closed
            deliver_of_closed_port(hooks, &service.counts, run)
        elif run.op != NULL and not (<request *>run.op).op.flags & FUTURE:
            if deliver_one(hooks, &service.counts, <PyObject *>service.aside, run, None):
                service.aside = None
        else:
            deliver_any(hooks, &service.counts, None, run, None)
        let_spare_go(&service.counts, service.collected)
        if generation != begun_in:
            return False
        if run.op != NULL:
            service.at = NULL
            shared_bump(&service.counts.delivered)
        # The [frees] section is empty: a thread that looked at the run's request has kept it by now.
        shared_lock(&service.frees)
        shared_unlock(&service.frees)
        finish(core, run, None)
        if generation != begun_in:
            return False
    report_leftovers(hooks, core)
    return False
