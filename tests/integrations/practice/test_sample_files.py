"""The files that the sample mails carry open in the programs that people have."""

from __future__ import annotations

import csv
import io
import re

import pytest
from PIL import Image

from integrations.practice.sample_files import make


def test_a_picture_opens_and_has_its_size_and_colour() -> None:
    mime, content = make({"kind": "png", "width": 20, "height": 10, "rgb": [196, 120, 72]})
    assert mime == "image/png"
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        assert image.size == (20, 10)
        assert image.getpixel((0, 5)) == (196, 120, 72)


def test_a_table_is_read_back_as_it_was() -> None:
    rows = [["product", "note"], ["lamp, small", 'a "good" one']]
    mime, content = make({"kind": "csv", "rows": rows})
    assert mime == "text/csv"
    assert list(csv.reader(io.StringIO(content.decode(), newline=""))) == rows


def test_the_table_of_a_pdf_points_to_its_objects() -> None:
    mime, content = make({"kind": "pdf", "lines": ["Title", "a (b) \\ c", "Größe"]})
    assert mime == "application/pdf"
    assert content.startswith(b"%PDF-1.4\n")
    assert content.endswith(b"%%EOF\n")
    start = int(re.search(rb"startxref\n(\d+)", content)[1])
    assert content[start:].startswith(b"xref\n0 6\n")
    offsets = [int(line) for line in re.findall(rb"(\d{10}) 00000 n", content[start:])]
    assert len(offsets) == 5
    for number, offset in enumerate(offsets, 1):
        assert content[offset:].startswith(b"%d 0 obj\n" % number)
    length = int(re.search(rb"/Length (\d+)", content)[1])
    assert content.split(b"stream\n", 1)[1][length:].startswith(b"\nendstream")
    assert rb"(a \(b\) \\ c)" in content


def test_another_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="docx"):
        make({"kind": "docx"})
