"""Akamai's Image & Video Manager: chains, crops, turns, colours, other images, widths, policies, tokens and errors."""

import hmac

import pytest

from tests.compat.runner import Case, Check, Reply, Service, has_alpha, is_grey, pixel
from tests.compat.sources import BLUE, GREEN, RED, YELLOW

WEBP = {"Accept": "image/webp,*/*"}
CHROME = {"Accept": "image/avif,image/webp,*/*"}
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
CENTRE = [pixel(140, 90, RED), pixel(160, 90, GREEN), pixel(140, 110, BLUE), pixel(160, 110, YELLOW)]
FAR = 4_102_444_800
KEY = bytes.fromhex("52a152a152a152a152a152a152a1")


def case(
    name: str,
    target: str,
    size: tuple[int, int] | None = None,
    *checks: Check,
    form: str = "jpeg",
    headers: dict[str, str] | None = None,
    mount: str = "",
) -> Case:
    return Case(name, target, 200, form, size, checks, headers=headers or {}, mount=mount)


def is_blue() -> Check:
    """Check that the pixels of two quadrants are more blue than red or green."""

    def holds(reply: Reply) -> bool:
        image = reply.image.convert("RGB")
        found = [image.getpixel(place) for place in ((10, 10), (10, 190))]
        return all(isinstance(one, tuple) and one[2] > max(one[:2]) + 20 for one in found)

    holds.__doc__ = "it is blue"
    return holds


def token(fields: str, path: str = "") -> str:
    signed = f"{fields}~url={path}" if path else fields
    return f"{fields}~hmac={hmac.new(KEY, signed.encode(), 'sha256').hexdigest()}"


