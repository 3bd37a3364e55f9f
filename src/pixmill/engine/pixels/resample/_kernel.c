/* The resampling kernel as a Python module: arguments in, a bytearray out; the work is in _resample.h.
 *
 * Limited API of Python 3.11, the first with the buffer protocol, so that one wheel serves every later Python.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_resample.h"

static PyObject *refuse(Status status) {
    if (status == NO_MEMORY) return PyErr_NoMemory();
    PyErr_SetString(PyExc_ValueError, MESSAGES[status]);
    return NULL;
}

static PyObject *run(Job *job, int fast) {
    Status status = job_check(job);
    if (status != FINE) return refuse(status);
    uint64_t bytes = job_out_bytes(job);
    if (bytes > (uint64_t)PY_SSIZE_T_MAX) return PyErr_NoMemory();
    PyObject *out = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)bytes);
    if (!out) return NULL;
    job->out = (uint8_t *)PyByteArray_AsString(out);
    Py_BEGIN_ALLOW_THREADS
    status = resample(job, fast);
    Py_END_ALLOW_THREADS
    if (status == FINE) return out;
    Py_DECREF(out);
    return refuse(status);
}

static PyObject *kernel_resample(PyObject *self, PyObject *args) {
    (void)self;
    Job job = {0};
    Py_buffer pixels;
    Py_ssize_t stride;
    int fast;
    if (!PyArg_ParseTuple(args, "y*lli(dddd)llniidp:resample", &pixels, &job.width, &job.height, &job.layout, &job.left,
                          &job.top, &job.across, &job.down, &job.out_width, &job.out_height, &stride, &job.depth,
                          &job.out_depth, &job.lost, &fast))
        return NULL;
    job.in = pixels.buf;
    job.in_bytes = (size_t)pixels.len;
    job.stride = (size_t)stride;
    PyObject *out = stride < 0 ? refuse(BAD_STRIDE) : run(&job, fast);
    PyBuffer_Release(&pixels);
    return out;
}

static PyMethodDef METHODS[] = {
    {"resample", kernel_resample, METH_VARARGS,
     "resample(pixels, width, height, layout, box, out_width, out_height, stride, depth, out_depth, lost, fast) -> bytearray"},
    {NULL, NULL, 0, NULL},
};

static int prepare(PyObject *module) {
    resample_tables();
    return PyModule_AddStringConstant(module, "instructions", resample_fast() ? "avx2" : "portable");
}

static PyModuleDef_Slot SLOTS[] = {{Py_mod_exec, prepare}, {0, NULL}};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, .m_name = "_kernel", .m_size = 0, .m_methods = METHODS, .m_slots = SLOTS};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModuleDef_Init(&MODULE); }
