"""`python -m iamspec` starts the program with the same arguments and exit code."""

import subprocess
import sys

from iamspec import program

if __name__ == "__main__":
    try:
        sys.exit(subprocess.run([program.path(), *sys.argv[1:]], check=False).returncode)
    except KeyboardInterrupt:
        # The program has got the signal as well, and has cleaned up.
        sys.exit(130)
