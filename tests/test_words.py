"""Holds texts and names to the field's own terms: words and names that were replaced must not come back.

Texts are the pages, ``--help``, error titles, descriptions of settings, parameters and metrics, and in ``src`` every
docstring, comment and message. Names are what ``src`` defines. Add a word here in the change that replaces it.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from pixmill.cli.commands import COMMANDS
from pixmill.cli.program import commands
from pixmill.dialects.native.params import PARAMS
from pixmill.dialects.native.tables import srcset
from pixmill.errors import error_classes_by_code
from pixmill.settings import Settings
from pixmill.telemetry.definitions import EVENT_METRICS, GAUGES

ROOT: Final = Path(__file__).parents[1]
SRC: Final = ROOT / "src" / "pixmill"

WORDS: Final = {
    # the things
    r"pictures?": "image",
    r"films?(?! grain)": "video",
    r"camera originals": "camera raw files",
    r"slips? of paper": "log segment",
    # who does what
    r"whoever|whomever": "clients that …, servers that …",
    r"whatever (?:it|they|he) (?:is|are|says?)": "regardless of",
    r"(?:somebody|everybody|anybody|nobody) (?:who )?(?:asks?|heeds?)": "clients, requests, callers",
    r"(?:is|are|was|were|be|been) told": "returned, reported, documented",
    r"as far as (?:can be|is) told": "estimated",
    r"strangers?": "unknown URL, untrusted input, independent modules",
    # the mechanisms
    r"vouch\w*": "directives, freshness lifetime, validator",
    r"heed(?:s|ed|ing)?": "purge watermark; apply",
    r"anew": "again",
    r"the very (?!(?:first|last|same|least)\b)\w+": "byte-for-byte, exact",
    r"so many": "that number of",
    r"tiers? (?:that )?(?:is|are) left out": "circuit open",
    r"laid down": "stored",
    r"lets? go of|let(?:s|ting)? (?:it|them) go": "release",
    r"rush": "overload, load shedding",
    r"unwell": "unhealthy",
    r"(?:wait|waits|waiting|stand|stands) in line": "queue",
    r"in line": "queued",
    r"turn(?:ed|s|ing)? away": "rejected",
    r"refused unread": "rejected before parsing",
    r"(?:whose|its|their|our|the|a) turn to": "lock, slot",
    r"turns? (?:among|between) servers": "cross-server lock",
    r"written up": "logged, recorded",
    r"looked into": "probed",
    r"spare time": "idle time, idle workers",
    r"lock(?:s|ed)? (?:themselves|itself) in": "sandboxed",
    r"speaks? of": "concerns",
    r"good for": "fresh for, valid for",
    r"draws the eye": "smart crop, attention",
    r"cuts? off what": "crops the overflow",
    r"(?:what|that) moves": "animations",
    r"what is drawn": "graphics",
    r"how (?:much|many) of the looks": "perceptual quality",
    r"familiar": "cached",
    r"crews?": "workers",
    r"turnstile": "pacer",
    r"by the clock of the wall": "wall clock",
    r"clock that nobody can put back": "monotonic clock",
    r"alarms?": "alert",
    r"rotten|torn": "corrupt, truncated",
    r"perhaps with": "optionally followed by",
    r"drawn[- ]out edges": "edge pixels repeated",
}
"""What a text must not say, as patterns of whole words, and what it says instead."""

ALLOWED: Final = (
    r"</?picture>",  # HTML's element
    r"`?picture`? elements?",
    r"``picture``|[.]picture[(]|[{]% picture",  # the method that returns one
    r"[\w./-]*picture_element\w*",
    r"</?Picture\b|const Picture|Image, Picture",  # components of Astro and React
    r"Picture 0B",  # a photo's title
    r"default(?:, |\|)picture(?:, |\|)photo",  # libwebp's presets
)
"""Quoted names that are not ours; taken out before texts are read."""

_NAMES: Final = """
Absent Admits Alone ApiServices Asked Behind Board Books Broken Budget Claim Coming Confinement Conversation Crew
Deposit DepositBounds Deposited Depot DiskOriginals Elsewhere Endable Everything Exchange Familiar FamiliarPlans
Fanout Film Finding Flaws Folder FolderDepot FolderPile Found Garbled Guarded Guesses House Keeping Kept Knot Lane
Leasing Ledger Look Looks Loss Made Materials Measured Melt MemoryFull Moody Mosaic Native Need NoSuchRoute Nowhere
OneHolder Operated Outlet Pace Paces Patience Patient Permit Pictures PictureSet Pile Posted Promise Purged Purging
Question Ramp Rates Reach Recolour Records RedisBoard RedisPlace Reel Refreshes Refusal Refusals Refused Results Room Rounding Rules Rush Said Seen SetRequest SharedTurns Shelf ShortWay Sides Slips Smear SourceBroken
SpareTime Spelled Spin Sprite Stateful Stencil StorePile Supply Switched Tallies Tally Traced Traffic Turn Turns
Turnstile Unchanged UnderWay Unobserved Unpurged UnreadableValue UrlLimit Verdict Vouched Walk Wanted Warming Warmup
Ways Wish Withdraw Writing Written Bench Copy Desk Flaw Maker Oldest Paint Pause ANYBODYS BOARD_POLL_S KEPT_BYTES
LANES LASTING LEASE MAX_FLAWS MAX_PAUSES MAX_PICTURES MAX_REFUSALS MAX_SLIPS MOST_FAILURES MOST_KEYS MOST_NOTES
NOTHING_MORE NOT_TOLD_TO_KEEP NOWHERE NO_PATIENCE PICTURES SILENT TOLERANCE_S UNREMEMBERED UNSAID UNWATCHED_S
VOUCHED WORSE _MOST _UNWELL allotted answered as_it_is as_ours asked at_work beside board body_at books burial
buried came_back carrying coming deposit depot deposits drained ending familiar faults flaw flaws fresh_s give_up good_for_s guesses halved hear heeded heeds horizon hiding in_blocks joined judged kept_until
keeping lacking laid landed last_seen lay learn let_go let_in letters lettered lock_in looked looking_at marked
materials may_keep may_stay meant melt modern moves myself news nothing_more notes nowhere offer
on_error_s otherwise ours outlet overflowed parted passing patience pause_s pick picture picture_at
picture_headers pictures pile planned portion posted promised promised_s promise purging question_of raise_as_ours
recall receive_order recolour reel reel_of refusal refusal_s refused refused_s relieve remembered remembered_s renew
renewed repeated resting revive rivals room rungs rush said saved says seats see_through settle settled share_heap
sharer shelf showing slips softened sought spare spare_time spared speaks spell spelled spin spoken sprite sprites
spun squeezed stale_while_s stand_back starred stated strange strengths survive swift tallies tally telling there_is
tidied tidy to_come told told_s trouble turn turned turnstile uncover under_way understood undone unless_unchanged
unkept unspared untouched unwell unwritten vouched vouching watched welcome while_s workbench worn
"""
NAMES: Final = frozenset(_NAMES.split())
"""What no class, function, argument, attribute or variable of ``src`` is called; a leading underscore does not
count."""

_MODULES: Final = """
aim answers areas arrow behind blobs books boundary bridge bounds carried covered crew deposit deposits depot
disk_originals drawing equalise failures familiar faults figures film flaws folder guesses hide_faces http_faults
keeping ladder lane late ledger letters light looks machine materials measures melt open_depot opened orders
outlet outlines pace paint picture pictures place places placing purging question ramp reading recolour records
redis_board redis_place reel refreshes refusals renewal room rush settle shelf sets slips small soften spare spin
spread sprites stencil sharer svg_safe tallies targeted together turn turns turnstile uncover untouched upright
utils vouching walk warming warmup weighted wide wire words common helpers manager base
"""
MODULES: Final = frozenset(_MODULES.split())
"""What no module of ``src`` is called."""

words = re.compile(r"(?i)\b(?:" + "|".join(f"({pattern})" for pattern in WORDS) + r")\b")
allowed = re.compile("|".join(ALLOWED))
modules = sorted(SRC.rglob("*.py"))


def complaints(text: str) -> list[str]:
    """Each word that must not be there, with the line it stands in and what to say instead."""
    replacements = list(WORDS.values())
    return [
        f"{found[0]!r} → {replacements[(found.lastindex or 1) - 1]} in: {line.strip()[:140]}"
        for line in allowed.sub("", text).splitlines()
        for found in words.finditer(line)
    ]


def pages() -> Iterator[Path]:
    yield from (path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md")  # a changelog quotes old names
    yield from (ROOT / "docs").rglob("*.md")
    yield from (ROOT / "examples").rglob("*.md")
    yield from (path for path in (ROOT / "deploy").rglob("*") if path.suffix in {".yaml", ".tpl", ".txt", ".json"})
    yield from (ROOT / "deploy" / "Dockerfile", ROOT / "Makefile", ROOT / "pyproject.toml")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", sorted(pages()), ids=name_of)
def test_pages_speak_plain_technical_english(path: Path) -> None:
    assert complaints(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", modules, ids=name_of)
def test_modules_speak_plain_technical_english(path: Path) -> None:
    assert complaints("\n".join(prose(path.read_text(encoding="utf-8")))) == []


def prose(source: str) -> Iterator[str]:
    """Comments, docstrings, and each string that is a sentence rather than a name."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value


