"""The names objects may have: one rule for all backends, so that what works on disk works on S3.

A key is 1-1024 bytes of UTF-8: parts of 1-255 bytes joined by `/`. No part starts with a dot: that one rule
excludes `.`, `..`, the disk backend's own folders and an operator's `.DS_Store`. No control characters, which XML
listings cannot carry, and no backslash, which is a separator elsewhere.

Beyond that, a key must not also be a folder of another key (`a` and `a/b`): S3 could, a disk cannot.
"""

from shared.storage.errors import InvalidKey

MAX_KEY_BYTES = 1024
MAX_PART_BYTES = 255


def validate_key(key: str) -> str:
    """The key itself, or `InvalidKey`."""
    _validate_text(key)
    if not key:
        raise InvalidKey(key, "it is empty")
    for part in key.split("/"):
        _validate_part(key, part)
    return key


def validate_prefix(prefix: str) -> str:
    """The prefix itself, or `InvalidKey`. A prefix is the beginning of a key, cut anywhere; `""` means all."""
    _validate_text(prefix)
    *folders, rest = prefix.split("/")
    for part in folders:
        _validate_part(prefix, part)
    if rest:
        _validate_part(prefix, rest)
    return prefix


def validate_folder(prefix: str) -> str:
    """The prefix itself, or `InvalidKey`: it must end in `/`, so that `video1` never means `video10/...` as well."""
    validate_prefix(prefix)
    if not prefix.endswith("/"):
        raise InvalidKey(prefix, "a prefix to delete ends in '/'")
    return prefix


def _validate_text(key: str) -> None:
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise InvalidKey(key, "it is not UTF-8") from None
    if size > MAX_KEY_BYTES:
        raise InvalidKey(key, f"it is longer than {MAX_KEY_BYTES} bytes")
    if "\\" in key or any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in key):
        raise InvalidKey(key, "it holds a control character or a backslash")


def _validate_part(key: str, part: str) -> None:
    if not part:
        raise InvalidKey(key, "it has an empty part")
    if part.startswith("."):
        raise InvalidKey(key, "a part starts with a dot")
    if len(part.encode()) > MAX_PART_BYTES:
        raise InvalidKey(key, f"a part is longer than {MAX_PART_BYTES} bytes")
