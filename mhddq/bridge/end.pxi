# The end of a program, or of a child of multiprocessing: all queues are drained.

cdef object FOREVER = float("inf")


def at_exit(list queues, interrupted, bint passes_on, /):
    """Drains the queues, each until it is quiet. Ctrl-C at any moment of it, the first and the last
    included, calls interrupted() and ends the process with status 130. What else a signal handler
    raises comes when all is done. passes_on: SystemExit too, which asks for nothing but the end
    that this already is.

    This is not Python code because that can be interrupted outside its own ``try``: the exit
    machinery would only print the KeyboardInterrupt, and go on to the end with status 0.
    """
    cdef object kept = None
    try:
        kept = drain(queues)
    except KeyboardInterrupt:
        try:
            for _ in range(100):    # pressed again and again, as people do: it is reported all the same
                try:
                    interrupted()
                    break
                except KeyboardInterrupt:
                    continue
        finally:
            os._exit(130)
    if kept is not None and (passes_on or not isinstance(kept, SystemExit)):
        raise kept


cdef object drain(list queues):
    """Returns what a signal handler has raised meanwhile, the first of it."""
    cdef object kept = None
    cdef Queue queue
    for queue in list(queues):
        try:
            if not queue.gave_up:
                queue.end(FOREVER, True)
            queue.report_refusals()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if kept is None:
                kept = error
    return kept
