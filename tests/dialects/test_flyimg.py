"""flyimg: options and the plans they mean, originals, paths, refusals by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.flyimg.dialect import FlyimgDialect, FlyimgOptions
from pixmill.dialects.port import Text
from pixmill.errors import BadRequest, InvalidParameter, RouteNotFound
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Faces, Point, Smart
from pixmill.plan.ops import Clamp, Crop, Fit, Plan
from pixmill.plan.output import Metadata
from pixmill.plan.overlays import TextOverlay
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceKind

DIALECT = FlyimgDialect(FlyimgOptions())


def image(path: bytes, query: bytes = b"", dialect: FlyimgDialect = DIALECT, *, upload: bool = False) -> ImageRequest:
    outcome = dialect.parse(path, query, upload=upload)
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(options: bytes) -> Plan:
    return image(b"/upload/" + options + b"/a.jpg").plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"w_300,h_200", b"h_200,w_300,zz_1,v_7,rf_1,moz_0"),
        (b"w_1,w_300", b"w_300"),
        (b"w_300,h_", b"w_300"),
        (b"w_300,c_1", b"w_300"),
        (b"w_300,h_200,c_0", b"w_300,h_200"),
        (b"w_300,h_200,g_North", b"w_300,h_200"),
        (b"w_300,h_200,c_1,g_northwest", b"w_300,h_200,c_1,g_NorthWest"),
        (b"w_300,par_0", b"w_300"),
        (b"bg_%23f00", b"bg_red"),
        (b"bg_rgb(255,0,0),w_3", b"w_3,bg_red"),
        (b"f_Lanczos", b"-"),
        (b"o_jpeg", b"o_jpg"),
        (b"o_auto,q_90", b"-"),
        (b"r_-90", b"r_270"),
        (b"clsp_sRGB", b"-"),
        (b"webpl_1", b"-"),
        (b"t_%20", b"-"),
        (b"q_0", b"q_1"),
    ],
)
def test_equal_images_have_equal_plans(one: bytes, other: bytes) -> None:
    assert plan(one) == plan(other)


def test_sizes() -> None:
    inside = plan(b"w_300,h_200").resize
    assert (inside.fit, inside.enlarge) == (Fit.INSIDE, False)
    assert plan(b"w_300,h_200,pns_0").resize.enlarge
    cut = plan(b"w_300,h_200,c_1,g_SouthEast").resize
    assert (cut.fit, cut.enlarge, cut.clamp, cut.gravity) == (Fit.COVER, False, Clamp.SIDES, Point(1, 1))
    assert plan(b"w_300,h_200,c_1,pns_0").resize.enlarge
    assert plan(b"w_300,h_200,c_1,fc_1").resize.gravity == Faces()
    assert plan(b"w_300,h_200,c_1,smc_1").resize.gravity == Smart()
    assert plan(b"w_300,h_200,par_0").resize.fit is Fit.FILL
    assert plan(b"e_1,p1x_10,p1y_20,p2x_40,p2y_60").crop == Crop(10, 20, 30, 40)
    assert plan(b"p1x_10,p1y_20,p2x_40,p2y_60").crop is None


def test_the_order_of_work() -> None:
    turned = plan(b"r_90,w_300,blr_2x3,sh_0x2")
    assert (turned.resize.width, turned.rotate) == (300, 0)
    assert turned.stages[0].rotate == 90
    assert turned.stages[0].effects.sharpen is not None
    assert turned.stages[1].blur > 1
    free = plan(b"r_45,bg_red").rotate_free
    assert free is not None
    assert free.corner_colour == Colour(255, 0, 0)
    assert plan(b"blr_0x3").blur == 3
    assert 0 < plan(b"blr_1x3").blur < 1
    mask = plan(b"unsh_0.25x0.25%2B8%2B0.065").effects.sharpen
    assert mask is not None
    assert (mask.sigma, mask.amount, mask.threshold) == (0.3, 8.0, 17)
    assert plan(b"unsh_0x6%2B0").effects.sharpen is None


def test_text() -> None:
    (overlay,) = plan(b"t_by%20%3CFlyimg%3E,tc_%2300f,ts_24,tbg_yellow,g_SouthEast").overlays
    assert isinstance(overlay, TextOverlay)
    assert (overlay.markup, overlay.size, overlay.colour) == ("by &lt;Flyimg&gt;", 24, Colour(0, 0, 255))
    assert overlay.background == Colour(255, 255, 0)
    assert (overlay.placement.x, overlay.placement.y) == (1, 1)


def test_output() -> None:
    automatic = plan(b"-").output
    assert automatic.formats == (Format.AVIF, Format.WEBP)
    assert automatic.negotiated
    assert (automatic.quality, automatic.fallback_format) == (90, Format.JPEG)
    assert not plan(b"o_input").output.formats
    assert plan(b"o_webp,webpl_1").output.encoding.lossless
    assert plan(b"o_webp,webpm_6").output.encoding.effort == 9
    assert plan(b"o_webp,webpm_99").output.encoding.effort == 9
    assert plan(b"o_jxl,jxlef_3").output.encoding.effort == 3
    assert plan(b"st_0").output.metadata is Metadata.ALL
    jxl = FlyimgDialect(FlyimgOptions(enable_avif=False, enable_jxl=True))
    assert image(b"/upload/-/a.jpg", dialect=jxl).plan.output.formats == (Format.JXL, Format.WEBP)
    plain = FlyimgDialect(FlyimgOptions(enable_avif=False, enable_webp=False, quality=50))
    assert image(b"/upload/-/a.jpg", dialect=plain).plan == image(b"/upload/q_50,o_input/a.jpg").plan


def test_input() -> None:
    assert plan(b"w_3").input.orientation == 1
    assert plan(b"w_3,ao_1").input.orientation == 0
    assert plan(b"pdfp_2,dnst_300").input.page == 2
    assert plan(b"pdfp_2,dnst_300").input.dpi == 300
    assert plan(b"tm_01:02:03").input.time_s == 3_723
    assert plan(b"tm_10").input.time_s == 10
    assert plan(b"o_gif").input.animated
    assert not plan(b"o_png").input.animated


@pytest.mark.parametrize(
    ("path", "query", "text"),
    [
        (b"/upload/-/https://a.example/b%20c.jpg", b"", "https://a.example/b%20c.jpg"),
        (b"/upload/-/https:/a.example/b.jpg", b"", "https://a.example/b.jpg"),
        (b"/upload/-/HTTPS://a.example/b.jpg", b"x=%26&y", "https://a.example/b.jpg?x=%26&y"),
        (b"/upload/-/https%3A%2F%2Fa.example%2Fb.jpg%3Fx%3D1", b"", "https://a.example/b.jpg?x=1"),
        (b"/upload/-/https%3A%2F%2Fa.example%2Fb.jpg%3Fx%3D1", b"y=2", "https://a.example/b.jpg?x=1&y=2"),
        (b"/upload/-/s3://bucket/b.jpg", b"", "s3://bucket/b.jpg"),
        (b"/upload/-/photos/b.jpg", b"x=1", "photos/b.jpg"),
    ],
)
def test_originals(path: bytes, query: bytes, text: str) -> None:
    assert image(path, query).source.text == text


def test_uploads_and_paths() -> None:
    assert image(b"/upload/w_3", upload=True).source.kind is SourceKind.UPLOAD
    assert DIALECT.parse(b"/path/w_3/https://a.example/b.jpg", b"x=1") == Text(
        "/upload/w_3/https://a.example/b.jpg?x=1"
    )
    for path, upload in ((b"/upload/w_3", False), (b"/upload/w_3/a.jpg", True), (b"/path/w_3", True), (b"/w_3", False)):
        with pytest.raises(RouteNotFound):
            DIALECT.parse(path, b"", upload=upload)


@pytest.mark.parametrize(
    ("options", "param"),
    [
        (b"w_-1", "w"),
        (b"w_1.5", "w"),
        (b"h_99999", "h"),
        (b"c_1,g_middle", "g"),
        (b"r_x", "r"),
        (b"bg_nothing", "bg"),
        (b"e_1,p2x_5", "p2x"),
        (b"unsh_x", "unsh"),
        (b"blr_1x2x3", "blr"),
        (b"o_xxx", "o"),
        (b"q_x", "q"),
        (b"tm_1:2", "tm"),
        (b"pdfp_0", "pdfp"),
    ],
)
def test_refused_values(options: bytes, param: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(options)
    assert caught.value.param == param


def test_another_separator() -> None:
    dialect = FlyimgDialect(FlyimgOptions(options_separator=";"))
    assert image(b"/upload/w_3;h_4/a.jpg", dialect=dialect).plan == plan(b"w_3,h_4")


def test_errors_and_entries() -> None:
    assert DIALECT.error_answer(InvalidParameter("w must be 3"), 400, b"", b"") == Text("w must be 3", 400)
    assert parse_mounts('[{"dialect": "flyimg", "host": "a.example", "source": "photos"}]')
    for entry in (
        '{"dialect": "flyimg"}',
        '{"dialect": "flyimg", "host": "a.example", "keys": "0123456789abcdef"}',
        '{"dialect": "flyimg", "host": "a.example", "options": {"options_separator": "_"}}',
    ):
        with pytest.raises(ValueError, match="entry 1"):
            parse_mounts(f"[{entry}]")


@given(st.binary(max_size=200))
def test_any_path_gives_an_outcome_or_a_refusal(path: bytes) -> None:
    for full in (b"/upload/" + path, b"/upload/" + path + b"/a.jpg", b"/path/" + path, b"/upload/-/https://" + path):
        try:
            assert isinstance(DIALECT.parse(full, b""), ImageRequest | Text)
        except BadRequest:
            continue
