"""What a program does with an engine: one image, many, from all kinds of sources, into all kinds of targets."""

import asyncio
import io
import os
import threading
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

import pixmill
from pixmill import errors

PHOTO = Path(__file__).parents[2] / "examples/photos/fig.jpg"


@pytest.fixture(scope="module")
def engine() -> Iterator[pixmill.Engine]:
    with pixmill.Engine(workers=1) as opened:
        yield opened


@pytest.fixture(scope="module")
def photo() -> bytes:
    buffer = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").resize((300, 200)).save(buffer, "JPEG")
    return buffer.getvalue()


def opened(body: bytes) -> Image.Image:
    return Image.open(io.BytesIO(body))


@pytest.mark.parametrize("kind", ["bytes", "bytearray", "memoryview", "str", "Path", "file URL", "file object"])
def test_source_of_each_kind(engine: pixmill.Engine, photo: bytes, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a b.jpg"
    path.write_bytes(photo)
    with path.open("rb") as file:
        source = {
            "bytes": photo,
            "bytearray": bytearray(photo),
            "memoryview": memoryview(photo),
            "str": str(path),
            "Path": path,
            "file URL": path.as_uri(),
            "file object": file,
        }[kind]
        result = engine.resize(source, width=30, format="png")  # type: ignore[arg-type] # each kind is a Source
    assert opened(result.body).size == (result.width, result.height) == (30, 20)
    assert (result.format, result.content_type, result.path) == ("png", "image/png", None)


def test_target_decides_the_format(engine: pixmill.Engine, photo: bytes, tmp_path: Path) -> None:
    result = engine.resize(photo, tmp_path / "out.webp", width=30)
    assert result.path == tmp_path / "out.webp"
    assert opened(result.path.read_bytes()).format == "WEBP"
    assert [path.name for path in tmp_path.iterdir()] == ["out.webp"]


def test_target_that_is_an_open_file(engine: pixmill.Engine, photo: bytes) -> None:
    buffer = io.BytesIO()
    result = engine.resize(photo, buffer, width=30, format="gif")
    assert buffer.getvalue() == result.body


def test_python_values_mean_what_texts_of_urls_mean(engine: pixmill.Engine, photo: bytes) -> None:
    values = engine.resize(
        photo,
        width=60,
        crop=(10, 20, 100, 80),
        rotate=-12.5,
        grayscale=True,
        then=[{"blur": 2.5, "width": 40}],
        format="png",
        height=None,
    )
    texts = {"width": "60", "crop": "10,20,100,80", "rotate": "-12.5", "grayscale": "true", "format": "png"}
    assert engine.render_texts(photo, texts | {"then": "blur=2.5&width=40"}).body == values.body


class Fit(str, Enum):  # noqa: UP042 - its text is its name
    COVER = "cover"


class Whole:
    """An integer of NumPy."""

    def __index__(self) -> int:
        return 12


class Real(float):
    """A number of NumPy, which shows itself with its type."""

    def __repr__(self) -> str:
        return f"np.float64({float.__repr__(self)})"


def test_numbers_and_texts_of_other_libraries(engine: pixmill.Engine, photo: bytes) -> None:
    values = {"width": Whole(), "height": Decimal("9.0"), "fit": Fit.COVER, "blur": Real(1.5), "rotate": Fraction(5, 2)}
    texts = {"width": "12", "height": "9", "fit": "cover", "blur": "1.5", "rotate": "2.5"}
    assert engine.resize(photo, **values).body == engine.render_texts(photo, texts).body  # type: ignore[arg-type]


@pytest.mark.parametrize("as_file", [False, True])
def test_several_results_of_one_original(engine: pixmill.Engine, photo: bytes, as_file: bool) -> None:
    source = io.BytesIO(photo) if as_file else photo
    results = engine.resize_many(source, [{"width": width, "format": "png"} for width in range(1, 19)])
    assert [result.width for result in results] == list(range(1, 19))


def test_facts_and_placeholders(engine: pixmill.Engine, photo: bytes) -> None:
    facts = engine.info(photo, include=["palette", "hash"], palette_colors=2)
    assert (facts["width"], facts["height"], facts["format"], facts["bytes"]) == (300, 200, "jpeg", len(photo))
    assert len(facts["palette"]) <= 2
    assert len(facts["hash"]) == 64
    assert engine.placeholder(photo, "color").startswith("#")
    assert engine.placeholder(photo, "lqip").startswith("data:image/")
    assert engine.placeholder(photo) == engine.resize(photo, format="thumbhash").text


@pytest.mark.parametrize(
    ("params", "error", "param", "message"),
    [
        ({"widht": 4}, errors.UnknownParameter, "widht", "did you mean width"),
        ({"fit": "crop"}, errors.InvalidParameter, "fit", "cover"),
        ({"width": 0}, errors.InvalidParameter, "width", "width must be"),
        ({"width": float("nan")}, errors.InvalidParameter, "width", "must not be nan"),
        ({"width": object()}, errors.InvalidParameter, "width", "of type object"),
        ({"width": 10**5000}, errors.InvalidParameter, "width", "so large a number"),
        ({"width": Fraction(10**40, 3)}, errors.InvalidParameter, "width", "so large a number"),
        ({"width": Decimal("1e99999")}, errors.InvalidParameter, "width", "must not be"),
        ({"width": "\ud800"}, errors.InvalidParameter, "width", "Unicode"),
        ({"f": "png", "format": "webp"}, errors.RepeatedParameter, "format", "more than once"),
        ({"url": "x"}, errors.UnknownParameter, "url", "without a server"),
        ({"max_age": 3}, errors.UnknownParameter, "max_age", "without a server"),
    ],
)
def test_wrong_parameter(
    engine: pixmill.Engine, photo: bytes, params: dict[str, object], error: type, param: str, message: str
) -> None:
    with pytest.raises(error, match=message) as raised:
        engine.resize(photo, **params)  # type: ignore[arg-type] # wrong on purpose
    assert isinstance(raised.value, pixmill.PixmillError)
    assert raised.value.param == param


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("missing.jpg", errors.SourceNotFound),
        (".", errors.InvalidParameter),
        ("a\0b", errors.InvalidParameter),
        ("ftp://example.com/a.jpg", errors.InvalidParameter),
        ("file://[x", errors.InvalidParameter),
        ("file://other/a.jpg", errors.InvalidParameter),
        ("http://127.0.0.1:9/a.jpg", errors.AddressForbidden),
        ("s3://bucket/a.jpg", errors.SourceForbidden),
        (b"", errors.UnsupportedImage),
        (b"text", errors.UnsupportedImage),
        (io.StringIO("text"), errors.InvalidParameter),
        (7, errors.InvalidParameter),
        (None, errors.InvalidParameter),
    ],
)
def test_wrong_source(engine: pixmill.Engine, source: object, error: type) -> None:
    with pytest.raises(error):
        engine.resize(source)  # type: ignore[arg-type] # wrong on purpose


