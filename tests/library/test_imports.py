"""What ``import pixmill`` loads: next to nothing, and never a pixel library or a server."""

import subprocess
import sys

import pytest

import pixmill


def loaded_by(code: str) -> set[str]:
    """Return the modules of a fresh interpreter after some code, without those that it begins with."""
    code = f"import sys; before = set(sys.modules); {code}; print(*(sys.modules.keys() - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_import_loads_one_module() -> None:
    assert loaded_by("import pixmill") == {"pixmill"}


def test_errors_load_no_other_part() -> None:
    loaded = {name for name in loaded_by("import pixmill; pixmill.errors.QueueFull") if name.startswith("pixmill")}
    assert loaded == {"pixmill", "pixmill.errors"}


def test_library_loads_no_pixel_library_and_no_server() -> None:
    loaded = loaded_by("import pixmill; pixmill.resize; pixmill.Engine")
    assert "pydantic" in loaded, "this test sees what is loaded"
    tops = {name.partition(".")[0] for name in loaded}
    assert not tops & {
        "PIL",
        "pyvips",
        "numpy",
        "starlette",
        "granian",
        "prometheus_client",
        "click",
        "aiohttp",
        "obstore",
    }
    assert not {"pixmill.api", "pixmill.settings", "pixmill.dialects.factory", "pixmill.cache"} & loaded


def test_public_names() -> None:
    for name in pixmill.__all__:
        assert getattr(pixmill, name) is not None
    assert set(pixmill.__all__) <= set(dir(pixmill))
    with pytest.raises(AttributeError, match="nothing"):
        pixmill.nothing  # type: ignore[attr-defined] # noqa: B018 - wrong on purpose
