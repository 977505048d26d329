"""Small, valid files, made on the spot: what the sample mails carry as attachments."""

from __future__ import annotations

import csv
import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any


def make(spec: Mapping[str, Any]) -> tuple[str, bytes]:
    """The MIME type and content of the file that `spec` describes; its `kind` is "pdf", "csv" or "png"."""
    match spec["kind"]:
        case "pdf":
            return "application/pdf", pdf(spec["lines"])
        case "csv":
            return "text/csv", table(spec["rows"])
        case "png":
            return "image/png", png(spec["width"], spec["height"], spec["rgb"])
        case kind:
            raise ValueError(f"There is no sample file of kind '{kind}'.")


def table(rows: Sequence[Sequence[Any]]) -> bytes:
    """A CSV file in UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def pdf(lines: Sequence[str]) -> bytes:
    """One A4 page of text, the first line as its title. Source: ISO 32000-1, 7.5 "File structure"."""
    title, *rest = [_pdf_text(line) for line in lines]
    text = b"BT /F1 18 Tf 60 770 Td (%b) Tj /F1 11 Tf 16 TL T* %b ET" % (
        title,
        b" ".join(b"T* (%b) Tj" % line for line in rest),
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    file = bytearray(b"%PDF-1.4\n")
    offsets: list[int] = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    file += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    file += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(file)


def png(width: int, height: int, rgb: Sequence[int]) -> bytes:
    """A picture in shades of one colour, lighter from left to right. Source: W3C PNG specification."""
    shades = [[255 - (255 - part) * (width - x) // width for part in rgb] for x in range(width)]
    row = b"\0" + bytes(part for shade in shades for part in shade)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(row * height)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _pdf_text(line: str) -> bytes:
    escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return escaped.encode("cp1252", "replace")