SIZES = [
    case("fit", "/L.jpg?im=Resize=(300,300)", (300, 200)),
    case("width", "/L.jpg?im=Resize,width=300", (300, 200)),
    case("height", "/L.jpg?im=Resize,height=300", (450, 300)),
    case("fill covers without a cut", "/L.jpg?im=Resize,size=(300,300),aspect=fill", (450, 300)),
    case("ignore distorts", "/L.jpg?im=Resize,width=300,height=300,aspect=ignore", (300, 300), pixel(140, 140, RED)),
    case("downsize", "/S.jpg?im=Resize,width=300,type=downsize", (100, 80)),
    case("normal enlarges", "/S.jpg?im=Resize,width=300", (300, 240)),
    case("upsize", "/L.jpg?im=Resize,width=300,type=upsize", (1200, 800)),
    case("upsize of a small image", "/S.jpg?im=Resize=300,type=upsize", (300, 240)),
    case("case, spaces and escapes", "/L.jpg?im=%20rESIZE%20%2C%20Width%20%3D%20300%3B", (300, 200)),
    case("one value in parentheses", "/L.jpg?im=Resize%3D%28640%29,type=downsize", (640, 427)),
    case("factors", "/L.jpg?im=Scale,width=0.5,height=0.5", (600, 400)),
    case("a factor for each side", "/L.jpg?im=Scale,width=0.5,height=0.25", (600, 200)),
    case("fit and fill", "/L.jpg?im=FitAndFill=(300,300)", (300, 300), pixel(150, 140, (128, 128, 0), 140), pixel(50, 60, RED)),
    case("fit and fill by names", "/S.jpg?im=FitAndFill,algorithm=dnn,width=200,height=80", (200, 80), pixel(60, 10, RED)),
    case("turned original", "/E6.jpg?im=Resize,width=100", (100, 150)),
]  # fmt: skip
CROPS = [
    case("rectangle", "/L.jpg?im=Crop,rect=(100,100,300,200)", (300, 200), pixel(290, 190, RED)),
    case("rectangle at the edge", "/L.jpg?im=Crop,rect=(1100,0,300,200)", (100, 200), pixel(50, 50, GREEN)),
    case("north-west", "/L.jpg?im=Crop,size=(300,200),gravity=NorthWest", (300, 200), pixel(290, 190, RED)),
    case("centre", "/L.jpg?im=Crop,width=300,height=200", (300, 200), *CENTRE),
    case("size without an equals sign", "/L.jpg?im=Crop,size(300,200)", (300, 200), *CENTRE),
    case("inwards from the south-east", "/L.jpg?im=Crop,size=(300,200),gravity=SouthEast,xPosition=500,yPosition=300",
         (300, 200), pixel(240, 90, GREEN), pixel(90, 90, RED), pixel(240, 130, YELLOW)),
    case("expansion", "/S.jpg?im=Crop,size=(200,40),allowExpansion;BackgroundColor=00f", (200, 40), pixel(20, 20, BLUE), pixel(80, 10, RED)),
    case("expansion, to the right of the centre", "/S.jpg?im=Crop,size=(200,40),xPosition=50,allowExpansion;BackgroundColor=00f",
         (200, 40), pixel(20, 5, RED), pixel(20, 35, BLUE), pixel(80, 5, GREEN), pixel(150, 20, BLUE)),
    case("expansion of a corner, moved inwards",
         "/S.jpg?im=Crop,size=(60,40),gravity=SouthEast,xPosition=30,yPosition=30,allowExpansion", (60, 40), pixel(35, 10, RED),
         pixel(55, 10, GREEN), pixel(35, 35, BLUE), pixel(55, 35, YELLOW)),
    case("expansion of a rectangle", "/S.jpg?im=Crop,rect=(-20,-10,60,100),allowExpansion=true;BackgroundColor=0000ff&imformat=png",
         (60, 100), pixel(5, 50, BLUE), pixel(30, 3, BLUE), pixel(30, 20, RED), pixel(30, 95, BLUE), form="png"),
    case("crop, then resize", "/L.jpg?im=Crop,rect=(100,100,300,200);Resize,width=150", (150, 100)),
    case("resize, then crop", "/L.jpg?im=Resize,width=600;Crop,rect=(250,0,100,100)", (100, 100), pixel(25, 50, RED), pixel(75, 50, GREEN)),
    case("ratio", "/L.jpg?im=AspectCrop=(16,9)", (1200, 675)),
    case("ratio at the left", "/L.jpg?im=AspectCrop=(1,1),xPosition=0,yPosition=0.5", (800, 800), pixel(500, 10, RED)),
    case("ratio by size and gravity", "/L.jpg?im=AspectCrop,size=(1,1),gravity=East;", (800, 800), pixel(300, 10, GREEN)),
    case("ratio with expansion", "/L.jpg?im=AspectCrop=(1,1),allowExpansion=true", (1200, 1200), pixel(600, 100, WHITE)),
    case("edges off", "/L.jpg?im=RelativeCrop,north=10,east=20,south=30,west=40", (1140, 760), pixel(550, 380, RED), pixel(570, 380, GREEN)),
    case("edges added", "/L.jpg?im=RelativeCrop,north=-10,east=-20,south=-30,west=-40;BackgroundColor=000", (1260, 840),
         pixel(20, 5, BLACK), pixel(48, 24, RED)),
    case("edges off and added", "/S.jpg?im=RelativeCrop,north=40,west=-20", (120, 40), pixel(40, 20, BLUE)),
    case("attention", "/L.jpg?im=SmartCrop,size=(500,200)", (500, 200)),
    case("features without scaling", "/L.jpg?im=FeatureCrop,width=500,height=200,style=crop", (500, 200)),
    case("faces", "/P.jpg?im=FaceCrop,width=90,height=60,algorithm=dnn", (90, 60)),
    case("faces without a size", "/L.jpg?im=FaceCrop", (800, 800)),
    case("around a point", "/L.jpg?im=RegionOfInterestCrop=(100,100),regionOfInterest=(1100,100)", (100, 100), pixel(60, 10, GREEN)),
    case("around a rectangle", "/L.jpg?im=RegionOfInterestCrop,width=100,height=100,regionOfInterest=(anchor=(600,400),"
         "width=200,height=200)", (100, 100), pixel(50, 50, YELLOW), pixel(10, 10, YELLOW)),
    case("as much as possible around it", "/L.jpg?im=RegionOfInterestCrop,width=100,height=100,style=fill,regionOfInterest="
         "(600,400,200,200)", (100, 100), pixel(10, 90, BLUE), pixel(90, 90, YELLOW)),
    case("region after a crop", "/L.jpg?im=Crop,rect=(600,0,600,800);RegionOfInterestCrop=(60,40),style=crop,regionOfInterest=(300,420)",
         (60, 40), pixel(30, 3, YELLOW)),
    case("trim", "/T.png?im=Trim", (260, 160), form="png"),
    case("trim with padding", "/T.png?im=Trim,fuzz=0.1,padding=5", (270, 170), form="png"),
]  # fmt: skip
PIXELS = [
    case("rotate", "/L.jpg?im=Rotate,degrees=90", (800, 1200), pixel(10, 10, BLUE)),
    case("counter-clockwise", "/L.jpg?im=Rotate=-90", (800, 1200), pixel(10, 10, GREEN)),
    case("any angle", "/S.jpg?im=Rotate=45;BackgroundColor,color=0000ff", (128, 128), pixel(3, 3, BLUE), pixel(64, 30, (128, 128, 0), 140)),
    case("mirror", "/L.jpg?im=Mirror,horizontal=1", (1200, 800), pixel(10, 10, GREEN)),
    case("mirror by a flag", "/L.jpg?im=Mirror,vertical", (1200, 800), pixel(10, 10, BLUE)),
    case("mirror both", "/L.jpg?im=Mirror,horizontal,vertical=true", (1200, 800), pixel(10, 10, YELLOW)),
    case("grey", "/L.jpg?im=Grayscale", (1200, 800), is_grey()),
    case("blur, then resize", "/L.jpg?im=Blur=5;Resize,width=300", (300, 200), pixel(50, 50, RED)),
    case("three steps", "/L.jpg?im=Resize,width=300;Grayscale;Mirror,horizontal=1", (300, 200), is_grey(), pixel(10, 10, (220,) * 3, 8)),
    case("contrast and brightness", "/L.jpg?im=Resize=300;Contrast,contrast=0,brightness=1", (300, 200), pixel(10, 10, WHITE)),
    case("no colour", "/L.jpg?im=Resize=300;HSL,saturation=0", (300, 200), is_grey()),
    case("hue", "/L.jpg?im=Resize=300;HSV,hue=180,value=0.5", (300, 200), pixel(10, 10, (0, 55, 55), 14)),
    case("darker", "/L.jpg?im=Resize=300;HSL,hue=0,saturation=1,lightness=0", (300, 200), pixel(10, 10, BLACK, 20)),
    case("one hue", "/L.jpg?im=Resize=300;MonoHue,hue=240", (300, 200), is_blue()),
    case("opacity", "/W.png?im=Opacity=0.5", (200, 100), pixel(10, 10, (*RED, 128)), form="png"),
    case("background", "/A.png?im=BackgroundColor,color=abab50", (400, 300), pixel(10, 10, (171, 171, 80)), form="png"),
    case("background of five digits", "/A.png?im=BackgroundColor,color=fffff", (400, 300), pixel(10, 10, WHITE),
         has_alpha(expected=False), form="png"),
    case("palette", "/W.png?im=MaxColors,colors=4", (200, 100), lambda reply: reply.image.mode == "P", form="png"),
    case("sharper", "/L.jpg?im=Resize=300;UnsharpMask,gain=2.0,threshold=0.08", (300, 200)),
]  # fmt: skip
IMAGES = [
    case("composite, then resize", "/L.jpg?im=Composite,image=(url={origin}/W.png),gravity=NorthWest;Resize,width=600", (600, 400),
         pixel(10, 10, RED), pixel(70, 10, GREEN), pixel(110, 10, RED)),
    case("escaped", "/L.jpg?im=Composite%2Cimage%3D%28url%3D{origin-escaped}%2FW.png%29", (1200, 800), pixel(150, 10, GREEN)),
    case("quoted", "/L.jpg?im=Composite,image=(url=%22{origin}/W.png%22)", (1200, 800), pixel(150, 10, GREEN)),
    case("below the source", "/L.jpg?im=Composite,image=(type=URL,url=/W.png)", (1200, 800), pixel(150, 10, GREEN)),
    case("a short form, inwards", "/L.jpg?im=Resize=(1250);Composite=(type=URL,url=W.png),gravity=SouthEast,placement=Over,"
         "location=(50,100)", (1250, 833), pixel(1010, 640, RED), pixel(1190, 640, GREEN), pixel(990, 640, YELLOW)),
    case("scaled to the width", "/L.jpg?im=Composite,image=(url=W.png),scale=.5", (1200, 800), pixel(450, 140, GREEN), pixel(450, 160, YELLOW)),
    case("scaled to the height", "/L.jpg?im=Composite,image=(url=W.png),scale=.5,scaleDimension=height", (1200, 800), pixel(600, 100, GREEN)),
    case("under", "/A.png?im=Composite,image=(url=L.jpg),placement=under", (400, 300), pixel(10, 10, RED), has_alpha(expected=False), form="png"),
    case("stencil", "/W.png?im=Composite,image=(type=box,width=50,height=20,color=000),placement=stencil", (200, 100),
         has_alpha(), pixel(60, 10, (*RED, 255)), form="png"),
    case("box", "/L.jpg?im=Composite,image=(type=box,width=100,height=50,color=0000ff),gravity=Center", (1200, 800),
         pixel(560, 380, BLUE), pixel(540, 380, RED), pixel(560, 370, RED)),
    case("circle", "/L.jpg?im=Composite,image=(type=circle,diameter=100,color=000)", (1200, 800), pixel(50, 50, BLACK), pixel(5, 5, RED)),
    case("text", "/L.jpg?im=Composite,image=(text=%22Hi,+you%22,size=100,fill=000000),gravity=Center;Grayscale", (1200, 800), is_grey()),
    case("transformed image", "/L.jpg?im=Composite,image=(url=W.png,transformation=(Mirror,horizontal))", (1200, 800),
         pixel(50, 10, GREEN), pixel(150, 10, RED)),
    case("append", "/S.jpg?im=Append,image=(url=S.jpg)", (200, 80), pixel(110, 10, RED), pixel(190, 10, GREEN)),
    case("append north", "/S.jpg?im=Append,image=(url=S.jpg),gravity=North", (100, 160), pixel(10, 70, BLUE), pixel(10, 90, RED)),
    case("append west, aligned south", "/S.jpg?im=Append,image=(url=W.png),gravity=SouthWest;BackgroundColor=000", (300, 100),
         pixel(190, 10, GREEN), pixel(210, 10, BLACK), pixel(210, 30, RED)),
    case("append south", "/S.jpg?im=Append,image=(url=S.jpg),gravityPriority=vertical", (100, 160), pixel(10, 90, RED)),
]  # fmt: skip
WIDTHS = [
    case("next breakpoint", "/L.jpg?imwidth=300", (320, 213)),
    case("breakpoint", "/L.jpg?imwidth=640", (640, 427)),
    case("never enlarges", "/L.jpg?imwidth=3000", (1200, 800)),
    case("density", "/L.jpg?imwidth=300&imdensity=2", (640, 427)),
    case("after the transformations", "/L.jpg?imwidth=300&im=Rotate=90", (320, 480), pixel(10, 10, BLUE)),
    case("policy", "/L.jpg?impolicy=thumb", (150, 100)),
    case("policy and chain", "/L.jpg?impolicy=thumb&im=Mirror,horizontal", (150, 100), pixel(10, 10, GREEN)),
    case("policy of the API", "/L.jpg?impolicy=grey", (300, 200), is_grey()),
    case("its variable", "/L.jpg?impolicy=grey&w=600", (600, 400), is_grey()),
    case("its breakpoints", "/L.jpg?impolicy=grey&imwidth=120", (200, 133), is_grey()),
    case("its parameter for chains", "/L.jpg?impolicy=grey&q=Mirror,horizontal&im=Rotate=90", (300, 200), pixel(10, 10, (220,) * 3, 8)),
    Case("what it does not allow", "/L.jpg?impolicy=grey&q=Rotate=90", 400, body="Rotate is not allowed here"),
    case("a choice", "/L.jpg?impolicy=marked", (1200, 800), pixel(60, 10, GREEN)),
    case("another choice", "/L.jpg?impolicy=marked&side=right", (1200, 800), pixel(1120, 10, RED)),
    Case("no choice", "/L.jpg?impolicy=marked&side=top", 400, body="side must be one of left, right"),
    Case("no policy", "/L.jpg?impolicy=none", 400, body="There is no policy none"),
    case("bypass", "/L.jpg?imbypass=true&im=Resize=30&imwidth=300", (1200, 800), headers=WEBP),
    case("no bypass", "/L.jpg?imbypass=false&im=Resize=30", (30, 20)),
    case("by Accept", "/L.jpg?imwidth=640", (640, 427), form="webp", headers=WEBP),
    case("formats of the entry", "/L.jpg?im=Crop,size=(30,20)", (30, 20), form="avif", headers=CHROME, mount="akamai-strict"),
    case("browser", "/L.jpg?im=Resize=30&imformat=chrome", (30, 20), form="webp"),
    case("other browser", "/L.jpg?im=Resize=30&imformat=generic", (30, 20), headers=WEBP),
    case("format", "/L.jpg?im=Resize=30&imformat=PNG", (30, 20), form="png", headers=WEBP),
    case("Image Converter", "/L.jpg?resize=304px:304px&output-quality=80&output-format=webp&im=BackgroundColor,color=fffff",
         (304, 203), form="webp"),
    case("downsize of Image Converter", "/S.jpg?downsize=300px:*", (100, 80)),
    case("unknown parameters", "/L.jpg?foo=bar", (1200, 800)),
    case("not allowed: the original", "/L.jpg?im=Resize=30", (1200, 800), mount="akamai-strict"),
]  # fmt: skip
OTHERS = [
    Case("unknown", "/L.jpg?im=Nope", 400, body="There is no transformation Nope"),
    Case("not supported", "/L.jpg?im=Goop", 400, body="Goop is not supported here"),
    Case("no size", "/L.jpg?im=Resize", 400, body="Resize needs width or height"),
    Case("no number", "/L.jpg?im=Blur=much", 400, body="Blur: sigma must be a number"),
    Case("not closed", "/L.jpg?im=Resize=(300", 400, body="parentheses"),
    Case("not found", "/nope.jpg?im=Resize=30", 404),
    Case("image that is not allowed", "/L.jpg?im=Composite,image=(url=http://127.0.0.2/a.png)", 403),
    Case("no token", "/L.jpg?im=Resize=30", 403, mount="akamai-tokens"),
    case("token of a path", f"/L.jpg?im=Resize=30&hdnts={token(f'exp={FAR}', '/L.jpg')}", (30, 20), mount="akamai-tokens"),
    case("token of a list", f"/L.jpg?hdnts={token(f'exp={FAR}~acl=/*.jpg')}&im=Resize=30", (30, 20), mount="akamai-tokens"),
    Case("token of another path", f"/S.jpg?hdnts={token(f'exp={FAR}', '/L.jpg')}", 403, mount="akamai-tokens"),
    case("token of a list with another image of it",
         f"/L.jpg?hdnts={token(f'exp={FAR}~acl=/*.jpg')}&im=Composite,image=(url=/S.jpg)", (1200, 800), pixel(10, 10, RED), pixel(90, 10, GREEN),
         mount="akamai-tokens"),
    case("token of a path with a box", f"/L.jpg?hdnts={token(f'exp={FAR}', '/L.jpg')}&im=Composite,image=(type=box,width=9,height=9,color=00f)",
         (1200, 800), pixel(4, 4, BLUE), mount="akamai-tokens"),
    Case("token of a path with another image", f"/L.jpg?hdnts={token(f'exp={FAR}', '/L.jpg')}&im=Composite,image=(url=/S.jpg)", 403,
         mount="akamai-tokens"),
    Case("token of a list with an image outside of it",
         f"/L.jpg?hdnts={token(f'exp={FAR}~acl=/L*')}&im=Append,image=(url=/S.jpg)", 403, mount="akamai-tokens"),
    Case("token of a list with an image by its URL",
         f"/L.jpg?hdnts={token(f'exp={FAR}~acl=/*.jpg')}&im=Composite,image=(url={{origin}}/S.jpg)", 403, mount="akamai-tokens"),
    Case("expired token", f"/L.jpg?hdnts={token('exp=1000000000', '/L.jpg')}", 403, mount="akamai-tokens"),
]  # fmt: skip


