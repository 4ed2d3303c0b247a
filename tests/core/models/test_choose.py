"""Families are known by their models' ids, in every spelling that servers use."""

from pathlib import Path

import pytest

from standby.core.dialects.written.choose import FORMATS
from standby.core.models import choose
from standby.core.models.choose import FAMILIES, family_of

FOLDER = Path(choose.__file__).parent / "families"


@pytest.mark.parametrize(
    ("model_id", "expected"),
    [
        ("qwen/qwen3.6-35b-a3b", "qwen"),
        ("Qwen3.8-27B-Q4_K_M.gguf", "qwen"),
        ("qwen3:8b", "qwen"),
        ("Qwen3-Coder-30B-A3B-Instruct", "qwen-coder"),
        ("qwen3-coder-next", "qwen-coder"),
        ("glm-4.7-flash", "glm"),
        ("zai-org/GLM-5", "glm"),
        ("gpt-oss:20b", "gpt-oss"),
        ("openai/gpt-oss-120b", "gpt-oss"),
        ("devstral-small-2507", "devstral"),
        ("DeepSeek-R1-0528-Qwen3-8B", "deepseek"),
        ("DeepSeek-R1-Distill-Llama-3-70B", "deepseek"),
        ("deepseek-v3.1:671b", "deepseek"),
        ("mistralai/Devstral-Small-2507", "devstral"),
        ("Mistral-Small-3.2-24B-Instruct", "mistral"),
        ("magistral:24b", "mistral"),
        ("ministral-3b", "mistral"),
        ("Meta-Llama-3.1-8B-Instruct", "llama"),
        ("llama3.3:70b", "llama"),
        ("google/gemma-4-26b-a4b", "gemma"),
        ("granite4:small-h", "granite"),
        ("ibm-granite/granite-3.3-8b-instruct", "granite"),
        ("codellama:7b", None),
        ("SmolLM2-135M-Instruct", None),
        ("qwen2.5-coder", None),
        ("chatglm3-6b", None),
        ("", None),
    ],
)
def test_a_model_is_known_by_its_id(model_id, expected):
    family = family_of(model_id)

    assert expected == (family and family.name)
    assert 1 >= sum(bool(one.known_by.search(model_id)) for one in FAMILIES), (
        "order must not matter"
    )


def test_every_file_of_the_folder_is_in_the_table():
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}

    assert files == {family.name.replace("-", "_") for family in FAMILIES}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_values_are_ones_that_servers_take(family):
    for thinks in (True, False):
        sampling = family.sampling(thinks=thinks)
        assert sampling.temperature is None or 0 < sampling.temperature <= 2
        assert sampling.top_p is None or 0 < sampling.top_p <= 1
        assert sampling.top_k is None or sampling.top_k > 0


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_how_a_family_writes_calls_is_known(family):
    assert family.formats
    assert {one.name for one in FORMATS} >= {*family.formats}


def test_every_format_is_that_of_a_family():
    assert {one.name for one in FORMATS} == {
        *(name for family in FAMILIES for name in family.formats),
    }
