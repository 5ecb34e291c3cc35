"""Appends the generated pages of semantics/ to SUMMARY.md, because mdBook renders only the pages listed there.

    summary.py DOCS
"""

import pathlib
import sys

docs = pathlib.Path(sys.argv[1])
pages = docs / "semantics"


def title(page):
    return page.read_text().splitlines()[0].removeprefix("# ")


lines = ["", "# Semantics", "", f"- [{title(pages / 'README.md')}](semantics/README.md)"]
for page in sorted(pages.glob("*.md")):
    if page.name != "README.md":
        lines.append(f"- [{title(page)}](semantics/{page.name})")
lines.append("- [Operations]()")
for page in sorted(pages.glob("operations/*.md")):
    lines.append(f"  - [{title(page)}](semantics/operations/{page.name})")
with (docs / "SUMMARY.md").open("a") as summary:
    summary.write("\n".join(lines) + "\n")
