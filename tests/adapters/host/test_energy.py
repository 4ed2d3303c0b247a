import pytest

from standby.adapters.host.energy import EnergyMeter


@pytest.fixture
def counter(tmp_path):
    package = tmp_path / "intel-rapl:0"
    package.mkdir()
    (package / "max_energy_range_uj").write_text("10000000\n")

    def set_to(value):
        (package / "energy_uj").write_text(f"{value}\n")

    set_to(9_000_000)
    return set_to


def test_what_was_used_since_the_start_is_told_in_joules(tmp_path, counter):
    meter = EnergyMeter(tmp_path)
    counter(9_500_000)
    first = meter.used_j()
    counter(500_000)  # it began anew

    assert (0.5, 1.5) == (first, meter.used_j())


def test_a_machine_that_does_not_report_it_is_said_not_to(tmp_path, counter):
    assert EnergyMeter(tmp_path / "nothing").used_j() is None
    counter("secret")
    assert EnergyMeter(tmp_path).used_j() is None
