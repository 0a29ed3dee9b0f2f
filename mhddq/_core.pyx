# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: auto_pickle=False, embedsignature=False, cdivision=True
# cython: freethreading_compatible=True
"""The bridge: Python references go in, C operations come out, and back again.

Guarantees
  - User code (``__fspath__``, ``__bool__``, ``__buffer__``, finalisers) runs before a ticket is
    claimed or after the record has come back, never in between.
  - The C core sees no Python object, only memory that a request holds on to until its callback has
    returned.
  - Nothing is copied that can be lent: ASCII text and paths, bytes and buffers go in as they
    are; large results are built where they were read, if the allocator is proven to take it.

Assumptions
  - What threads share changes in sections that run no Python code, see ``_shared.pxd``: the queue's
    own fields in the queue's section, all oplists in one that is theirs. Where there is a GIL it
    makes them. An object that a section puts out of its place is dropped after it.
  - The callback thread is one thread: ``deliver`` lets only one in.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.exc cimport PyErr_CheckSignals
from cpython.number cimport PyIndex_Check, PyNumber_Index
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF, Py_XINCREF
from cpython.unicode cimport (PyUnicode_AsUTF8AndSize, PyUnicode_AsUTF8String,
                              PyUnicode_DecodeUTF8)
from libc.stdint cimport int64_t, uint32_t, uint64_t, uint8_t, uintptr_t
from libc.math cimport floor, modf
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcpy, memset, strcmp, strlen

from mhddq._mhq cimport *
from mhddq._python cimport *
from mhddq._shared cimport *
from mhddq._visible cimport *

import errno
import os
import sys
import time

from mhddq._failure import Cancelled, FailureText

# They know of each other.
cdef class Service
cdef class Seat
cdef class Port
cdef class Queue
cdef class Control
cdef class Pending
cdef class LoopPort
cdef class Awaiting
cdef class Link
cdef class Latch

# One module, for its files call each other at every operation. Each uses only those above it.
include "bridge/table.pxi"
include "bridge/handles.pxi"
include "bridge/requests.pxi"
include "bridge/stats.pxi"
include "bridge/walks.pxi"
include "bridge/jobs.pxi"
include "bridge/oplists.pxi"
include "bridge/snapshots.pxi"
include "bridge/values.pxi"
include "bridge/failures.pxi"
include "bridge/native.pxi"
include "bridge/service.pxi"
include "bridge/seats.pxi"
include "bridge/ports.pxi"
include "bridge/controls.pxi"
include "bridge/links.pxi"
include "bridge/futures.pxi"
include "bridge/args.pxi"
include "bridge/delivery.pxi"
include "bridge/submit.pxi"
include "bridge/taking.pxi"
include "bridge/thread.pxi"
include "bridge/closing.pxi"
include "bridge/end.pxi"
include "bridge/queues.pxi"
include "bridge/loops.pxi"
include "bridge/operations.pxi"
include "bridge/awaits.pxi"
include "bridge/functions.pxi"
