import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.models.facts import LocalModel
from standby.core.policy.names import advertised, is_local_name, matches, tier_of

QWEN = LocalModel("lmstudio", "Qwen/Qwen3-Coder-30B", "http://127.0.0.1:1234")
models = st.builds(
    LocalModel, st.sampled_from(["lmstudio", "ollama"]), st.text(min_size=1), st.just("http://…")
)


@given(models)
def test_what_is_advertised_is_a_local_name_that_matches(model):
    if model.id == model.id.strip() and not model.id.lower().endswith("[1m]"):
        assert is_local_name(advertised(model))
        assert matches(advertised(model), model)


@pytest.mark.parametrize(
    "name",
    [
        "local",
        "claude-local",
        "Local",
        "local/",
        "local/qwen/qwen3-coder-30b",
        "local/QWEN3-CODER-30B",
        "claude-local/lmstudio/Qwen/Qwen3-Coder-30B",
        "claude-local/qwen3-coder-30b[1m]",
    ],
)
def test_a_local_model_is_chosen_by_any_of_its_names(name):
    assert is_local_name(name)
    assert matches(name, QWEN)


@pytest.mark.parametrize("name", ["local/qwen3", "local/ollama/Qwen/Qwen3-Coder-30B"])
def test_a_local_name_may_mean_somebody_else(name):
    assert is_local_name(name)
    assert not matches(name, QWEN)


@pytest.mark.parametrize("name", ["", "claude-opus-5-5", "locality", "claude-localhost", "/local"])
def test_other_names_are_the_clouds(name):
    assert not is_local_name(name)
    assert not matches(name, QWEN)


@pytest.mark.parametrize(
    ("model", "tier"),
    [
        ("claude-opus-5-5", "opus"),
        ("claude-3-5-Haiku-20241022", "haiku"),
        ("claude-sonnet-5-5[1m]", ""),
        ("octopus-2", ""),
        ("", ""),
    ],
)
def test_a_tier_is_a_part_of_the_name(model, tier):
    assert tier == tier_of(model, ("opus", "haiku"))