def test_help_speaks_plain_technical_english() -> None:
    assert COMMANDS
    for name in ("", *COMMANDS):
        shown = CliRunner().invoke(commands, [*filter(None, [name]), "--help"], terminal_width=400)
        assert shown.exit_code == 0
        assert complaints(shown.output) == []


def test_public_texts_speak_plain_technical_english() -> None:
    texts = [
        *(error.title for error in error_classes_by_code().values()),
        *(str(field.description) for field in Settings.model_fields.values()),
        *(param.description for param in (*PARAMS, *srcset.PARAMS, srcset.PRESET)),
        *(metric.documentation for metric in (*EVENT_METRICS.values(), *GAUGES.values())),
        *(row.summary for row in COMMANDS.values()),
    ]
    assert len(texts) > 200
    assert complaints("\n".join(texts)) == []


@pytest.mark.parametrize("path", modules, ids=name_of)
def test_names_are_the_fields_own_terms(path: Path) -> None:
    assert path.stem not in MODULES
    names = set(defined(path.read_text(encoding="utf-8"))) - ELEMENTS.get(path.relative_to(SRC).as_posix(), set())
    assert sorted(name for name in names if name in NAMES or name.lstrip("_") in NAMES) == []


ELEMENTS: Final = {"url/client.py": {"picture"}}
"""Functions that are called as the element of HTML which they return."""


def defined(source: str) -> Iterator[str]:
    """Every name that the module gives to something."""
    for node in ast.walk(ast.parse(source)):
        yield from _given(node)


def _given(node: ast.AST) -> Iterable[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return (name,)
        case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            return (name,)
        case ast.alias(asname=str(name)):
            return (name,)
        case _:
            return ()


def test_the_lists_find_what_they_are_for() -> None:
    assert len(complaints("Whoever asks for a picture is told anew.\nA `<picture>` element; film grain.")) == 4
    assert set(defined("class Vouched:\n    def heeds(self, told_s): self.room = 1")) & NAMES == {
        "Vouched", "heeds", "told_s", "room",
    }  # fmt: skip
    assert {name.rstrip("_") for name in NAMES | MODULES} >= {
        "Turns",
        "Materials",
        "Flaws",
        "Slips",
        "rush",
        "turnstile",
    }
