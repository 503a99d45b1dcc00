"""Record the demo for the README: ``python docs/make_recording.py`` plays it and draws ``docs/demo.svg``.

What is shown is what was printed, but for the incidents that are left out where a line says so.
"""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

PICTURE: Final = Path(__file__).with_name("demo.svg")
SHOWN: Final = (1, 5, 8)
"""The incidents that are shown."""
_WIDE: Final = 118
_LEFT_OUT: Final = "  …"
_FORM: Final = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; \
font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""As rich's own, without fonts from elsewhere."""


def main() -> int:
    """Play the demo at its own speed, and draw it; returns its exit code."""
    played = subprocess.run(
        [sys.executable, "-m", "driftd", "demo"],
        env={**os.environ, "FORCE_COLOR": "1", "COLORTERM": "truecolor"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if played.returncode == 0:
        PICTURE.write_text(drawn(excerpt(played.stdout)), encoding="utf-8")
    else:
        sys.stderr.write(f"the demo ended with {played.returncode}: {PICTURE.name} stays as it was\n{played.stdout}")
    return played.returncode


def excerpt(printed: str) -> str:
    """Return the opening, the incidents to be shown, and the summary; a line says where some are left out."""
    opening, *incidents, summary = printed.strip("\n").split("\n\n")
    kept = [each if number in SHOWN else _LEFT_OUT for number, each in enumerate(incidents, 1)]
    return "\n\n".join(each for each, _ in groupby([opening, *kept, summary])) + "\n"


def drawn(printed: str) -> str:
    """Return coloured terminal output as an SVG."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=_WIDE, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text.from_ansi(printed))
    found = console.export_svg(title="driftd demo", theme=MONOKAI, code_format=_FORM, unique_id="demo")
    return re.sub(r"[ \t]+$", "", found, flags=re.MULTILINE)


def shown(svg: str) -> Sequence[str]:
    """Return the texts of a picture."""
    root = ET.fromstring(svg)  # noqa: S314 - our own
    return [(each.text or "").replace("\xa0", " ") for each in root.iter("{http://www.w3.org/2000/svg}text")]


if __name__ == "__main__":
    raise SystemExit(main())
