# Installs Python packages into a virtual environment in a cache outside the checkout. Scripts source this file.
#
#   install_packages NAME REQUIREMENTS [VERSION]
#
# Sets `venv` to the environment NAME with the packages of the file REQUIREMENTS. Installs them if the file has
# changed. VERSION is the oldest version of Python that they need, such as 3.13 (default: any).
#
# IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).

install_packages() {
  local requirements=$2 python
  venv=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}/$1
  cmp -s "$requirements" "$venv/installed" && return
  python=$(python_of_version "${3:-3}") || return
  rm -rf "$venv"
  "$python" -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements" >&2
  cp "$requirements" "$venv/installed"
}

# The first interpreter of this version or a later one: on PATH, or installed by pyenv.
python_of_version() {
  local candidate is_old='import sys; sys.exit(sys.version_info < tuple(map(int, sys.argv[1].split("."))))'
  for candidate in python3 "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python3; do
    if "$candidate" -c "$is_old" "$1" 2> /dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "expected Python $1 or later; install it, for example with the package manager or pyenv" >&2
  return 1
}
