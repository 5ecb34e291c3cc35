"""Executes the Dockerfile where no Docker is: its last stage in an empty folder, with a program that is already built.

The steps of the first stage do not run here, and neither do layers, registries and other platforms. Prints what did
not run. Needs root, for the user and the root folder of the process.

    sudo python image.py target/release/iamspec
"""

import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile

program = pathlib.Path(sys.argv[1]).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
CERTIFICATES = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")


def instructions():
    """The instructions of the Dockerfile, by stage: pairs of a word and the rest of the line."""
    stages = []
    for line in (ROOT / "packages/container/Dockerfile").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        word, rest = line.split(" ", 1)
        if word == "FROM":
            stages.append([])
        stages[-1].append((word, rest))
    return stages


def copy(rest, image):
    """Copies what the first stage would have built."""
    options = dict(re.findall(r"--(\w+)=(\S+)", rest))
    assert options["from"] == "build", f"expected a copy from the stage `build`, got {rest}"
    source, target = [it for it in rest.split() if not it.startswith("--")]
    place = image / target.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    if source == "/state":
        place.mkdir()
    else:
        shutil.copy({"/source/target/dist/iamspec": program, str(CERTIFICATES): CERTIFICATES}[source], place)
    if "chown" in options:
        os.chown(place, *map(int, options["chown"].split(":")))


def main():
    """Builds the folder, runs its program, and prints what did not run."""
    build, last = instructions()
    skipped = [f"{word} {rest}" for word, rest in build]
    settings, variables = {}, {}
    image = pathlib.Path(tempfile.mkdtemp())
    image.chmod(0o755)
    for word, rest in last:
        if word == "COPY":
            copy(rest, image)
        elif word == "ENV":
            variables |= dict(it.split("=", 1) for it in rest.split())
        elif word in ("USER", "WORKDIR", "ENTRYPOINT", "CMD"):
            settings[word] = rest
        else:
            assert (word, rest) == ("FROM", "scratch"), f"expected an instruction that this script knows, got {word} {rest}"
    # A container runtime provides these devices.
    (image / "dev").mkdir()
    for name, number in (("random", 8), ("urandom", 9)):
        os.mknod(image / "dev" / name, stat.S_IFCHR, os.makedev(1, number))
        (image / "dev" / name).chmod(0o666)
    user, group = map(int, settings["USER"].split(":"))
    assert user != 0, "expected a user without rights, got root"

    def enter():
        os.chroot(image)
        os.chdir(settings["WORKDIR"])
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)

    entry = json.loads(settings["ENTRYPOINT"])
    for words in (["--version"], json.loads(settings["CMD"])):
        result = subprocess.run(entry + words, env=variables, preexec_fn=enter, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
    size = sum(it.stat().st_size for it in image.rglob("*") if it.is_file())
    print(f"image: {size} bytes, user {user}; {result.stdout.splitlines()[-1]}")
    print("did not run: " + "; ".join(skipped) + "; and no layer was made")
    shutil.rmtree(image)


main()
