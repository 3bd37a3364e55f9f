"""Content-Disposition for a download (RFC 6266), with the extension that fits what is sent."""

from urllib.parse import quote

from pixmill.media import MEDIA, Format

_EXTENSIONS = {f".{media.extension}" for media in MEDIA.values()} | {".jpeg", ".tif", ".heif"}


def attachment(filename: str, form: Format) -> str:
    """The header for a download named ``filename``; a picture's extension in it gives way to the right one."""
    stem, dot, extension = filename.rpartition(".")
    name = stem if dot and stem and f".{extension.lower()}" in _EXTENSIONS else filename
    full_name = f"{name}.{MEDIA[form].extension}"
    ascii_name = "".join(char if " " <= char <= "~" and char not in '"\\%' else "_" for char in full_name)
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(full_name, safe='')}"
