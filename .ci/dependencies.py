"""Fails if a dependency has a licence that is not allowed here, or does not come from crates.io.

cargo-deny checks the same and more, but no current release of it has a wheel that CI could pin.
"""

import json
import re
import subprocess
import sys

# CDLA-Permissive-2.0 is the licence of the root certificates, which are data.
ALLOWED = {"MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CDLA-Permissive-2.0", "ISC", "Unicode-3.0", "Zlib"}
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def is_allowed(expression):
    """Whether the SPDX expression allows a choice of allowed licences. A slash is an old form of OR."""

    def replace(match):
        return {"AND": "and", "OR": "or"}.get(match[1], str(match[1] in ALLOWED))

    words = re.sub(r"([\w.+-]+)( WITH [\w.-]+)?", replace, expression.replace("/", " OR "))
    return bool(words) and eval(words)  # only True, False, and, or, and parentheses are left


def main():
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    packages = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)["packages"]
    refused = []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        if package["source"] not in (None, CRATES_IO):
            refused.append(f"{name}: expected a source of {CRATES_IO}, got {package['source']}")
        if not is_allowed(package["license"] or ""):
            refused.append(f"{name}: the licence {package['license']} is not allowed; replace the dependency, or extend ALLOWED")
    print("\n".join(refused) or f"{len(packages)} packages, all licences and sources are allowed")
    return 1 if refused else 0


sys.exit(main())
