# Snapshots: an oplist and all that is embedded in it, as they are at one moment. They are enqueued,
# and an embedding needs one to find out whether it would make a cycle.

cdef uint64_t MOST_OPERATIONS = 0x80000000   # no enumerator: for some compilers those are ints

# What a traversal notes of each oplist that it finds.
cdef struct node:
    PyObject *oplist
    PyObject *segment
    Py_ssize_t entries, sublists, at


@cython.final
cdef class Traversal:
    """An oplist and everything embedded in it: each list once, embedded ones first, as they are at
    one moment, for `take` is one section. It runs no Python code and allocates no Python object."""
    cdef node *seen
    cdef Py_ssize_t *open       # the path from the root to the present node
    cdef Py_ssize_t *order      # `seen`, embedded ones first
    cdef Py_ssize_t count, capacity, finished

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.count):
            Py_XDECREF(self.seen[i].oplist)
            Py_XDECREF(self.seen[i].segment)
        free(self.seen)
        free(self.open)
        free(self.order)

    cdef int visit(self, Oplist oplist, uint64_t mark) except -1:
        cdef Py_ssize_t capacity = self.capacity * 2 if self.capacity else 16
        if self.count == self.capacity:
            self.seen = <node *>grow(self.seen, capacity, sizeof(node))
            self.open = <Py_ssize_t *>grow(self.open, capacity, sizeof(Py_ssize_t))
            self.order = <Py_ssize_t *>grow(self.order, capacity, sizeof(Py_ssize_t))
            self.capacity = capacity
        oplist.mark = mark
        Py_INCREF(oplist)
        Py_INCREF(oplist.segment)
        self.seen[self.count] = node(<PyObject *>oplist, <PyObject *>oplist.segment,
                                      oplist.segment.count, len(oplist.segment.sublists), 0)
        self.count += 1
        return 0

    cdef int take(self, Oplist root) except -1:
        """In the section."""
        global mark_now
        mark_now += 1
        cdef uint64_t mark = mark_now
        cdef Py_ssize_t level = 0, i
        cdef Oplist sub
        self.visit(root, mark)
        self.open[0] = 0
        while level >= 0:
            i = self.open[level]
            if self.seen[i].at == self.seen[i].sublists:
                self.order[self.finished] = i
                self.finished += 1
                level -= 1
                continue
            sub = <Oplist>(<Segment>self.seen[i].segment).sublists[self.seen[i].at]
            self.seen[i].at += 1
            if sub.mark != mark:
                self.visit(sub, mark)
                level += 1
                self.open[level] = self.count - 1
        return 0


cdef uint64_t mark_now = 0   # of the last traversal


@cython.final
cdef class Frozen:
    """A snapshot of a list, as the core reads it. Shared between parents; never changes."""
    cdef mhq_list frozen
    cdef mhq_entry *entries
    cdef list keep              # the segment and the frozen sublists that entries lead into
    cdef request *lent          # copies of the requests whose data was exported for this snapshot
    cdef Py_ssize_t lent_count

    def __cinit__(self):
        self.keep = []

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.lent_count):
            give_back(&self.lent[i])
            Py_XDECREF(self.lent[i].held[0])
            Py_XDECREF(self.lent[i].held[1])
        free(self.lent)
        free(self.entries)

    cdef const mhq_op *lend(self, request *r) except NULL:
        """A copy of the request whose data is exported; all else is borrowed from the segment."""
        cdef request *copy = &self.lent[self.lent_count]
        copy[0] = r[0]
        copy.held[0] = copy.held[1] = copy.more = NULL
        self.lent_count += 1
        cdef object why = lend_buffer(copy, <object>copy.given[SHAPES[copy.op.kind].data])
        if why is not None:
            refuse(copy, why)
        return &copy.op

    cdef void note_lent(self) noexcept:
        cdef Py_ssize_t i
        for i in range(self.lent_count):
            if self.lent[i].op.flags & LENT:
                note_lent(&self.lent[i])


cdef uint64_t sum_of(uint64_t a, uint64_t b) noexcept:
    """The sum, or the largest number: nothing that large fits into any budget."""
    return a + b if b <= <uint64_t>-1 - a else <uint64_t>-1


