# Stats: a real os.stat_result of what the core has found.

# The fields behind the ten of a tuple, where this Python has just those of Linux, in its order.
cdef tuple STAT_FIELDS = ("st_atime", "st_mtime", "st_ctime", "st_atime_ns", "st_mtime_ns",
                          "st_ctime_ns", "st_blksize", "st_blocks", "st_rdev")
# What other systems have.
cdef tuple MORE_FIELDS = ("st_flags", "st_gen", "st_birthtime", "st_birthtime_ns",
                          "st_file_attributes", "st_reparse_tag")
cdef object stat_result = os.stat_result
cdef bint STAT_IN_ORDER = stat_result.n_fields == 19 and [
    getattr(stat_result(range(19)), name, None) for name in STAT_FIELDS] == list(range(10, 19))


cdef extern from "Python.h":
    PyObject *PyStructSequence_New(PyTypeObject *type) except NULL
    void PyStructSequence_SetItem(PyObject *sequence, Py_ssize_t place, PyObject *value) noexcept


cdef inline int put(PyObject *sequence, Py_ssize_t place, object value) except -1:
    Py_INCREF(value)
    PyStructSequence_SetItem(sequence, place, <PyObject *>value)   # takes the reference
    return 0


cdef object stat_of(const mhq_status *s):
    cdef int i
    if not STAT_IN_ORDER:
        return stat_by_name(s)
    cdef PyObject *made = PyStructSequence_New(<PyTypeObject *>stat_result)
    cdef object result = <object>made
    Py_DECREF(result)          # New's reference is now `result`'s
    put(made, 0, s.mode)
    put(made, 1, s.inode)
    put(made, 2, s.device)
    put(made, 3, s.links)
    put(made, 4, s.user)
    put(made, 5, s.group)
    put(made, 6, s.size)
    for i in range(3):
        put(made, 7 + i, s.seconds[i])
        put(made, 10 + i, time_of(s, i))
        put(made, 13 + i, time_ns_of(s, i))
    put(made, 16, s.block_size)
    put(made, 17, s.blocks)
    put(made, 18, s.special)
    return result


cdef object stat_by_name(const mhq_status *s):
    cdef tuple first = (s.mode, s.inode, s.device, s.links, s.user, s.group, s.size,
                        s.seconds[0], s.seconds[1], s.seconds[2])
    cdef tuple more = (time_of(s, 0), time_of(s, 1), time_of(s, 2),
                       time_ns_of(s, 0), time_ns_of(s, 1), time_ns_of(s, 2),
                       s.block_size, s.blocks, s.special,
                       s.flags, s.generation, time_of(s, 3), time_ns_of(s, 3),
                       s.attributes, s.reparse_tag)
    return stat_result(first, {name: value for name, value in zip(STAT_FIELDS + MORE_FIELDS, more)
                               if hasattr(stat_result, name)})


def rotates(str path, uint64_t device):
    """Whether the device (st_dev) on which the path lies rotates, as far as reading ahead is
    concerned. None: the path may not be opened."""
    cdef bytes encoded = os.fsencode(path)
    cdef int found = mhq_rotates(encoded, device)
    return None if found < 0 else found == 1


cdef double time_of(const mhq_status *s, int which) noexcept:
    """As Python rounds it."""
    return <double>s.seconds[which] + 1e-9 * <double>s.nanoseconds[which]


cdef object time_ns_of(const mhq_status *s, int which):
    cdef int64_t seconds = s.seconds[which]
    if -9000000000 < seconds < 9000000000:   # else it may not fit
        return seconds * 1000000000 + s.nanoseconds[which]
    return <object>seconds * 1000000000 + s.nanoseconds[which]
