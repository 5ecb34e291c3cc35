# Installs the packages of a Python driver into its own virtual environment, in a cache outside the checkout,
# and runs the driver. The packages are `requirements`, or requirements.txt if that is not set.
# driver.sh sources this file and sets `here` and `name`.
#
# IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).

venv=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}/sdk-$name
if [ -n "${requirements:-}" ]; then packages=$(tr ' ' '\n' <<< "$requirements"); else packages=$(< "$here/requirements.txt"); fi
if ! cmp -s "$venv/installed" - <<< "$packages"; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement /dev/stdin <<< "$packages" >&2
  cat > "$venv/installed" <<< "$packages"
fi
exec "$venv/bin/python" "$here/driver.py"
