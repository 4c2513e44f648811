#!/usr/bin/env python3
"""Writes the compressed fixtures beside it, with Python's own compressors.

Run it once more only to change them: pip install zstandard cramjam && ./make.py
"""

import bz2
import gzip
import struct
from pathlib import Path

import cramjam
import zstandard

HERE = Path(__file__).parent
HEAD, TAIL = b"email,zip\na@x.org,1\n", b"b@x.org,2\n"


def write(name: str, *parts: bytes) -> None:
    (HERE / name).write_bytes(b"".join(parts))


write("two_members.gz", gzip.compress(HEAD, mtime=0), gzip.compress(TAIL, mtime=0))
write("two_streams.bz2", bz2.compress(HEAD), bz2.compress(TAIL))

# A skippable frame first, as pzstd writes it.
zstd = zstandard.ZstdCompressor(write_checksum=True)
skippable = struct.pack("<II", 0x184D2A50, 4) + b"skip"
write("skippable_and_two_frames.zst", skippable, zstd.compress(HEAD), zstd.compress(TAIL))

# A chunk of padding (type 0xfe) between the streams.
padding = b"\xfe\x05\x00\x00" + bytes(5)
snappy = lambda text: bytes(cramjam.snappy.compress(text))
write("padded_two_streams.sz", snappy(HEAD), padding, snappy(TAIL))
