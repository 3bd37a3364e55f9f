"""Images in a program: ``resize``, ``info``, ``placeholder``, ``srcset``, ``Engine``, and the tree of ``errors``.

Every worker process executes this file: what it names is imported when it is first used. The stub has the types.
"""

__version__ = "0.2.0"

_MODULES = {
    "Engine": "pixmill.library.engine",
    "PixmillError": "pixmill.errors",
    "Result": "pixmill.library.result",
    "info": "pixmill.library.shared",
    "placeholder": "pixmill.library.shared",
    "resize": "pixmill.library.shared",
    "srcset": "pixmill.library.shared",
}

__all__ = ["__version__", "errors", *_MODULES]  # noqa: PLE0604 - PEP 562


def __getattr__(name: str) -> object:
    if name not in _MODULES and name != "errors":
        raise AttributeError(f"module 'pixmill' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - see above

    module = import_module(_MODULES.get(name, "pixmill.errors"))
    if name == "errors":
        return module
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
