# Into the queue: a job is offered to the engine until it is accepted, refused, or a signal handler raises.

cdef bint submit(Service service, mhq_job *job, uint64_t operations, request *lender,
                 bint own) except -1:
    """True: the job is the core's. Waits for a slot; False once closed. Whatever is raised (a signal
    handler's exception, a failed start) is raised before the job is accepted.

    lender: the job's request where it has lent a view, else NULL. It is noted before it is
    offered, for afterwards it may be gone; not while it waits for a slot: a signal handler may
    fork then, and the child goes on with the same operation.
    own: it is delivered by the callback thread, which is started where it is not."""
    cdef int accepted
    cdef mhq_engine *core
    cdef shared_word *begun = &service.thread_started if own else &service.core
    while True:
        if not shared_get(begun):
            if shared_get(&service.closed):
                return False
            if own:
                service.start()
            else:
                service.open()
            if shared_get(&service.core) == 0:
                continue
        core = <mhq_engine *>shared_get(&service.core)
        if ending and not is_calling(None):
            return False
        if lender != NULL:
            note_lent(lender)
        accepted = mhq_submit(core, job, operations, False)
        if accepted != MHQ_ACCEPTED and (overdraws(service)
                                         or accepted == MHQ_RING_FULL and is_of_a_flush(job)):
            accepted = mhq_submit(core, job, operations, True)
        if accepted == MHQ_ACCEPTED:
            return True
        if lender != NULL:
            forget_lent(lender)
        if accepted == MHQ_RING_CLOSED:
            if service.on_callback_thread():
                note_refused(service, job, operations)
            return False
        wait_for_slot(service, core, job)


cdef int wait_for_slot(Service service, mhq_engine *core, mhq_job *job) except -1:
    # Not behind the wait: a thread that was woken for a slot must take it before handlers run (mhq.h).
    cdef list waits
    try:
        PyErr_CheckSignals()
    except BaseException:
        if core == <mhq_engine *>shared_get(&service.core):
            mhq_withdraw(core, job)
        raise
    if miss_thread(service):
        return 0
    if core != <mhq_engine *>shared_get(&service.core):   # a handler has forked
        job.marks &= MHQ_WATCHED   # what it held is the parent's
        return 0
    waits = begin_waiting(the_seat())
    with nogil:
        mhq_wait_capacity(core, job, 50000000)
    mark_waiting(waits, -1)
    return 0


cdef bint overdraws(Service service) except -1:
    """Must this thread never wait for a slot? It delivers for the queue; or it delivers for another, and a
    thread that delivers for this one waits in mhddq, perhaps for this thread."""
    cdef unsigned long me = PyThread_get_thread_ident()
    cdef Seat seat
    cdef list delivers
    if me == shared_get(&service.callback_thread) or me == shared_get(&service.starter):
        return True
    seat = the_seat()
    if seat is None:
        return False
    delivers = seat.services()
    return service in delivers or (len(delivers) > 0 and service.waiting > 0)


cdef bint is_of_a_flush(mhq_job *job) noexcept:
    """It waits for the queue itself, and not for longer than its time; and its job does nothing."""
    return (job.run.op == NULL and (<listed *>job).callback != NULL
            and isinstance(<object>(<listed *>job).callback, Latch))


cdef void note_refused(Service service, mhq_job *job, uint64_t operations) noexcept:
    if service.first_refused is None:
        service.first_refused = (<object>SHAPES[job.run.op.kind].action if job.run.op != NULL
                                 else "enqueue_oplist")
    shared_add(&service.refused, operations)


cdef int equip(Service service, mhq_job *job, Port port, mhq_control *control,
               mhq_fate *fate) except -1:
    """What a job may have beside its operation. On an exception mhq_job_fini gives back what it has."""
    cdef mhq_engine *core
    if port is not None:
        mhq_job_set_port(job, port.opened())
    if fate != NULL:
        mhq_job_set_fate(job, fate)
    if control != NULL:
        if shared_get(&service.core) == 0:
            service.open()
        core = <mhq_engine *>shared_get(&service.core)
        if core == NULL:   # closed: it will be refused
            return 0
        if mhq_job_set_control(core, job, control):
            raise MemoryError()
    return 0


cdef object enqueue_list(Service service, Port port, oplist, callback, Control control,
                         Pending pending, object given):
    """callback: what is called at the list's end, or a Link for `pending`, or None. given: the
    parameters that were passed, for the callback's args."""
    cdef list lenders = []
    cdef Frozen frozen = None, lender
    cdef listed *l
    cdef bint accepted = False
    if oplist is not None:
        frozen = freeze(the_oplist(oplist), lenders)
    l = <listed *>calloc(1, sizeof(listed))
    if l == NULL or mhq_job_init_list(&l.job, NULL if frozen is None else &frozen.frozen):
        free(l)
        raise MemoryError()
    hold(&l.frozen, frozen)
    hold(&l.callback, callback)
    hold(&l.control, control)
    hold(&l.given, given)
    try:
        equip(service, &l.job, port, NULL if control is None else control.now(),
              NULL if pending is None else pending.fate)
        accepted = submit(service, &l.job, 0 if frozen is None else frozen.frozen.total, NULL,
                          port is None)
        if accepted:
            for lender in lenders:   # which holds them: they cannot have been freed yet
                lender.note_lent()
    finally:
        if not accepted:
            free_listed(l)
    return accepted


cdef inline void hold(PyObject **place, object what) noexcept:
    if what is not None:
        Py_INCREF(what)
        place[0] = <PyObject *>what
