/* The reader of plain JPEG as a Python module: a file and a scale in, pixels out, or None for a file that is not for it. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#ifdef __x86_64__
#include "_jpeg_scan.h"

static PyObject *pixels_of(Jpeg *jpeg) {
    const int bytes = jpeg->count == 1 ? 1 : 4;
    jpeg->out_width = (jpeg->width + jpeg->shrink - 1) / jpeg->shrink;
    jpeg->out_height = (jpeg->height + jpeg->shrink - 1) / jpeg->shrink;
    PyObject *out = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)jpeg->out_width * jpeg->out_height * bytes);
    if (!out) return NULL;
    uint8_t *to = (uint8_t *)PyByteArray_AsString(out);
    Result result;
    Py_BEGIN_ALLOW_THREADS
    result = read_pixels(jpeg, to);
    Py_END_ALLOW_THREADS
    if (result == READ) return Py_BuildValue("(iiNi)", (int)jpeg->out_width, (int)jpeg->out_height, out, jpeg->count);
    Py_DECREF(out);
    if (result == NO_MEMORY) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyObject *jpeg_decode(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer file;
    int width, height, shrink;
    if (!PyArg_ParseTuple(args, "y*iii:decode", &file, &width, &height, &shrink)) return NULL;
    PyObject *out = NULL;
    Jpeg *jpeg = calloc(1, sizeof *jpeg); /* some 100 KB of tables */
    if (!jpeg) {
        PyErr_NoMemory();
    } else if (shrink != 1 && shrink != 2 && shrink != 4 && shrink != 8) {
        PyErr_SetString(PyExc_ValueError, "the scale must be 1, 2, 4 or 8");
    } else {
        jpeg->at = file.buf;
        jpeg->end = jpeg->at + file.len;
        jpeg->shrink = shrink;
        const int ours = read_header(jpeg) == READ && jpeg->width == width && jpeg->height == height;
        out = ours ? pixels_of(jpeg) : Py_NewRef(Py_None);
    }
    free(jpeg);
    PyBuffer_Release(&file);
    return out;
}

static int is_able(void) { return __builtin_cpu_supports("x86-64-v3"); }
static void prepare_tables(void) { pixel_tables(); }
#else
static PyObject *jpeg_decode(PyObject *self, PyObject *args) {
    (void)self, (void)args;
    Py_RETURN_NONE;
}
static int is_able(void) { return 0; }
static void prepare_tables(void) {}
#endif

static PyMethodDef METHODS[] = {
    {"decode", jpeg_decode, METH_VARARGS, "decode(file, width, height, shrink) -> (width, height, pixels, components) or None"},
    {NULL, NULL, 0, NULL},
};

static int prepare(PyObject *module) {
    prepare_tables();
    return PyModule_AddIntConstant(module, "able", is_able());
}

static PyModuleDef_Slot SLOTS[] = {{Py_mod_exec, prepare}, {0, NULL}};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, .m_name = "_jpeg", .m_size = 0, .m_methods = METHODS, .m_slots = SLOTS};

PyMODINIT_FUNC PyInit__jpeg(void) { return PyModuleDef_Init(&MODULE); }
