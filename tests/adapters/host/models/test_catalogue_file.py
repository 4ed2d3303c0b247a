from standby.adapters.host.models.catalogue_file import shipped_catalogue


def test_the_catalogue_that_is_shipped_can_be_read_and_fetched():
    entries = shipped_catalogue().entries

    assert len(entries) >= 5
    assert all(entry.size_bytes <= 50_000_000_000 for entry in entries)
    assert all(entry.sha256 is None or entry.revision != "main" for entry in entries)
