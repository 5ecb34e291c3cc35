#!/usr/bin/env bash
# Builds the book of docs/, with the pages that `iamspec docs` generates as its last part, and checks every
# local link and anchor in the book and in the Markdown files of the repository. Needs no network after the
# installation.
#
#   tests/book/check.sh target/release/iamspec     writes target/book/html/index.html
#
# IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
iamspec=$(realpath "$1")
# shellcheck source=../packages.sh
. "$here/../packages.sh"
install_packages "book" "$here/requirements.txt"
cd "$root"

# The sources are copied, so that the generated pages are not written into the checkout.
book=target/book
rm -rf "$book"
mkdir -p "$book"
cp -r docs "$book/docs"
"$iamspec" docs --out "$book/docs/semantics" > /dev/null
# mdBook makes index.html of README.md, and leaves links to it as they are.
find "$book/docs/semantics" -name '*.md' -exec sed -i 's/README\.md#/index.md#/' {} +
python3 "$here/summary.py" "$book/docs"
"$venv/bin/mdbook" build "$book/docs" --dest-dir "$PWD/$book/html" > "$book/log" 2>&1 || { cat "$book/log" >&2; exit 1; }
if grep -E 'WARN|ERROR' "$book/log" >&2; then
  echo "book: fix the warnings above in docs/" >&2
  exit 1
fi

# 404.html and print.html repeat other pages; their relative links do not resolve from a file.
"$venv/bin/lychee" --offline --include-fragments --no-progress --exclude-path '/(404|print)\.html$' \
  "$book/html" ./*.md 'docs/**/*.md' 'tests/reports/*.md' > "$book/links" || { cat "$book/links" >&2; exit 1; }
echo "book: $(find "$book/html" -name '*.html' | wc -l) pages; $(tail -n 1 "$book/links")"
