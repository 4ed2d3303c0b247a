import subprocess
import sys


def test_the_end_of_the_log_is_printed_and_cannot_move_the_cursor(standby, where):
    where.make()
    where.log_file.write_text("".join(f"line {place}\n" for place in range(50)) + "\x1b[2Jend\n")

    said = standby("log", "-n", "2")

    assert "line 49\n\N{REPLACEMENT CHARACTER}[2Jend\n" == said.out


def test_without_a_log_it_says_who_would_write_one(standby):
    said = standby("log")

    assert (1, "") == (said.code, said.out)
    assert "there is no log" in said.err


def test_what_comes_later_is_printed_as_it_comes(where, environment):
    where.make()
    where.log_file.write_text("first\n")
    following = subprocess.Popen(
        [sys.executable, "-u", "-m", "standby", "log", "-f"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert "first\n" == following.stdout.readline()
        with where.log_file.open("a") as log:
            log.write("second\n")
        assert "second\n" == following.stdout.readline()
        where.log_file.unlink()
        where.log_file.write_text("new\n")
        assert "new\n" == following.stdout.readline()
    finally:
        following.kill()
        following.communicate()
