"""Draw the operating pages: ``python docs/operating_pictures.py`` writes docs/operating.png, all of them on one sheet.

Needs Debian's Chromium, and markdown-it-py, which rich brings along.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent
OPERATE = ROOT / "docs" / "operate"
COLUMNS, WIDTH, HEIGHT = 6, 2400, 1720
"""Of the sheet, in pixels; each page is drawn at 0.4 of its size, and cut off below."""
SHEET = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; padding: 24px; background: #d7dade; font: 16px/1.5 "DejaVu Sans", sans-serif; }
main { display: grid; grid-template-columns: repeat(%d, 1fr); gap: 22px; }
section { overflow: hidden; height: 536px; background: white; box-shadow: 0 1px 5px #0004; }
article { zoom: 0.42; padding: 34px 44px; color: #1f2328; }
h1 { font-size: 40px; line-height: 1.15; border-bottom: 2px solid #d1d9e0; padding-bottom: 12px; margin: 0 0 16px; }
h2 { font-size: 25px; border-bottom: 1px solid #d1d9e0; }
code { font: 14px "DejaVu Sans Mono", monospace; background: #eff1f3; padding: 1px 4px; }
pre { background: #0d2b3e; color: #eef4f8; padding: 14px; overflow: hidden; border-radius: 6px; }
pre code { background: none; padding: 0; }
table { border-collapse: collapse; } td, th { border: 1px solid #d1d9e0; padding: 6px 10px; text-align: left; vertical-align: top; }
a { color: #0a58a5; text-decoration: none; }
h6 { margin: 0; padding: 5px 10px; background: #0a58a5; color: white; font-size: 14px; }
</style><main>%s</main>"""


def main() -> None:
    """Draw the sheet, the index first."""
    pages = [OPERATE / "README.md", *sorted(each for each in OPERATE.glob("*.md") if each.name != "README.md")]
    words = MarkdownIt("commonmark").enable("table")
    drawn = (
        f"<section><h6>{escape(page.name)}</h6><article>{words.render(page.read_text(encoding='utf-8'))}</article></section>"
        for page in pages
    )
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise SystemExit("docs/operating.png needs chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        sheet = Path(folder) / "sheet.html"
        sheet.write_text(SHEET % (COLUMNS, "\n".join(drawn)), encoding="utf-8")
        # Root has no sandbox of Chromium's, and the page is our own.
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={WIDTH},{HEIGHT}"]
        shot = f"--screenshot={ROOT / 'docs' / 'operating.png'}"
        subprocess.run([browser, *options, shot, sheet.as_uri()], capture_output=True, check=True)  # noqa: S603  # Debian's


if __name__ == "__main__":
    main()
