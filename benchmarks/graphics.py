"""Graphics for the benchmarks: screenshots, charts, a map, a logo and a page as from a scanner, drawn by Chromium.

The same in every run, but for the fonts of the machine. About 1300 pixels wide, opaque.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
from benchmarks.material import HOME
from PIL import Image, ImageFilter

from tests.servers.chromium import open_browser

WIDTH, HEIGHT = 1300, 860
PALETTE = ("#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f", "#003f5c", "#bc5090")
TEXT = (
    "the quick brown fox jumps over a lazy dog while seven wizards quietly box five dozen liquor jugs and every "
    "harbour keeps its lanterns lit until morning light returns across cold grey water"
)
WORDS = TEXT.split()


def graphics() -> list[Path]:
    """Return PNGs, drawn if missing."""
    folder = HOME / "graphics"
    completed = folder / "done"
    if not completed.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with open_browser() as browser:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            for name, content in pages(Random(1)):
                page.set_content(f'<!doctype html><body style="margin:0;background:#fff;color:#222">{content}')
                page.screenshot(path=str(folder / f"{name}.png"))
        scan(folder / "scan.png")
        completed.touch()
    return sorted(folder.glob("*.png"))


def pages(random: Random) -> Iterator[tuple[str, str]]:
    yield "article", article(random)
    yield "code", code(random)
    yield "table", table(random)
    yield "lines", chart(random, lines(random))
    yield "bars", chart(random, bars(random))
    yield "map", svg(streets(random), "#f2efe9")
    yield "logo", svg(LOGO)
    yield "scan", f'<div style="font:22px/1.45 serif;padding:40px 90px">{paragraphs(random, 8)}</div>'


def sentence(random: Random, length: int) -> str:
    return " ".join(random.choice(WORDS) for _ in range(length)).capitalize() + "."


def paragraphs(random: Random, count: int) -> str:
    return "".join(f"<p>{sentence(random, random.randint(30, 70))}</p>" for _ in range(count))


def article(random: Random) -> str:
    head = (
        '<div style="background:#00a550;color:#fff;padding:18px 60px;font:bold 22px sans-serif">The Daily Harbour</div>'
    )
    red = f'<p style="color:#c00;font-weight:bold">{sentence(random, 12)}</p>'
    text = f'<h1 style="column-span:all">{sentence(random, 8)}</h1>{red}{paragraphs(random, 9)}'
    return f'{head}<div style="font:17px/1.5 serif;padding:10px 60px;columns:2;column-gap:40px">{text}</div>'


def code(random: Random) -> str:
    rows = (
        f'<div>{"&nbsp;" * 4 * random.randint(0, 3)}<span style="color:#569cd6">return</span> {random.choice(WORDS)}'
        f'(<span style="color:#f44747">"{sentence(random, 3)}"</span>, {random.randint(1, 999)})'
        f' <span style="color:#6a9955"># {sentence(random, 5)}</span></div>'
        for _ in range(48)
    )
    return f'<div style="background:#1e1e1e;color:#ddd;font:14px/19px monospace;padding:10px">{"".join(rows)}</div>'


def table(random: Random) -> str:
    def cell() -> str:
        value = random.uniform(-900, 2000)
        return f'<td style="border:1px solid #ccc;padding:3px 8px;color:{"#c00" if value < 0 else "#111"}">{value:,.2f}</td>'

    rows = (f"<tr><td>{random.choice(WORDS)}</td>{''.join(cell() for _ in range(10))}</tr>" for _ in range(36))
    return f'<table style="font:13px sans-serif;border-collapse:collapse;text-align:right;width:100%">{"".join(rows)}</table>'


def svg(shapes: str, background: str = "#fff") -> str:
    return f'<svg width="{WIDTH}" height="{HEIGHT}" style="background:{background}" font-family="sans-serif" font-size="15">{shapes}</svg>'


def chart(random: Random, shapes: str) -> str:
    title = f'<text x="650" y="50" text-anchor="middle" font-size="28">{sentence(random, 6)}</text>'
    grid = (
        f'<path stroke="#ddd" d="M80 {y}H1240"/><text x="70" y="{y + 5}" text-anchor="end">{700 - y}</text>'
        for y in range(100, 701, 100)
    )
    return svg(title + "".join(grid) + shapes)


def lines(random: Random) -> str:
    parts = []
    for colour in PALETTE:
        value, points = 350.0, []
        for number in range(60):
            value = min(690.0, max(110.0, value + random.uniform(-60, 60)))
            points.append(f"{80 + number * 19.6:.1f},{value:.1f}")
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2.5" points="{" ".join(points)}"/>')
    return "".join(parts)


def bars(random: Random) -> str:
    heights = [random.uniform(40, 580) for _ in range(18)]
    return "".join(
        f'<rect x="{90 + number * 64}" y="{700 - height:.1f}" width="45" height="{height:.1f}" fill="{PALETTE[number % 7]}"/>'
        f'<text x="{90 + number * 64}" y="722">{random.choice(WORDS)}</text>'
        for number, height in enumerate(heights)
    )


def streets(random: Random) -> str:
    parts = []
    for _ in range(60):
        width, colour = random.choice(((2, "#fff"), (4, "#fcd6a4"), (8, "#e892a2")))
        ends = [random.randint(-700, 700) for _ in range(4)]
        path = f"M{random.randint(0, WIDTH)} {random.randint(0, HEIGHT)}q{' '.join(map(str, ends))}"
        for stroke, thick in (("#999", width + 2), (colour, width)):
            parts.append(f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{thick}"/>')
    for _ in range(70):
        x, y = random.randint(0, WIDTH), random.randint(0, HEIGHT)
        parts.append(f'<text x="{x}" y="{y}" font-size="{random.choice((11, 13, 20))}">{sentence(random, 2)}</text>')
    return "".join(parts)


LOGO = (
    '<defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="#6a11cb"/><stop offset="1" stop-color="#2575fc"/>'
    '</linearGradient></defs><circle cx="650" cy="300" r="200" fill="url(#g)"/><path d="M520 380L650 130L780 380Z" '
    'fill="#fff"/><text x="650" y="680" text-anchor="middle" font-weight="bold" font-size="120" fill="#e30613">Lantern</text>'
)


def scan(path: Path) -> None:
    """Turn a page into what a scanner returns: slightly rotated and blurred, on paper, with noise."""
    with Image.open(path) as opened:
        turned = opened.convert("RGB").rotate(0.7, Image.Resampling.BICUBIC, fillcolor="white")
    codes = np.asarray(turned.filter(ImageFilter.GaussianBlur(0.9)), dtype=np.float64)
    noise = np.random.default_rng(1).normal(0, 3, (*codes.shape[:2], 1))
    paper = codes / 255 * np.array([250, 247, 238]) + noise
    Image.fromarray(paper.clip(0, 255).astype(np.uint8)).save(path)
