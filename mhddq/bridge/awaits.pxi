# Awaits: the view of a queue whose operations are awaited, and their lists. Completed in mhddq.aio.

cdef object aio_class = None           # mhddq.aio.Aio, once that is imported


def use_aio_class(the_class):
    """mhddq.aio registers itself; so importing mhddq does not import it."""
    global aio_class
    aio_class = the_class


cdef class AioBase:
    """The operations of a queue, without callback: each returns an Operation."""
    cdef Queue queue                   # kept open by this
    cdef Service service

    def __init__(self):
        raise TypeError("made by queue.aio")

    @property
    def _queue(self):
        return self.queue

    def enqueue_oplist(self, oplist, *, control=None):
        """Puts a snapshot of an oplist into the queue; as Queue.enqueue_oplist().

        Returns: an Operation of None, with the first failure as its error.
        Raises: RuntimeError if the queue is closed, or no event loop runs; else as
            Queue.enqueue_oplist().
        """
        the_oplist(oplist)
        cdef Control the = the_control(control)
        cdef Operation operation = new_operation(port_here(self.service))
        linked(operation, self.service, operation.server.port)
        watch(operation, the)
        if not enqueue_list(self.service, operation.server.port, oplist, operation.link, the,
                            operation, None):
            raise RuntimeError("the queue is closed")
        return operation

    def flush(self):
        """Returns: an Operation of None, which ends when everything accepted before has been run and
        delivered. It is no fsync. Raises: RuntimeError if the queue is closed, or no event loop runs."""
        cdef Operation operation = new_operation(port_here(self.service))
        cdef Latch latch = Latch.__new__(Latch)
        linked(operation, self.service, operation.server.port)
        operation.enqueued = True
        latch.pending = operation
        notify_of_all(self.service, latch)
        latch()
        return operation

    def _list(self, on_error, control):
        cdef OperationList made = OperationList.__new__(OperationList)
        made.server = port_here(self.service)
        made.fill(new_operation(made.server), self.service, made.server.port, on_error,
                  the_control(control))
        return made

    def __repr__(self):
        return "<mhddq.aio.Aio of %r>" % self.queue

    def __reduce__(self):
        raise TypeError("a queue cannot be pickled or copied")


cdef object aio_of(Queue queue):
    cdef AioBase made
    if aio_class is None:
        load("mhddq.aio")   # which makes itself known
        if aio_class is None:
            raise ImportError("mhddq.aio is just being imported")
    made = <AioBase>mhddq_new(aio_class, ())
    made.queue = queue
    made.service = queue.service
    return made


@cython.final
cdef class OperationList(PendingList):
    """What ``async with aio.oplist()`` gives: its methods add operations and return what can be awaited
    or asked once the list was enqueued, which it is on leaving."""
    cdef LoopPort server

    def _enqueue(self):
        """Returns: the list's own Operation."""
        self.enqueue()
        return self.whole

    def _drop(self):
        self.drop()


async def entered(queue):
    return queue
