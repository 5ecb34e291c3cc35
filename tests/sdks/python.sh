# Installs the packages of a Python driver into its own virtual environment, in a cache outside the checkout,
# and runs the driver. The packages are `requirements`, or requirements.txt if that is not set.
# driver.sh sources this file and sets `here` and `name`.

# shellcheck source=../packages.sh
. "$here/../../packages.sh"
if [ -n "${requirements:-}" ]; then
  list=$(mktemp)
  tr ' ' '\n' <<< "$requirements" > "$list"
  install_packages "sdk-$name" "$list"
  rm "$list"
else
  install_packages "sdk-$name" "$here/requirements.txt"
fi
exec "$venv/bin/python" "$here/driver.py"
