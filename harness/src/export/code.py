def code(seed, later):
    """The code of a device at this time, or at the next (RFC 6238)."""
    key, window = base64.b32decode(seed), int(time.time()) // 30 - 1 + later
    digest = hmac.new(key, struct.pack(">Q", window), hashlib.sha1).digest()
    (number,) = struct.unpack_from(">I", digest, digest[-1] & 15)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


