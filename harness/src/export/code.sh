# The code of a device for the current time window, or the next one (RFC 6238).
code() {
  python3 - "$1" "$2" <<'PY'
import base64, hashlib, hmac, struct, sys, time
seed = sys.argv[1].strip().rstrip("=").upper()
try:
    key = base64.b32decode(seed + "=" * (-len(seed) % 8))
except ValueError:
    # This is no seed, so no code is right.
    key = b""
window = int(time.time()) // 30 - 1 + int(sys.argv[2])
digest = hmac.new(key, struct.pack(">Q", window), hashlib.sha1).digest()
(number,) = struct.unpack_from(">I", digest, digest[-1] & 15)
print(f"{(number & 0x7FFFFFFF) % 1_000_000:06}")
PY
}

