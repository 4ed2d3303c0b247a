import pytest

from standby.core.quota.signals import family_of, scopes_of


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("claude-opus-5-5", "opus"),
        ("claude-sonnet-4-5-20250929", "sonnet"),
        ("claude-3-5-haiku-20241022", "haiku"),
        ("claude-fable-5-2", "fable"),
        ("us.anthropic.claude-opus-4-8-v1:0", "opus"),
        ("CLAUDE-OPUS-5", "opus"),
        ("opus", "opus"),
        ("sonnet[1m]", "sonnet"),
        ("claude-next-1", "claude-next-1"),
        ("my-opus-finetune", "my-opus-finetune"),
        ("", ""),
    ],
)
def test_the_family_is_what_a_cloud_model_is_called_after(model, family):
    assert family == family_of(model)


def test_a_model_is_bound_by_all_models_its_family_and_itself():
    assert ("*", "opus", "claude-opus-5-5") == scopes_of("claude-opus-5-5")
    assert ("*", "claude-next-1") == scopes_of("claude-next-1")
