# Seats: what a thread delivers, and which of its callbacks are running. A seat is found by the thread's
# own state, never by its ident, which another thread may have later; it ends with the thread.

cdef object SEAT = object()            # the key, in the thread's dictionary


@cython.final
cdef class Seat:
    """One thread that delivers. Only this thread writes it."""
    cdef dict ports                    # weak references to those it has made and not closed, by id
    cdef Service service               # whose callback thread it is, or None
    cdef LoopPort loop_port            # the last one of an event loop that was used here, or None
    cdef bint ended

    def __cinit__(self):
        self.ports = {}

    cdef list services(self):
        """Those that it delivers for."""
        cdef Port port
        cdef list found = [] if self.service is None else [self.service]
        for reference in list(self.ports.values()):
            port = reference()
            if port is not None and not port.is_closed() and port.service not in found:
                found.append(port.service)
        return found


@cython.final
cdef class Sitter:
    """In the thread's dictionary: its end is the thread's."""
    cdef Seat seat

    def __dealloc__(self):
        cdef Port port
        if self.seat is None:
            return
        self.seat.ended = True
        for reference in list(self.seat.ports.values()):
            port = reference()
            if port is not None:
                try:
                    port.give_up()
                except BaseException:   # no thread to be had: the exit stands in
                    pass


cdef Seat the_seat():
    """This thread's, or None."""
    cdef PyObject *thread = PyThreadState_GetDict()
    cdef PyObject *found
    if thread == NULL:
        return None
    found = PyDict_GetItemWithError(<object>thread, SEAT)
    return None if found == NULL else (<Sitter>found).seat


cdef Seat seat_here():
    """This thread's, made where there is none."""
    cdef Seat seat = the_seat()
    cdef Sitter sitter
    cdef PyObject *thread
    if seat is None:
        thread = PyThreadState_GetDict()
        if thread == NULL:
            raise MemoryError()
        seat = Seat.__new__(Seat)
        sitter = Sitter.__new__(Sitter)
        sitter.seat = seat
        (<dict>thread)[SEAT] = sitter
    return seat


cdef bint is_calling(Service service) except -1:
    """Is this thread in a callback of the queue; of any, where that is None?"""
    cdef Seat seat = the_seat()
    cdef Port port
    if seat is None:
        return False
    if seat.service is not None and (service is None or seat.service is service):
        return True
    for reference in list(seat.ports.values()):
        port = reference()
        if port is not None and port.depth > 0 and port.generation == generation and (
                service is None or port.service is service):
            return True
    return False


# Around a wait of a thread that delivers: a thread that would have to wait for it in turn overdraws.
# Between the two the services are the same, whatever becomes of its ports.

cdef list begin_waiting(Seat seat):
    cdef list services = [] if seat is None else seat.services()
    mark_waiting(services, 1)
    return services


cdef int mark_waiting(list services, int by) except -1:
    cdef Service service
    cdef shared_section section
    for service in services:
        shared_enter(&section, <PyObject *>service)
        service.waiting += by
        shared_leave(&section)
    return 0
