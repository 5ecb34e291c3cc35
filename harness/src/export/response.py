def member(response, otherwise, *path):
    """A member of a response, or another value if there is none."""
    for name in path:
        response = response.get(name) if isinstance(response, dict) else None
    return response or otherwise


def names(response, present, absent):
    """The present names that a response lacks, and the absent ones that it shows. Further pages are not read."""
    texts = list(strings(response))
    missing = [] if response.get("IsTruncated") else [name for name in present if name not in texts]
    return missing, [name for name in absent if name in texts]


def strings(value):
    """Every string in a response."""
    if isinstance(value, dict):
        value = value.values()
    if isinstance(value, str):
        yield value
    elif hasattr(value, "__iter__"):
        for item in value:
            yield from strings(item)


