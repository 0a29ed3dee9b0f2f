# The end of a program, or of a child of multiprocessing: all queues are drained.

cdef object FOREVER = float("inf")


def at_exit(interrupted, bint passes_on, /):
    """Drains the queues, each until it is quiet. Ctrl-C at any moment of it, the first and the last
    included, calls interrupted() and ends the process with status 130. Another exception of
    a signal handler is raised when all is done. passes_on: SystemExit too; else it is dropped, for
    the program ends in any case.

    This is not Python code because that can be interrupted outside its own ``try``: the exit
    machinery would only print the KeyboardInterrupt, and go on to the end with status 0.
    """
    cdef object kept = None
    try:
        kept = drain()
    except KeyboardInterrupt:
        try:
            for _ in range(100):    # pressed again and again, as people do: it is reported all the same
                try:
                    interrupted()
                    break
                except KeyboardInterrupt:
                    continue
        finally:
            discard_atomic_files()
            os._exit(130)
    discard_atomic_files()
    if kept is not None and (passes_on or not isinstance(kept, SystemExit)):
        raise kept


cdef object drain():
    """Returns what a signal handler has raised meanwhile, the first of it. From its end on no queue
    starts: nothing would wait for what it accepts."""
    global ended
    cdef object kept = None
    cdef Service service
    while True:
        kept = drain_once(kept)
        if not are_left() or is_calling(None):
            ended = True
            if not are_left() or is_calling(None):   # none has started in between
                break
    for service in all_services():
        service.report_refusals()
    return kept


cdef bint are_left() except -1:
    """Are there queues that have not ended? Callbacks may have started them meanwhile."""
    cdef Service service
    for service in all_services():
        if not service.gave_up and (not service.stopped() or service.under_way()):
            return True
    return False


cdef object drain_once(object kept):
    """kept: the first exception so far, or None. Returns the same."""
    cdef Service service
    cdef bint closed_ports = False
    while True:
        try:
            if not closed_ports:
                closed_ports = True
                close_ports()
            drain_together()
            break
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if kept is None:
                kept = error
    for service in all_services():
        try:
            if not service.gave_up:
                end(service, FOREVER, True)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if kept is None:
                kept = error
    return kept


cdef int close_ports() except -1:
    """Their threads are past delivering."""
    cdef Service service
    cdef Port port
    for service in all_services():
        for port in service.open_ports():
            try:
                port.give_up()
            except (RuntimeError, MemoryError, ImportError, OSError):   # no thread: this one delivers
                pass
    return 0


cdef int drain_together() except -1:
    """Where there are several queues: until all are quiet at once, for callbacks may enqueue from one to
    another. From here on only callbacks may enqueue."""
    global ending
    cdef list services = all_services(), totals, before = None
    cdef Service service
    cdef uint64_t accepted, under_way
    cdef bint busy = True
    if len(services) < 2:
        return 0
    ending = True
    while True:
        resume_controls()
        services = all_services()
        totals = []
        busy = False
        for service in services:
            if service.gave_up or shared_get(&service.core) == 0:
                continue
            mhq_resume(<mhq_engine *>shared_get(&service.core))
            mhq_totals(<mhq_engine *>shared_get(&service.core), &accepted, &under_way)
            totals.append((id(service), accepted))
            if under_way:
                busy = True
                if not shared_get(&service.thread_started):
                    stand_in(service)
        if not busy and totals == before:
            return 0
        before = totals
        PyErr_CheckSignals()
        if busy:
            time.sleep(0.002)
    return 0


cdef int stand_in(Service service) except -1:
    cdef bint ready = False
    try:
        ready = ensure_callback_thread(service)
    except (RuntimeError, MemoryError, ImportError, OSError):
        pass
    if not ready:
        deliver(service, time.monotonic() + 0.05)
    return 0
