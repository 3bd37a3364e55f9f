/* Python module of the resampling kernel: parses arguments and returns a bytearray. _resample.h does the work.
 *
 * Limited API of Python 3.11, the first with the buffer protocol, so that one wheel serves every later Python.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_resample.h"

static PyObject *raise_status(Status status) {
    if (status == NO_MEMORY) return PyErr_NoMemory();
    PyErr_SetString(PyExc_ValueError, MESSAGES[status]);
    return NULL;
}

static PyObject *run_job(ResampleJob *job, int use_avx2) {
    Status status = job_validate(job);
    if (status != OK) return raise_status(status);
    uint64_t bytes = job_out_bytes(job);
    if (bytes > (uint64_t)PY_SSIZE_T_MAX) return PyErr_NoMemory();
    PyObject *out = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)bytes);
    if (!out) return NULL;
    job->out = (uint8_t *)PyByteArray_AsString(out);
    Py_BEGIN_ALLOW_THREADS
    status = resample(job, use_avx2);
    Py_END_ALLOW_THREADS
    if (status == OK) return out;
    Py_DECREF(out);
    return raise_status(status);
}

static PyObject *kernel_resample(PyObject *self, PyObject *args) {
    (void)self;
    ResampleJob job = {0};
    Py_buffer pixels;
    Py_ssize_t stride;
    int use_avx2;
    if (!PyArg_ParseTuple(args, "y*lli(dddd)llniiddppp:resample", &pixels, &job.width, &job.height, &job.layout, &job.left,
                          &job.top, &job.box_width, &job.box_height, &job.out_width, &job.out_height, &stride, &job.depth,
                          &job.out_depth, &job.light_compensation, &job.droop_compensation, &job.linear, &job.halve,
                          &use_avx2))
        return NULL;
    job.source = pixels.buf;
    job.source_bytes = (size_t)pixels.len;
    job.stride = (size_t)stride;
    PyObject *out = stride < 0 ? raise_status(BAD_STRIDE) : run_job(&job, use_avx2);
    PyBuffer_Release(&pixels);
    return out;
}

static PyMethodDef METHODS[] = {
    {"resample", kernel_resample, METH_VARARGS,
     "resample(pixels, width, height, layout, box, out_width, out_height, stride, depth, out_depth, "
     "light_compensation, droop_compensation, linear, halve, use_avx2) -> bytearray"},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module) {
    resample_init_tables();
    return PyModule_AddStringConstant(module, "instructions", resample_has_avx2() ? "avx2" : "portable");
}

static PyModuleDef_Slot SLOTS[] = {{Py_mod_exec, module_exec}, {0, NULL}};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, .m_name = "_kernel", .m_size = 0, .m_methods = METHODS, .m_slots = SLOTS};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModuleDef_Init(&MODULE); }
