# What the bridge needs of CPython beyond Cython's own declarations of it.

from cpython.object cimport PyObject

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        pass
    PyTypeObject PyBytes_Type
    ctypedef struct PyVarObject:
        pass
    PyVarObject *PyObject_InitVar(PyVarObject *op, PyTypeObject *type, Py_ssize_t size)
    void *PyObject_Malloc(size_t n)
    void PyObject_Free(void *p)
    ctypedef enum PyMemAllocatorDomain:
        PYMEM_DOMAIN_OBJ
    ctypedef struct PyMemAllocatorEx:
        void *ctx
    void PyMem_GetAllocator(PyMemAllocatorDomain domain, PyMemAllocatorEx *allocator)
    bint PyUnicode_IS_ASCII(object text)
    bint PyObject_CheckBuffer(object o)
    object PyOS_FSPath(object path)
    object PyUnicode_EncodeFSDefault(object text)
    object PyUnicode_DecodeFSDefaultAndSize(const char *s, Py_ssize_t n)
    object PyMemoryView_FromObject(object o)
    Py_buffer *PyMemoryView_GET_BUFFER(object view)
    bint PyBuffer_IsContiguous(const Py_buffer *view, char order)
    unsigned long PyThread_get_thread_ident()
    ctypedef PyObject *(*PyCFunction)(PyObject *, PyObject *)
    ctypedef struct PyMethodDef:
        const char *ml_name
        PyCFunction ml_meth
        int ml_flags
        const char *ml_doc
    int METH_FASTCALL, METH_KEYWORDS
    object PyCFunction_NewEx(PyMethodDef *definition, object self, object module)
    object PyObject_CallOneArg(object function, object argument)
    int PyUnicode_Compare(object a, object b) except? -1
    bint PyCoro_CheckExact(object o)
    int PyErr_ResourceWarning(object source, Py_ssize_t level, const char *form, ...) except -1
    int PyDict_SetItem(PyObject *d, PyObject *key, PyObject *value) except -1
    Py_ssize_t Py_REFCNT(PyObject *o)
    PyObject *PyTuple_GET_ITEM(PyObject *t, Py_ssize_t place)
    PyObject *Py_True
    PyObject *Py_False
    object PyWeakref_NewRef(object o, PyObject *callback)
    PyObject *PyThreadState_GetDict()
    PyObject *PyDict_GetItemWithError(object d, object key) except? NULL