@pytest.mark.parametrize("case", [*SIZES, *CROPS, *PIXELS, *IMAGES, *WIDTHS, *OTHERS], ids=str)
def test_cases(service: Service, case: Case) -> None:
    service.check("akamai", case)


PAIRS = [
    ("/X.webp?im=UnsharpMask,gain=9,threshold=0", "/X.webp?im=UnsharpMask,gain=0"),
    ("/L.jpg?im=Resize=300;Contrast,contrast=-0.5", "/L.jpg?im=Resize=300"),
    ("/L.jpg?im=Resize=300;Blur", "/L.jpg?im=Resize=300;Blur=9"),
    ("/L.jpg?im=Composite,image=(text=A),gravity=Center", "/L.jpg?im=Composite,image=(text=B),gravity=Center"),
    ("/L.jpg?im=Composite,image=(text=A,size=20)", "/L.jpg?im=Composite,image=(text=A,size=30)"),
    ("/L.jpg?im=Composite,image=(text=A,strokeSize=4,stroke=f0f)", "/L.jpg?im=Composite,image=(text=A)"),
    ("/L.jpg?im=Composite,image=(text=A),scale=.5", "/L.jpg?im=Composite,image=(text=A),scale=.25"),
    ("/L.jpg?impolicy=grey", "/L.jpg?im=Resize=300;Grayscale"),
]
"""URLs whose images differ."""


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_pairs_differ(service: Service, one: str, other: str) -> None:
    replies = [service.request("akamai", service.target("akamai", url)) for url in (one, other)]
    assert [reply.status for reply in replies] == [200, 200]
    assert replies[0].body != replies[1].body
