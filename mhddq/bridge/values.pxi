# Values: what an operation gives, made of the record that has come back. On the thread that delivers.

# What a taker counts; `adopts`: bytes may be built where they were read; `calling`: the request
# whose callback is running, or NULL.
cdef struct deliveries:
    bint adopts
    shared_word calling
    PyObject *spare      # args to be filled anew, or NULL; see args.pxi
    shared_count delivered, callbacks, callback_errors, late_failures, copied, uncopied

cdef enum:
    LARGE = 262144      # bytes from which on a read counts as large
    ADOPT = 8192        # bytes from which on a result is built where it was read

# The head of a bytes object: as many bytes stand before its content.
cdef extern from *:
    """
    enum { MHDDQ_BYTES_HEAD = offsetof(PyBytesObject, ob_sval) };
    """
    enum: BYTES_HEAD "MHDDQ_BYTES_HEAD"


cdef bint proven_adoptable() except -1:
    """Is memory from malloc what this build's object allocator hands out, and takes back, for
    large objects? It is where the allocator has no context (no debug hooks, no tracing) and its
    large blocks carry the head of a mapped block of glibc's malloc: page-aligned behind 16 bytes,
    the size in pages with the 'mapped' bit; glibc 2.43 leaves the 16 out of the size. Other
    allocators differ, and results are copied. So they are without a GIL: there all objects must
    come from heaps that the collector walks."""
    cdef PyMemAllocatorEx allocator
    cdef size_t size = 48 << 20      # beyond the largest threshold for mapping
    cdef size_t mapped = (size + 16 + 4095) & ~<size_t>4095
    cdef size_t head
    cdef bint proven = False
    cdef uintptr_t p
    if not SHARED_GIL or hasattr(sys, "gettotalrefcount") or "CS_GNU_LIBC_VERSION" not in getattr(
            os, "confstr_names", ()):
        return False
    PyMem_GetAllocator(PYMEM_DOMAIN_OBJ, &allocator)
    if allocator.ctx != NULL:
        return False
    p = <uintptr_t>PyObject_Malloc(size)
    if p != 0 and p % 4096 == 16 and sizeof(size_t) == 8:
        head = (<size_t *>(p - 8))[0]
        proven = head == mapped | 2 or head == (mapped - 16) | 2
    PyObject_Free(<void *>p)
    if proven:
        learn_large_results()
    return proven


cdef void learn_large_results() noexcept:
    """glibc maps and unmaps large blocks, and returns the end of a heap to the system, from sizes
    on that it learns: it raises them when a large block is freed. Here it learns from a block
    that is never written what it would learn from the first results of file_read. Before it
    has, every result of a megabyte costs up to a hundred page faults, twice what reading costs."""
    PyObject_Free(PyObject_Malloc(31 << 20))   # the most it learns from is 32 MiB


cdef object bytes_of(deliveries *counts, mhq_run *run):
    """The bytes read: the record's own buffer made into the object, or a copy of it."""
    cdef char *buffer = run.buffer
    cdef PyObject *adopted
    cdef object result
    if counts.adopts and run.length >= ADOPT and not run.holds:
        buffer[BYTES_HEAD + run.length] = 0
        adopted = <PyObject *>PyObject_InitVar(<PyVarObject *>buffer, &PyBytes_Type,
                                               <Py_ssize_t>run.length)
        # The hash, not yet known; it stands before the bytes, and its name is deprecated.
        (<Py_hash_t *>(buffer + BYTES_HEAD - sizeof(Py_hash_t)))[0] = -1
        run.buffer = NULL
        result = <object>adopted
        Py_DECREF(result)          # InitVar's reference is now `result`'s
        if run.length >= LARGE:
            shared_bump(&counts.uncopied)
        return result
    if run.length >= LARGE:
        shared_bump(&counts.copied)
    return PyBytes_FromStringAndSize(buffer + BYTES_HEAD, <Py_ssize_t>run.length)


cdef object text_of(request *r, mhq_run *run):
    """Strict UTF-8, then universal newlines: in this order, so that errors name places in the
    file."""
    cdef char *raw = run.buffer + BYTES_HEAD
    cdef str text
    try:
        text = PyUnicode_DecodeUTF8(raw, <Py_ssize_t>run.length, NULL)
    except UnicodeDecodeError as error:
        error.reason = "%s; %r is not UTF-8 text: with binary=True its bytes are read" % (
            error.reason, path_of(r.op.path, r.op.flags & PATH_BYTES))
        raise
    if memchr(raw, 13, run.length) != NULL:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


