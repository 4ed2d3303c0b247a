"""The files of the dashboard, ours and those of others."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from standby.web.files import page_files

WEB = Path(__file__).parents[2] / "src" / "standby" / "web"
VENDOR = WEB / "vendor"
LISTED = json.loads((VENDOR / "VENDOR.json").read_text(encoding="utf-8"))["packages"]
FILES = {name: file["sha256"] for package in LISTED for name, file in package["files"].items()}
OURS = sorted(path for path in (WEB / "static").rglob("*") if path.is_file())


def test_a_browser_gets_every_file_that_it_can_read_and_no_other():
    there = {path.relative_to(WEB).as_posix() for path in (*OURS, *VENDOR.iterdir())}

    assert {name for name in there if not name.endswith((".json", ".LICENSE"))} == set(page_files())
    assert {"static/index.html", "vendor/uPlot.esm.js"} <= set(page_files())


def test_a_file_is_served_as_it_is_and_known_by_what_it_holds():
    files = page_files()

    assert (VENDOR / "uPlot.esm.js").read_bytes() == files["vendor/uPlot.esm.js"].data
    assert len(files) == len({file.tag for file in files.values()})
    assert "text/javascript; charset=utf-8" == files["vendor/uPlot.esm.js"].kind


def test_every_file_of_others_is_listed_with_its_package_and_licence():
    assert set(FILES) | {"VENDOR.json"} == {path.name for path in VENDOR.iterdir()}
    for package in LISTED:
        assert package["version"] in package["from"]
        assert "MIT" == package["licence"]
        assert any(name.endswith(".LICENSE") for name in package["files"])


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_others_is_as_it_was_published(name):
    assert FILES[name] == hashlib.sha256((VENDOR / name).read_bytes()).hexdigest()


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_our_own_files_are_small_name_no_other_host_and_make_no_markup_out_of_data(path):
    text = path.read_text(encoding="utf-8")

    assert len(text.splitlines()) <= 400
    assert [] == re.findall(r"(?:https?:)?//(?!www\.w3\.org/)[\w-]+\.[\w.-]+", text)
    assert [] == re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|"
        r"\sstyle=|\son\w+=\"|localStorage\.setItem\(\"(?!standby)",
        text,
    )
