# Installs a pinned emulator into a cache outside the checkout and serves it on a free loopback port, in the
# foreground. Prints the URL as the first line of stdout once the emulator responds.
#
# The start.sh of each emulator sources this file. It sets `here` (its folder, with requirements.txt) and the
# function `run`, which runs the emulator in the foreground on $port, with $venv and a fresh folder $home.
# If it sets `python`, such as 3.13, the emulator needs that version of Python or a later one. An emulator that is no
# Python package has a function `install` instead of requirements.txt.

setting() { sed -n "s/^$1 = \"\(.*\)\"$/\1/p" "$here/target.toml"; }
name=$(setting name)
if [ "$(type -t install)" = function ]; then
  install
else
  if ! grep -q "==$(setting version) " "$here/requirements.txt"; then
    echo "$here/requirements.txt does not install version $(setting version), which target.toml names" >&2
    exit 1
  fi
  # shellcheck source=../packages.sh
  . "$here/../../packages.sh"
  install_packages "$name-$(setting version)" "$here/requirements.txt" "${python:-3}"
  interpreter=$venv/bin/python
fi
interpreter=${interpreter:-python3}

port=$("$interpreter" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
home=$(mktemp -d)
run >&2 &
server=$!
# Sends SIGTERM, and SIGKILL if the emulator does not exit within some seconds.
end() {
  kill "$server" 2> /dev/null || true
  for _ in $(seq 80); do
    kill -0 "$server" 2> /dev/null || break
    sleep 0.1
  done
  kill -KILL "$server" 2> /dev/null || true
  wait "$server" 2> /dev/null || true
  rm -rf "$home"
}
trap end EXIT
trap 'exit 143' INT TERM

responds='
import http.client, sys
try:
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=2)
    connection.request("GET", "/")
    connection.getresponse()
except Exception:
    sys.exit(1)
'
for _ in $(seq 300); do
  kill -0 "$server" 2> /dev/null || { echo "$name exited before it responded" >&2; exit 1; }
  if "$interpreter" -c "$responds" "$port"; then
    echo "http://127.0.0.1:$port"
    wait "$server"
    exit 1
  fi
  sleep 0.1
done
echo "$name does not respond on port $port" >&2
exit 1
