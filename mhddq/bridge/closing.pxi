# Closing a queue, and waiting for it: to come to rest, or to have delivered what it has accepted.

cdef int close(Service service, bint when_quiet) except -1:
    """No operation is accepted any more; when_quiet: none but those of callbacks, and none at
    all once no job is accepted and no callback running. Any thread, any moment."""
    cdef shared_section section
    cdef mhq_engine *core
    shared_enter(&section, <PyObject *>service)
    shared_set(&service.closed, True)
    core = <mhq_engine *>shared_get(&service.core)
    shared_leave(&section)
    if core != NULL:
        if when_quiet:
            mhq_close_when_quiet(core)
        else:
            mhq_close(core)
            nudge_loops(service)
    return 0


cdef int nudge_loops(Service service) except -1:
    """So that event loops leave the ports of the closed queue."""
    cdef Port port
    for reference in list(service.ports.values()):
        port = reference()
        if port is not None and port.loop is not None and not port.is_closed() and port.core != NULL:
            mhq_port_nudge(port.core)
    return 0


cdef int ensure_deliveries(Service service, object deadline) except -1:
    """Where operations were accepted but their callback thread could not be started (the system
    was out of threads, or of descriptors for an import), or is being started by this thread
    further down its stack, this thread delivers. Where nothing is left, too: a thread for that
    would only be in the way of an exit, and what it imports make the interpreter forget that
    Ctrl-C was why it ends."""
    cdef bint ready = False
    try:
        ready = service.under_way() and ensure_callback_thread(service)
    except (RuntimeError, MemoryError, ImportError, OSError):
        pass
    if not ready:   # for a moment: this thread may have ports to serve, too
        deliver(service, min(deadline, time.monotonic() + 0.05))
    return 0


cdef bint ensure_callback_thread(Service service) except -1:
    """Where operations were accepted while the callback thread could not be started: tries
    again. False: this very thread is starting it, further down its stack, and a signal
    handler or a finaliser has got in between."""
    if shared_get(&service.core) != 0 and not shared_get(&service.thread_started):
        service.start()
        return (shared_get(&service.thread_started) != 0
                or shared_get(&service.starter) != PyThread_get_thread_ident())
    return True


def end(Service service not None, object deadline, bint when_quiet=False):
    """Closes the queue and waits until it has come to rest, or until `deadline`, a
    time.monotonic(); on the callback thread, which cannot wait for itself, it does not wait.
    What a signal handler raises meanwhile is raised behind the wait, the first of it;
    KeyboardInterrupt alone ends the wait. when_quiet: see close.

    This is not Python code because that could be interrupted outside its own ``try``."""
    cdef object kept = None
    cdef object begun = time.monotonic()
    cdef bint more = True, reported = False
    while more:
        try:
            more = wait_a_turn(service, deadline, when_quiet)
            if more and when_quiet and not reported and time.monotonic() - begun > 1.0:
                reported = True
                service.hooks.report_wait(service)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if kept is None:
                kept = error
    if kept is not None:
        raise kept


cdef bint wait_a_turn(Service service, object deadline, bint when_quiet) except -1:
    """For as long as a signal may wait to be handled. False: the wait is over."""
    close(service, when_quiet)   # at each turn: a handler may have forked, and this be the child
    if is_calling(None):
        return False
    miss_thread(service)
    cdef bint served = serve_ports_here(service)
    cdef list waits
    ensure_deliveries(service, deadline)
    waits = begin_waiting(the_seat())
    try:
        if service.stopped(0.0 if served else max(0.0, min(0.05, deadline - time.monotonic()))):
            if not service.under_way():
                return False
            if not served:   # other threads' ports are to deliver
                time.sleep(0.005)
    finally:
        mark_waiting(waits, -1)
    if time.monotonic() < deadline:
        return True
    # All may be done, and the threads just about to leave their loops.
    if service.under_way():
        service.hooks.report_timeout(service)
        service.gave_up = True
    return False


cdef bint serve_ports_here(Service service) except -1:
    """What is due in this thread's own ports of the queue. Whether there are any that are waited for."""
    cdef Seat seat = the_seat()
    cdef Port port
    cdef bint any = False
    if seat is None:
        return False
    for reference in list(seat.ports.values()):
        port = reference()
        if port is None or port.service is not service or not port.waiting_for():
            continue
        any = True
        port.serve_a_turn()
        if port.waiting_for():
            port.wait(time.monotonic() + 0.01)
            port.serve_a_turn()
    return any


cdef bint close_and_wait(Service service, object deadline) except -1:
    end(service, deadline)
    return (service.stopped() and not service.under_way()) != 0


cdef int leave(Service service) except -1:
    """Its queue is gone: it finishes what was accepted."""
    if shared_get(&service.core) == 0:
        close(service, False)
        return 0
    if service.is_default or ending:
        return 0
    close(service, False)
    if shared_get(&service.thread_started) or shared_get(&service.starter):
        return 0   # which ends by itself
    if service.under_way():
        service.start()
    else:
        service.let_go()
    return 0


# -- flush --

cdef int notify_of_all(Service service, Latch latch) except -1:
    """The latch is called by each taker once it has delivered all that was accepted before."""
    cdef Port port
    cdef list ports = service.open_ports()
    if shared_get(&service.core) == 0:
        return 0
    if shared_get(&service.thread_started):
        notify_of(service, None, latch)
    for port in ports:
        if port.core != NULL:
            notify_of(service, port, latch)
    return 0


cdef int notify_of(Service service, Port port, Latch latch) except -1:
    latch.change(1)
    try:
        if enqueue_list(service, port, None, latch, None, None, None):
            return 0
    except BaseException:
        latch.change(-1)
        raise
    latch.change(-1)
    return 0


cdef bint flush(Service service, object deadline) except -1:
    cdef Latch latch = Latch.__new__(Latch)
    cdef list waits
    if is_calling(None):
        raise RuntimeError("a callback cannot wait for a queue: it holds up a queue itself")
    notify_of_all(service, latch)
    latch()
    while not latch.is_open() or (shared_get(&service.closed) and service.under_way()):
        PyErr_CheckSignals()
        if time.monotonic() >= deadline:
            return False
        if serve_ports_here(service):
            continue
        waits = begin_waiting(the_seat())
        if latch.is_open():
            time.sleep(0.005)
        else:
            latch.wait(slice_until(deadline))
        mark_waiting(waits, -1)
    return True
