/* Python module of the rows of PNG: parses arguments and returns bytearrays. _scanlines.h does the work.
 *
 * Limited API of Python 3.11, the first with the buffer protocol, so that one wheel serves every later Python.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_scanlines.h"

static PyObject *raise_status(Status status) {
    if (status == NO_MEMORY) return PyErr_NoMemory();
    PyErr_SetString(PyExc_ValueError, MESSAGES[status]);
    return NULL;
}

static PyObject *run_filter(FilterJob *job, int use_avx2) {
    Status status = filter_validate(job);
    if (status != OK) return raise_status(status);
    PyObject *out = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)((job->row_bytes + 1) * (size_t)job->height));
    if (!out) return NULL;
    job->out = (uint8_t *)PyByteArray_AsString(out);
    Py_BEGIN_ALLOW_THREADS
    status = filter_rows(job, use_avx2);
    Py_END_ALLOW_THREADS
    if (status == OK) return out;
    Py_DECREF(out);
    return raise_status(status);
}

static PyObject *scanlines_filter(PyObject *self, PyObject *args) {
    (void)self;
    FilterJob job = {0};
    Py_buffer pixels;
    int use_avx2;
    if (!PyArg_ParseTuple(args, "y*lliiiip:filter", &pixels, &job.width, &job.height, &job.stored, &job.kept, &job.bits,
                          &job.strategy, &use_avx2))
        return NULL;
    job.source = pixels.buf;
    job.source_bytes = (size_t)pixels.len;
    PyObject *out = run_filter(&job, use_avx2);
    PyBuffer_Release(&pixels);
    return out;
}

static PyObject *run_unfilter(UnfilterJob *job, int use_avx2) {
    Status status = unfilter_validate(job);
    if (status != OK) return raise_status(status);
    PyObject *out = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)((size_t)job->width * (size_t)job->height * (size_t)job->channels));
    if (!out) return NULL;
    job->out = (uint8_t *)PyByteArray_AsString(out);
    Py_BEGIN_ALLOW_THREADS
    status = unfilter_rows(job, use_avx2);
    Py_END_ALLOW_THREADS
    if (status == OK) return out;
    Py_DECREF(out);
    return raise_status(status);
}

static PyObject *scanlines_unfilter(PyObject *self, PyObject *args) {
    (void)self;
    UnfilterJob job = {0};
    Py_buffer rows;
    int use_avx2;
    if (!PyArg_ParseTuple(args, "y*llip:unfilter", &rows, &job.width, &job.height, &job.channels, &use_avx2)) return NULL;
    job.rows = rows.buf;
    job.size_bytes = (size_t)rows.len;
    PyObject *out = run_unfilter(&job, use_avx2);
    PyBuffer_Release(&rows);
    return out;
}

static Status validate_pixels(const Py_buffer *pixels, long width, long height, int stored) {
    if (!is_valid_side(width) || !is_valid_side(height)) return BAD_SIZE;
    if (stored < 1 || stored > MAX_CHANNELS) return BAD_CHANNELS;
    return (size_t)pixels->len < (size_t)width * (size_t)height * (size_t)stored ? SHORT_BUFFER : OK;
}

static PyObject *run_index(IndexJob *job) {
    PyObject *indices = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)job->pixels);
    if (!indices) return NULL;
    job->indices = (uint8_t *)PyByteArray_AsString(indices);
    Py_BEGIN_ALLOW_THREADS
    index_pixels(job);
    Py_END_ALLOW_THREADS
    if (job->colour_count < 0) {
        Py_DECREF(indices);
        Py_RETURN_NONE;
    }
    return Py_BuildValue("(Ny#)", indices, (const char *)job->colours, (Py_ssize_t)(4 * job->colour_count));
}

static PyObject *scanlines_index(PyObject *self, PyObject *args) {
    (void)self;
    IndexJob job = {0};
    Py_buffer pixels;
    long width, height;
    if (!PyArg_ParseTuple(args, "y*lliii:index", &pixels, &width, &height, &job.stored, &job.channels, &job.max_colours)) return NULL;
    Status status = validate_pixels(&pixels, width, height, job.stored);
    if (status == OK && (job.channels < 1 || job.channels > job.stored)) status = BAD_CHANNELS;
    if (status == OK && (job.max_colours < 1 || job.max_colours > MAX_COLOURS)) status = BAD_CHANNELS;
    job.source = pixels.buf;
    job.pixels = (size_t)width * (size_t)height;
    PyObject *out = status == OK ? run_index(&job) : raise_status(status);
    PyBuffer_Release(&pixels);
    return out;
}

static PyObject *scanlines_survey(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer pixels;
    long width, height;
    int stored, channels;
    if (!PyArg_ParseTuple(args, "y*llii:survey", &pixels, &width, &height, &stored, &channels)) return NULL;
    Status status = validate_pixels(&pixels, width, height, stored);
    if (status == OK && (channels < 1 || channels > stored)) status = BAD_CHANNELS;
    int opaque = 0, grey = 0;
    double repeated = 0;
    if (status == OK) {
        const uint8_t *source = pixels.buf;
        size_t count = (size_t)width * (size_t)height;
        Py_BEGIN_ALLOW_THREADS
        opaque = channels % 2 || is_opaque(source, count, stored);
        grey = channels < 3 || is_grey(source, count, stored);
        repeated = repeated_share(source, width, height, stored);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&pixels);
    return status == OK ? Py_BuildValue("(iid)", opaque, grey, repeated) : raise_status(status);
}

static PyMethodDef METHODS[] = {
    {"filter", scanlines_filter, METH_VARARGS, "filter(pixels, width, height, stored, kept, bits, strategy, use_avx2) -> bytearray"},
    {"unfilter", scanlines_unfilter, METH_VARARGS, "unfilter(rows, width, height, channels, use_avx2) -> bytearray"},
    {"index", scanlines_index, METH_VARARGS, "index(pixels, width, height, stored, channels, max_colours) -> (bytearray, bytes) | None"},
    {"survey", scanlines_survey, METH_VARARGS, "survey(pixels, width, height, stored, channels) -> (opaque, grey, share of repeated pixels)"},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module) {
    init_tables();
    return PyModule_AddStringConstant(module, "instructions", has_avx2() ? "avx2" : "portable");
}

static PyModuleDef_Slot SLOTS[] = {{Py_mod_exec, module_exec}, {0, NULL}};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, .m_name = "_scanlines", .m_size = 0, .m_methods = METHODS, .m_slots = SLOTS};

PyMODINIT_FUNC PyInit__scanlines(void) { return PyModuleDef_Init(&MODULE); }
