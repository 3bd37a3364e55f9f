"""The recipes of docs/library.md in their frameworks, and the notebook."""

import asyncio
import importlib.util
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples/library"
PHOTO = ROOT / "examples/photos/fig.jpg"


def load(name: str) -> ModuleType:
    """Import a file of the examples."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def opened(body: bytes) -> tuple[str | None, tuple[int, int]]:
    with Image.open(io.BytesIO(body)) as image:
        return image.format, image.size


def test_view_of_django() -> None:
    settings = import_module("django.conf").settings
    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"], DEFAULT_CHARSET="utf-8")
        import_module("django").setup()
    uploaded, requests = import_module("django.core.files.uploadedfile"), import_module("django.test").RequestFactory()
    module = load("django_view")
    try:
        for body, status in ((PHOTO.read_bytes(), 200), (b"no image", 422)):
            upload = uploaded.SimpleUploadedFile("photo.jpg", body, "image/jpeg")
            response = module.thumbnail(requests.post("/thumbnail", {"photo": upload}))
            assert response.status_code == status
            if status == 200:
                assert response["Content-Type"] == "image/webp"
                assert opened(response.content) == ("WEBP", (320, 320))
    finally:
        module.engine.close()


def test_route_of_fastapi() -> None:
    module = load("fastapi_app")

    async def requests() -> None:
        transport = httpx.ASGITransport(module.app)
        async with (
            module.lifespan(module.app),
            httpx.AsyncClient(transport=transport, base_url="http://app") as client,
        ):
            files = {"photo": ("photo.jpg", PHOTO.read_bytes(), "image/jpeg")}
            answers = await asyncio.gather(
                *(client.post(f"/thumbnail?width={width}", files=files) for width in range(10, 20))
            )
            assert [opened(answer.content)[1][0] for answer in answers] == list(range(10, 20))
            assert answers[0].headers["content-type"] == "image/webp"
            assert (await client.post("/thumbnail?width=0", files=files)).status_code == 400
            assert (await client.post("/thumbnail", files={"photo": ("a.jpg", b"none")})).status_code == 422

    with ThreadPoolExecutor(1) as thread:  # in this one, Playwright may run a loop for tests of other files
        thread.submit(lambda: asyncio.run(requests())).result()


@pytest.fixture
def celery(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A worker with two processes, and a broker in a folder."""
    for name in ("queue", "results"):
        (tmp_path / name).mkdir()
    environment = {
        **os.environ,
        "BROKER": "filesystem://",
        "BACKEND": f"file://{tmp_path}/results",
        "PYTHONPATH": str(tmp_path),
        "HOME": str(tmp_path),
    }
    shutil.copy(EXAMPLES / "celery_tasks.py", tmp_path)
    options = {"data_folder_in": f"{tmp_path}/queue", "data_folder_out": f"{tmp_path}/queue"}
    with (tmp_path / "celery_tasks.py").open("a") as file:
        file.write(f"\napp.conf.broker_transport_options = {options!r}\n")
    command = [sys.executable, "-m", "celery", "-A", "celery_tasks", "worker", "--concurrency=2", "--pool=prefork"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as worker:
        try:
            yield environment
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) == 0
    deadline = time.monotonic() + 30
    while running := _with_home(tmp_path):
        assert time.monotonic() < deadline, running
        time.sleep(0.1)


def _with_home(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and f"HOME={folder}\0".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return [line for line in found if line]


def test_task_of_celery(celery: dict[str, str], tmp_path: Path) -> None:
    code = f"""
from celery_tasks import thumbnail
tasks = [thumbnail.delay({str(PHOTO)!r}, f"{tmp_path}/{{width}}.webp", width) for width in range(10, 16)]
print([task.get(timeout=100)[0] for task in tasks])
try:
    thumbnail.delay("missing.jpg", "a.webp").get(timeout=100)
except Exception as error:
    print(type(error).__name__)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=celery, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout == "[10, 11, 12, 13, 14, 15]\nSourceNotFound\n", done.stderr
    assert opened((tmp_path / "15.webp").read_bytes()) == ("WEBP", (15, 10))


def test_notebook(tmp_path: Path) -> None:
    (tmp_path / "photos").symlink_to(PHOTO.parent)
    (tmp_path / "library").mkdir()
    notebook: Any = import_module("nbformat").read(EXAMPLES / "notebook.ipynb", as_version=4)
    resources = {"metadata": {"path": str(tmp_path / "library")}}
    import_module("nbclient").NotebookClient(
        notebook, timeout=200, kernel_name="python3", resources=resources
    ).execute()
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    assert all(outputs)
    shown = outputs[0][-1]["data"]["text/html"]
    assert "jpeg, 400 × 267" in shown
    assert "data:image/jpeg;base64," in shown
    assert "There is no parameter widht; did you mean width?" in outputs[-1][-1]["text"]