@pytest.mark.parametrize(
    ("name", "params", "error"),
    [
        ("out.foo", {}, errors.InvalidParameter),
        ("out", {}, errors.InvalidParameter),
        ("out.jpg", {"format": "webp"}, errors.ConflictingParameters),
        ("out.jpg", {"format": "jpg", "f": "jpg"}, errors.RepeatedParameter),
        ("out\0.jpg", {}, errors.InvalidParameter),
    ],
)
def test_wrong_target_is_refused_before_any_work(
    engine: pixmill.Engine, tmp_path: Path, name: str, params: dict[str, str], error: type
) -> None:
    with pytest.raises(error):
        engine.resize("missing.jpg", tmp_path / name, **params)  # type: ignore[arg-type] # types are tested elsewhere
    assert list(tmp_path.iterdir()) == []


def test_file_urls_are_those_that_paths_write(engine: pixmill.Engine, photo: bytes, tmp_path: Path) -> None:
    for name in ("a b#?%.jpg", "line\nbreak", "\udcff"):
        path = tmp_path / name
        path.write_bytes(photo)
        assert engine.info(path.as_uri())["width"] == 300


def test_file_whose_read_is_a_coroutine_needs_await(engine: pixmill.Engine, photo: bytes) -> None:
    with pytest.raises(errors.InvalidParameter, match="await aresize"):
        engine.resize(Upload(photo))  # type: ignore[arg-type] # wrong on purpose


