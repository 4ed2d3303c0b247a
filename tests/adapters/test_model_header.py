from standby.adapters.model_header import header_of, misfit, window_of
from standby.core.models.gguf import Fault, Header
from tests.fakes.gguf_files import gguf

GB = 1_000_000_000
LARGE = Header(17 * GB, 800, context_tokens=262_144, kv_values_per_token=32_768)


def test_a_file_is_read_anew_when_it_changed(tmp_path):
    path = tmp_path / "x.gguf"
    path.write_bytes(gguf())
    before = header_of(path)
    path.write_bytes(gguf()[:-1])

    assert isinstance(before, Header)
    assert isinstance(header_of(path), Fault)


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path):
    assert Fault("cannot be read: No such file or directory") == header_of(tmp_path / "gone")
    assert Fault("cannot be read: Is a directory") == header_of(tmp_path)


def test_the_window_ends_where_the_model_or_the_memory_ends():
    assert 65_536 == window_of(LARGE, 64 * GB, 65_536)
    assert 16_384 == window_of(Header(GB, 1, context_tokens=16_384), 64 * GB, 65_536)
    assert 8192 < window_of(LARGE, 24 * GB, 65_536) < 65_536
    assert 4096 == window_of(LARGE, 18 * GB, 65_536)
    assert 65_536 == window_of(Fault("odd"), 64 * GB, 65_536)


def test_a_model_that_is_larger_than_the_memory_is_told():
    assert "18.8 GB of memory at the least, and this machine has 16.0 GB" in misfit(LARGE, 16 * GB)
    assert not misfit(LARGE, 24 * GB)
