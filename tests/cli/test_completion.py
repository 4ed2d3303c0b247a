import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_a_script_that_asks_us(standby, shell):
    said = standby("completion", shell)

    assert said.code == 0
    assert "_STANDBY_COMPLETE" in said.out


def test_a_shell_that_cannot_be_taught_is_a_mistake_in_the_call(standby):
    assert standby("completion", "cmd").code == 2