def test_targets_that_are_hard_to_replace(engine: pixmill.Engine, photo: bytes, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    result = engine.resize(photo, f"/dev/fd/{writing}", width=3, format="png")
    assert os.read(reading, 2**16) == result.body
    os.close(reading)
    os.close(writing)
    with (tmp_path / "unnamed").open("wb+") as file:
        (tmp_path / "unnamed").unlink()
        result.save(f"/dev/fd/{file.fileno()}")
        assert file.read() == result.body
    assert result.save(tmp_path / ("\N{SMILING FACE WITH OPEN MOUTH}" * 60 + ".png"))
    with pytest.raises(OSError, match=r"/sys.$"):  # where nobody makes files
        result.save("/sys/a.png")
    with pytest.raises(OSError, match="No space left"):
        result.save("/dev/full")


def test_pipe_without_a_writer_does_not_block(engine: pixmill.Engine, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(errors.InvalidParameter, match="not a file"):
        engine.resize(tmp_path / "pipe.jpg")


def test_source_larger_than_the_limit(photo: bytes) -> None:
    with pixmill.Engine(workers=1, max_source_bytes=1_000) as engine, pytest.raises(errors.SourceTooLarge):
        engine.resize(photo * 2)


@pytest.mark.parametrize(
    ("settings", "error", "param"),
    [
        ({"worker": 2}, errors.UnknownParameter, "worker"),
        ({"workers": -1}, errors.InvalidParameter, "workers"),
        ({"port": 80}, errors.UnknownParameter, "port"),
        ({"PIXMILL_WORKER": 2}, errors.UnknownParameter, "PIXMILL_WORKER"),
    ],
)
def test_wrong_setting(settings: dict[str, int], error: type, param: str) -> None:
    with pytest.raises(error) as raised:
        pixmill.Engine(**settings)
    assert isinstance(raised.value, pixmill.PixmillError)
    assert raised.value.param == param


def test_settings_may_be_lists_and_paths(tmp_path: Path) -> None:
    settings = pixmill.Engine(images=tmp_path, allowed_networks=["127.0.0.0/8", "10.0.0.0/8"])._settings
    assert (settings.images, settings.allowed_networks) == (str(tmp_path), "127.0.0.0/8,10.0.0.0/8")


def test_environment_has_the_defaults_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXMILL_MAX_PIXELS", "ten")
    with pytest.raises(errors.InvalidParameter) as raised:
        pixmill.Engine()
    assert raised.value.param == "PIXMILL_MAX_PIXELS"
    monkeypatch.setenv("PIXMILL_WORKERS", "two")
    with pytest.raises(errors.InvalidParameter, match=r"^PIXMILL_WORKERS=two: "):
        pixmill.Engine(max_pixels=10)
    monkeypatch.delenv("PIXMILL_WORKERS")
    pixmill.Engine(max_pixels=10)


# ------------------------------------------------------------ many images


def test_map_keeps_the_order_and_reads_no_more_than_it_needs(engine: pixmill.Engine, photo: bytes) -> None:
    taken: list[int] = []

    def endless() -> Iterator[bytes]:
        while True:
            taken.append(len(taken))
            yield photo

    results = engine.map(endless(), width=10, format="png", in_flight=3)
    assert not taken
    for number in range(10):
        next(results)
        assert len(taken) <= number + 4
    results.close()  # type: ignore[attr-defined] # it is a generator
    assert engine.resize(photo, width=10).width == 10


def test_map_raises_the_error_of_an_image_with_its_name(engine: pixmill.Engine, photo: bytes) -> None:
    results = engine.map([photo, "missing.jpg", photo], width=10)
    assert next(results).width == 10
    with pytest.raises(errors.SourceNotFound) as raised:
        next(results)
    assert "source: missing.jpg" in raised.value.__notes__
    assert list(results) == []


def test_map_returns_errors_in_their_places(engine: pixmill.Engine, photo: bytes) -> None:
    results = list(engine.map([photo, b"no image", photo], on_error="return", width=10))
    assert [type(result) for result in results] == [pixmill.Result, errors.UnsupportedImage, pixmill.Result]


class Broken:
    """A file on a disk that fails."""

    def read(self, _: int) -> bytes:
        raise OSError(5, "Input/output error")


async def test_file_that_cannot_be_read_is_an_error_of_its_image(engine: pixmill.Engine, photo: bytes) -> None:
    expected = [pixmill.Result, errors.SourceError, pixmill.Result]
    sources: list[bytes | Broken] = [photo, Broken(), photo]
    assert [type(one) for one in engine.map(sources, on_error="return", width=10)] == expected
    assert [type(one) async for one in engine.amap(sources, on_error="return", width=10)] == expected


def test_map_refuses_wrong_parameters_at_once(engine: pixmill.Engine) -> None:
    with pytest.raises(errors.UnknownParameter):
        engine.map([], widht=10)  # type: ignore[call-overload] # wrong on purpose
    with pytest.raises(errors.InvalidParameter):
        engine.map([], in_flight=0)
    with pytest.raises(errors.InvalidParameter, match="several sources"):
        engine.map("photos")
    with pytest.raises(errors.InvalidParameter, match="raise or return"):
        engine.resize_many(b"", [], on_error="ignore")  # type: ignore[call-overload] # wrong on purpose


def test_error_of_the_iterable_is_raised(engine: pixmill.Engine, photo: bytes) -> None:
    def failing() -> Iterator[bytes]:
        yield photo
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(engine.map(failing(), width=10))


# ------------------------------------------------------------ event loops and threads


class Upload:
    """A file of a web framework, whose ``read`` is a coroutine."""

    def __init__(self, body: bytes) -> None:
        self._file = io.BytesIO(body)

    async def read(self, size: int) -> bytes:
        await asyncio.sleep(0)
        return self._file.read(size)


async def test_coroutines(photo: bytes, tmp_path: Path) -> None:
    async with pixmill.Engine(workers=1) as engine:
        result = await engine.aresize(Upload(photo), tmp_path / "out.png", width=20)
        assert opened((tmp_path / "out.png").read_bytes()).size == (result.width, result.height)
        assert (await engine.ainfo(tmp_path / "out.png"))["width"] == 20
        assert (await engine.aplaceholder(photo, "color")).startswith("#")

        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield photo

        widths = []
        async for one in engine.amap(endless(), width=10, in_flight=2):
            widths.append(one.width)
            if len(widths) == 5:
                break
        assert widths == [10] * 5
        got = [type(one) async for one in engine.amap([photo, b"none"], on_error="return", width=5)]
        assert got == [pixmill.Result, errors.UnsupportedImage]


async def test_blocking_call_in_a_running_loop(engine: pixmill.Engine, photo: bytes) -> None:
    assert engine.resize(photo, width=20).width == 20


async def test_cancelled_task_leaves_the_engine_in_order(engine: pixmill.Engine, photo: bytes) -> None:
    tasks = [asyncio.create_task(engine.aresize(photo, width=width + 1)) for width in range(40)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes[::2])
    assert [one.width for one in outcomes[1::2] if isinstance(one, pixmill.Result)] == list(range(2, 41, 2))


def test_threads_share_an_engine(engine: pixmill.Engine, photo: bytes) -> None:
    widths: list[int] = []
    threads = [
        threading.Thread(target=lambda width=width: widths.append(engine.resize(photo, width=width).width))
        for width in range(1, 31)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(widths) == list(range(1, 31))


# ------------------------------------------------------------ the end


def test_closed_engine_refuses(photo: bytes) -> None:
    engine = pixmill.Engine(workers=1)
    engine.resize(photo, width=3)
    engine.close()
    engine.close()
    with pytest.raises(errors.Draining, match="closed"):
        engine.resize(photo, width=3)
    with pytest.raises(errors.Draining), engine:
        pass


def test_engine_that_is_closed_while_calls_wait(photo: bytes) -> None:
    engine = pixmill.Engine(workers=1)
    engine.open()
    outcomes: list[object] = []

    def work() -> None:
        try:
            while True:
                engine.resize(photo, width=200, format="avif", effort=9)
        except pixmill.PixmillError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=work) for _ in range(12)]  # more than may be in memory
    for thread in threads:
        thread.start()
    engine.close()
    for thread in threads:
        thread.join(60)
    assert [type(outcome) for outcome in outcomes] == [errors.Draining] * 12


# ------------------------------------------------------------ responsive images and results


def test_srcset_writes_files_and_html(engine: pixmill.Engine, photo: bytes, tmp_path: Path) -> None:
    made = engine.srcset(
        photo,
        tmp_path / "a b-{width}.{ext}",
        url="/static/",
        widths=[100, 200, 400],
        formats=["webp", "jpeg"],
        alt='"A" <mill>',
        class_="hero",
    )
    names = [f"a b-{width}.{extension}" for extension in ("webp", "jpg") for width in (100, 200, 300)]
    assert [image.path and image.path.name for image in made.images] == names
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    for image in made.images:
        assert image.path
        with Image.open(image.path) as written:
            assert (written.size, (written.format or "").lower()) == ((image.width, image.height), image.format)
        assert f"/static/{image.path.name.replace(' ', '%20')} {image.width}w" in made.html
    assert 'alt="&quot;A&quot; &lt;mill&gt;"' in made.html
    assert 'class="hero"' in made.html


@pytest.mark.parametrize(
    ("target", "params", "param"),
    [
        ("a.{ext}", {"widths": [10, 20]}, "target"),
        ("a-{width}", {"formats": ["webp", "jpeg"]}, "target"),
        ("a-{widht}.{ext}", {}, "target"),
        ("a-{width}.{ext}", {"warm": True}, "warm"),
        ("a-{width}.{ext}", {"height": 3}, "height"),
        ("a-{width}.{ext}", {"widhts": [3]}, "widhts"),
    ],
)
def test_wrong_srcset(
    engine: pixmill.Engine, photo: bytes, tmp_path: Path, target: str, params: dict[str, object], param: str
) -> None:
    with pytest.raises(errors.BadRequest) as raised:
        engine.srcset(photo, tmp_path / target, **params)  # type: ignore[arg-type] # wrong on purpose
    assert raised.value.param == param
    assert list(tmp_path.iterdir()) == []


def test_result_shows_itself(engine: pixmill.Engine, photo: bytes) -> None:
    result = engine.resize(photo, width=30, format="webp")
    bundle = result._repr_mimebundle_()
    assert bundle["text/plain"] == repr(result) == f"<Result webp, 30 × 20, {len(result)} bytes>"
    assert f"webp, 30 × 20, {len(result)} bytes" in bundle["text/html"]
    assert 'src="data:image/webp;base64,UklGR' in bundle["text/html"]
    assert "<img" not in engine.resize(photo, width=30, format="tiff")._repr_html_()
    assert "&quot;width&quot;: 30" in engine.resize(photo, width=30, format="json")._repr_html_().replace(
        "&quot;:", "&quot;: "
    )


def test_result_is_saved_as_what_it_is(engine: pixmill.Engine, photo: bytes, tmp_path: Path) -> None:
    result = engine.resize(photo, width=30, format="webp")
    (tmp_path / "old.webp").write_bytes(b"old")
    (tmp_path / "old.webp").chmod(0o640)
    (tmp_path / "link.webp").symlink_to("old.webp")
    assert result.save(tmp_path / "link.webp") == tmp_path / "link.webp"
    assert (tmp_path / "old.webp").read_bytes() == result.body
    assert (tmp_path / "old.webp").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "link.webp").is_symlink()
    with pytest.raises(errors.ConflictingParameters, match="webp"):
        result.save(tmp_path / "out.png")
    with pytest.raises(FileNotFoundError) as raised:
        result.save(tmp_path / "missing" / "out.webp")
    assert raised.value.filename == str(tmp_path / "missing")


def test_errors_say_what_to_do(engine: pixmill.Engine, photo: bytes) -> None:
    with pytest.raises(errors.SourceForbidden, match="There is no image root") as refused:
        engine.resize(photo, overlay="url:logo.png")
    assert any("pixmill.Engine(images=FOLDER)" in note for note in refused.value.__notes__)
    with pytest.raises(errors.AddressForbidden) as raised:
        engine.resize("http://127.0.0.1:9/a.jpg")
    assert any("PIXMILL_ALLOWED_NETWORKS" in note for note in raised.value.__notes__)


def test_addresses_that_are_allowed(photo: bytes) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(photo)))
            self.end_headers()
            self.wfile.write(photo)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        url = f"http://127.0.0.1:{server.server_port}/a.jpg"
        with pixmill.Engine(workers=1, allowed_networks="127.0.0.0/8") as engine:
            assert engine.resize(url, width=30).height == 20
            assert engine.info(url)["width"] == 300
        server.shutdown()