cdef Frozen freeze_one(node *seen, dict frozen_of):
    """Freezes one oplist; those embedded in it are in frozen_of, by id, None where empty."""
    cdef Segment segment = <Segment>seen.segment
    cdef Oplist oplist = <Oplist>seen.oplist
    cdef Frozen frozen = Frozen.__new__(Frozen), sub
    cdef Py_ssize_t i, n = 0
    cdef entry e
    cdef uint64_t total = 0, lent = 0
    cdef uint32_t depth = 0
    frozen.keep.append(segment)
    frozen.entries = <mhq_entry *>grow(NULL, seen.entries or 1, sizeof(mhq_entry))
    # In place: an entry is read before the frozen one, of the same size, is written over it or
    # before it.
    cdef entry *entries = <entry *>frozen.entries
    cdef Py_ssize_t lenders = segment.copy_entries(entries, seen.entries)
    if lenders:
        frozen.lent = <request *>grow(NULL, lenders, sizeof(request))
    for i in range(seen.entries):
        e = entries[i]
        frozen.entries[n].op = NULL
        frozen.entries[n].list = NULL
        if e.asked == NULL:
            sub = frozen_of[id(segment.sublists[e.sublist])]
            if sub is None:
                continue
            frozen.keep.append(sub)
            frozen.entries[n].list = &sub.frozen
            total += sub.frozen.total
            lent = sum_of(lent, sub.frozen.lent)
            depth = max(depth, sub.frozen.depth)
        else:
            if is_lent_later(e.asked):
                frozen.entries[n].op = frozen.lend(e.asked)
            else:
                frozen.entries[n].op = &e.asked.op
            if e.asked.op.flags & FUTURE:
                frozen.entries[n].fate = (<Link>e.asked.callback).fate
            total += 1
            if frozen.entries[n].op.data != NULL:
                lent = sum_of(lent, frozen.entries[n].op.size)
        n += 1
        if total > MOST_OPERATIONS:
            raise ValueError("an oplist may expand to at most 2**31 operations")
    if n == 0:
        return None
    if n == 1 and frozen.entries[0].op == NULL:
        return frozen.keep[1]     # only one sublist, and nothing else: it serves as the list itself
    frozen.frozen = mhq_list(<size_t>n, total, lent, depth + 1, oplist.stops, frozen.entries)
    return frozen


cdef Frozen freeze(Oplist root, list lenders):
    """The snapshot of an oplist, or None where it has no operation. lenders: those in it that
    have exported data, to be noted when it has been accepted."""
    cdef Traversal traversal = Traversal.__new__(Traversal)
    cdef shared_section section
    shared_enter(&section, <PyObject *>OPLISTS)
    try:
        traversal.take(root)
    finally:
        shared_leave(&section)
    cdef dict frozen_of = {}
    cdef Frozen last = None
    cdef node *seen
    cdef Py_ssize_t i
    for i in range(traversal.finished):
        seen = &traversal.seen[traversal.order[i]]
        last = freeze_one(seen, frozen_of)
        frozen_of[id(<object>seen.oplist)] = last
        if last is not None and last.lent_count:
            lenders.append(last)
    return last


def embed_oplist(oplist, sub_oplist):
    """Puts one oplist into another, at its present end, as a single operation of it.

    oplist: the list that takes in.
    sub_oplist: the list taken in, by reference: what is added to it later counts too, if it is
        added before the outer list is enqueued. A list may be embedded many times and to any depth.
    Returns: None.
    Raises: TypeError for what is no oplist; ValueError if oplist is sub_oplist, or is embedded
        somewhere in it.
    Threads: any.
    """
    cdef Oplist outer = the_oplist(oplist), inner = the_oplist(sub_oplist)
    cdef Traversal traversal = Traversal.__new__(Traversal)
    cdef bint cycle = outer is inner
    cdef shared_section section
    # Check and embed are one step.
    shared_enter(&section, <PyObject *>OPLISTS)
    try:
        if not cycle and outer.embedded:
            traversal.take(inner)
            cycle = outer.mark == mark_now
        if not cycle:
            outer.segment.append_sublist(inner)
            inner.embedded = True
    finally:
        shared_leave(&section)
    if cycle:
        raise ValueError("an oplist cannot be embedded in itself, directly or through others")
