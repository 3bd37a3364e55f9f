"""Speed against quality, as an SVG: one mark for each server and cell, joined by server where the cell is the same kind of work."""

from collections.abc import Sequence
from pathlib import Path

COLOURS = {"pixmill": "#d9480f", "thumbor": "#1864ab", "ipx": "#2b8a3e", "nginx": "#5f3dc4"}
WIDTH, HEIGHT, EDGE = 900, 540, 70


def plot(rows: Sequence[dict[str, object]], target: Path) -> None:
    marks = [row for row in rows if "score" in row]
    if not marks:
        return
    most = max(float(str(row["requests_s"])) for row in marks) * 1.1
    scores = [float(str(row["score"])) for row in marks]
    low, high = min(scores) - 3, max(scores) + 3
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<path d="M{EDGE} {EDGE}V{HEIGHT - EDGE}H{WIDTH - EDGE}" fill="none" stroke="#888"/>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 20}" text-anchor="middle">requests per second</text>',
        f'<text transform="translate(20 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">SSIMULACRA2</text>',
    ]
    for step in range(6):
        x, y = EDGE + step * (WIDTH - 2 * EDGE) / 5, HEIGHT - EDGE - step * (HEIGHT - 2 * EDGE) / 5
        parts.append(f'<text x="{x}" y="{HEIGHT - EDGE + 18}" text-anchor="middle">{most * step / 5:.0f}</text>')
        parts.append(f'<text x="{EDGE - 8}" y="{y + 4}" text-anchor="end">{low + (high - low) * step / 5:.0f}</text>')
    for row in marks:
        x = EDGE + float(str(row["requests_s"])) / most * (WIDTH - 2 * EDGE)
        y = HEIGHT - EDGE - (float(str(row["score"])) - low) / (high - low) * (HEIGHT - 2 * EDGE)
        colour = COLOURS.get(str(row["server"]), "#333")
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{x + 8:.1f}" y="{y + 4:.1f}" fill="{colour}">{row["cell"]}</text>')
    for index, (server, colour) in enumerate(COLOURS.items()):
        parts.append(
            f'<text x="{WIDTH - EDGE}" y="{30 + 16 * index}" text-anchor="end" fill="{colour}">{server}</text>'
        )
    target.write_text("\n".join([*parts, "</svg>"]) + "\n")
