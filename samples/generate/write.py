"""Puts bytes on disk: containers without a clock, TOML text, and whole folders replaced at once."""

import gzip
import shutil
from pathlib import Path

import zstandard


def packed(name, data):
    """Returns the bytes of an object by its suffix; the same data always gives the same bytes."""
    if name.endswith(".gz"):
        return gzip.compress(data, compresslevel=9, mtime=0)
    if name.endswith(".zst"):
        return zstandard.ZstdCompressor(level=19, write_checksum=True, write_content_size=True).compress(data)
    return data


def unpacked(name, data):
    """Returns what `packed` was given."""
    if name.endswith(".gz"):
        return gzip.decompress(data)
    if name.endswith(".zst"):
        return zstandard.ZstdDecompressor().decompress(data)
    return data


def toml_text(text):
    """Returns a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    assert escaped.isprintable(), text
    return f'"{escaped}"'


def table(name, **members):
    """Returns one `[[name]]` table; texts are quoted, numbers stand as they are."""
    lines = [f"[[{name}]]"]
    for key, value in members.items():
        lines.append(f"{key} = {toml_text(value) if isinstance(value, str) else value}")
    return "\n".join(lines) + "\n"


def replace_folder(folder, files, keep=()):
    """Writes `files` (path within the folder to bytes) as the whole content of `folder`, except what `keep` names."""
    folder = Path(folder)
    if folder.exists():
        for entry in sorted(folder.iterdir()):
            if entry.name not in keep:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    for name, data in sorted(files.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(packed(name, data))