cdef list contents_of(mhq_run *run):
    cdef list contents = []
    cdef const char *at = run.buffer
    cdef const char *end = at + run.length
    cdef Py_ssize_t n
    while at < end:
        n = <Py_ssize_t>strlen(at + 1)
        contents.append({"name": PyUnicode_DecodeFSDefaultAndSize(at + 1, n),
                         "type": "directory" if at[0] == c'd' else "file"})
        at += n + 2
    return contents


cdef Handle file_of(request *r, mhq_run *run):
    cdef Row row = <Row>ROWS[r.op.kind]
    cdef Handle handle = Handle.__new__(Handle)
    handle.name = path_of(r.op.path, r.op.flags & PATH_BYTES)
    handle.encoded = r.op.path
    handle.mode = str(<object>r.given[row.names.index("mode")])
    handle.take(<mhq_handle *>run.buffer)
    run.buffer = NULL
    run.holds = MHQ_HOLDS_BYTES
    if r.op.options & MHQ_ATOMIC:
        handle.note_atomic()
    return handle


cdef object target_of(request *r, mhq_run *run):
    if r.op.flags & PATH_BYTES:
        return run.buffer[:run.length]
    return PyUnicode_DecodeFSDefaultAndSize(run.buffer, <Py_ssize_t>run.length)


cdef object usage_of(mhq_run *run):
    from mhddq.types import DiskUsage
    cdef const mhq_usage *usage = <const mhq_usage *><void *>run.buffer
    return DiskUsage(usage.total, usage.used, usage.free)


cdef inline object value_of(deliveries *counts, request *r, mhq_run *run):
    """What the operation gives: the bare value."""
    cdef uint8_t gives = SHAPES[r.op.kind].gives
    if gives == GIVES_NOTHING:
        return None
    if gives == GIVES_EXISTS:
        return True if run.exists else False
    if gives == GIVES_DATA:
        return bytes_of(counts, run) if r.op.options & MHQ_BINARY else text_of(r, run)
    if gives == GIVES_CONTENTS:
        return contents_of(run)
    if gives == GIVES_ENTRIES:
        return found_of(r, run), (<Resume>r.held[1]).successor()
    if gives == GIVES_FILE:
        return file_of(r, run)
    if gives == GIVES_LENGTH:
        return run.length
    if gives == GIVES_STAT:
        return stat_of(<const mhq_status *><void *>run.buffer)
    if gives == GIVES_TARGET:
        return target_of(r, run)
    return usage_of(run)


cdef inline dict output_of(uint8_t gives, object value):
    """The same as a callback is given it."""
    if gives == GIVES_NOTHING:
        return {}
    if gives == GIVES_ENTRIES:
        return {"entries": value[0], "resume": value[1]}
    if gives == GIVES_USAGE:
        return value._asdict()
    return {<object>OUTPUT_KEYS[gives]: value}


cdef object path_of(const char *path, bint as_bytes):
    cdef Py_ssize_t n = <Py_ssize_t>strlen(path)
    return path[:n] if as_bytes else PyUnicode_DecodeFSDefaultAndSize(path, n)


cdef void add_deliveries(deliveries *sum, deliveries *counts) noexcept:
    shared_add(&sum.delivered, shared_read(&counts.delivered))
    shared_add(&sum.callbacks, shared_read(&counts.callbacks))
    shared_add(&sum.callback_errors, shared_read(&counts.callback_errors))
    shared_add(&sum.late_failures, shared_read(&counts.late_failures))
    shared_add(&sum.copied, shared_read(&counts.copied))
    shared_add(&sum.uncopied, shared_read(&counts.uncopied))


cdef void forget_deliveries(deliveries *counts) noexcept:
    counts.spare = NULL
    shared_set(&counts.calling, 0)
    shared_zero(&counts.delivered)
    shared_zero(&counts.callbacks)
    shared_zero(&counts.callback_errors)
    shared_zero(&counts.late_failures)
    shared_zero(&counts.copied)
    shared_zero(&counts.uncopied)
