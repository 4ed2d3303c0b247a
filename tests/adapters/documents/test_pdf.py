import anyio
import pytest

from standby.adapters.documents import pdf as reader
from standby.adapters.documents.pdf import PdfTexts
from tests.fakes.pdf import pdf

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


async def test_the_text_of_each_page_comes_with_its_number():
    text = await PdfTexts().text(pdf("The first page", "and the second"))

    assert "[Page 1 of 2]\nThe first page\n\n[Page 2 of 2]\nand the second" == text


@pytest.mark.parametrize(
    "data",
    [b"", b"no PDF", b"%PDF-1.4\n", b"%PDF-1.4\n" + b"\xff" * 5_000, pdf("whole")[:200], pdf("")],
)
async def test_what_cannot_be_read_has_no_text(data):
    assert await PdfTexts().text(data) is None


async def test_a_reader_that_takes_too_long_is_ended():
    with anyio.fail_after(20):
        assert await PdfTexts(read_s=0.001).text(pdf("slow")) is None


async def test_without_the_extra_nothing_is_read(monkeypatch):
    monkeypatch.setattr(reader, "_installed", lambda: False)

    assert await PdfTexts().text(pdf("text")) is None
