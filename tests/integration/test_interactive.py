# SPDX-License-Identifier: Apache-2.0
"""Terminals: the same keys typed at a direct and at a gateway session give the same screen, cell by cell, with attributes."""
import time

import pytest

from harness.process import until

COLOURS = ("for i in $(seq 0 60); do printf '\\033[38;2;%d;%d;%dm\\033[48;2;%d;10;%dm#' $((i*4)) $((255-i*4)) 128 $((i*2)) $((i*3)); done;"
           " printf '\\033[0m\\n\\033[1;4;38;5;208mbold underlined orange\\033[0m \\033[7mreverse\\033[27m \\033[3mitalic\\033[0m\\n';"
           " printf 'wide: \\xe6\\xbc\\xa2\\xe5\\xad\\x97 combining: e\\xcc\\x81 box: \\xe2\\x94\\x8c\\xe2\\x94\\x80\\xe2\\x94\\x90\\n'")


@pytest.fixture
def pair(world, terminal):
    """Two terminals, direct and through the gateway, at their prompts."""
    both = [terminal(world.ssh_argv(host, options=["-tt"])) for host in ("direct", "via")]
    for one in both:
        one.wait_prompt()
    return both


def on_both(pair, act):
    for one in pair:
        act(one)


def same_screen(pair):
    """Both come to show the same; each draws in its own time."""
    deadline = time.monotonic() + 15
    while True:
        direct, via = (one.settled() for one in pair)
        cursors = [one.cursor() for one in pair]
        if (via == direct and cursors[0] == cursors[1]) or time.monotonic() > deadline:
            break
    assert via == direct
    assert cursors[0] == cursors[1]
    return via


def test_prompt_echo_and_line_editing(pair):
    on_both(pair, lambda t: t.type("echo one twoo"))
    on_both(pair, lambda t: t.send("BSpace", "C-a", "M-f", "C-k"))
    on_both(pair, lambda t: t.enter(" edited"))
    assert "edited" in same_screen(pair)


def test_24_bit_colour_and_unicode(pair):
    on_both(pair, lambda t: t.enter("clear; " + COLOURS))
    on_both(pair, lambda t: t.wait("wide: 漢字"))  # what was typed spells it in escapes
    screen = same_screen(pair)
    assert "38;2;240;15;128" in screen and "漢字" in screen


def test_terminal_modes_and_size_arrive(pair):
    on_both(pair, lambda t: t.enter("clear; stty -a; echo $TERM; stty size"))
    on_both(pair, lambda t: t.wait("30 100"))
    same_screen(pair)


def test_vim_with_resize(pair, account):
    (account.home / "code.c").write_text("".join(f"int function_{n}(void) {{ return {n}; }}  /* comment {n} */\n" for n in range(200)))
    account.own(account.home / "code.c")
    on_both(pair, lambda t: t.enter("clear; vim code.c"))
    on_both(pair, lambda t: t.wait("function_10"))
    same_screen(pair)
    on_both(pair, lambda t: t.send("G", "g", "g", "5", "j", "d", "d", "p", "V", "j"))
    same_screen(pair)
    on_both(pair, lambda t: t.resize(140, 45))
    on_both(pair, lambda t: t.wait("function_40"))
    same_screen(pair)
    on_both(pair, lambda t: t.resize(60, 15))
    same_screen(pair)
    on_both(pair, lambda t: t.send("Escape"))
    on_both(pair, lambda t: t.enter(":q!"))
    on_both(pair, lambda t: t.wait_prompt())
    same_screen(pair)


def test_htop_draws_and_follows_a_resize(pair):
    """Its numbers move, so: the same frame, in the same colours, at both sizes."""
    on_both(pair, lambda t: t.enter("clear; htop -d 50"))

    def frame(one):
        rows = one.settled(quiet=0.3).splitlines()
        header = next((row for row in rows if "PID" in row and "USER" in row), "")
        return header and (rows.index(header), header, rows[-1].rstrip())

    for size in ((100, 30), (130, 40)):
        on_both(pair, lambda t: t.resize(*size))
        on_both(pair, lambda t: t.wait("F10"))
        # Each redraws in its own time.
        deadline = time.monotonic() + 15
        frames = [frame(one) for one in pair]
        while not (frames[0] and frames[0] == frames[1]) and time.monotonic() < deadline:
            frames = [frame(one) for one in pair]
        assert frames[0] == frames[1]
        assert "\x1b[" in frames[0][1]
    on_both(pair, lambda t: t.send("q"))
    on_both(pair, lambda t: t.wait_prompt())


def test_interrupt_suspend_and_end_of_file(pair):
    # One step after the other: what is typed ahead is echoed when the terminal gets to it, here or there.
    on_both(pair, lambda t: t.enter("clear; echo going; sleep 100"))
    on_both(pair, lambda t: t.wait("going\n"))
    on_both(pair, lambda t: t.send("C-c"))
    on_both(pair, lambda t: t.wait_prompt())
    on_both(pair, lambda t: t.enter("echo again; sleep 200"))
    on_both(pair, lambda t: t.wait("again\n"))
    on_both(pair, lambda t: t.send("C-z"))
    on_both(pair, lambda t: t.wait("Stopped"))
    # Brought back and interrupted: a job that is killed while it is stopped is announced when the shell gets to it.
    on_both(pair, lambda t: t.enter("fg"))
    on_both(pair, lambda t: t.wait("fg\nsleep 200\n"))
    for one in pair:
        def interrupted():
            one.send("C-c")
            return one.at_prompt()
        until(interrupted, what=lambda: f"a prompt after the interrupt:\n{one.screen(False)}", every=0.3)
    on_both(pair, lambda t: t.enter("clear; echo reading; cat"))
    on_both(pair, lambda t: t.wait("reading\n"))
    on_both(pair, lambda t: t.enter("typed to cat"))
    on_both(pair, lambda t: t.wait("typed to cat\ntyped to cat"))
    on_both(pair, lambda t: t.send("C-d"))
    on_both(pair, lambda t: t.wait_prompt())
    same_screen(pair)


def test_flood_then_interrupt(pair):
    via = pair[1]
    via.enter("clear; yes flood")
    via.wait("flood\nflood\nflood")
    via.send("C-c")
    via.wait_prompt(10)
    via.enter("clear; echo after' the 'flood")
    via.wait("after the flood", 10)


def test_exit_status_of_the_shell(world, terminal):
    one = terminal(f"sh -c '{' '.join(world.ssh_argv('via', options=['-tt']))}; echo status $?'")
    one.wait_prompt()
    one.enter("exit 9")
    one.wait("status 9")


def test_menu_searches_and_connects(world, terminal):
    """ssh USER@gateway: a menu of what the person may reach; typing narrows it."""
    one = terminal(world.ssh_argv("gateway", options=["-tt"]))
    one.wait("web1")
    one.wait("small1")
    one.type("deploy")
    # Certificates do not open small1, so that leaves only web1.
    until(lambda: "small1" not in one.screen(False), what=lambda: f"a narrower menu:\n{one.screen(False)}")
    one.wait("web1")
    assert "small1" not in one.settled()
    one.send("Enter")
    one.wait_prompt()
    one.enter("echo in $((40+2)); stty size")
    one.wait("in 42")
    one.wait("30 100")
    newest = world.gateway.newest_recording()
    assert (newest["account"], newest["target"]) == ("deploy", "web1")


def test_without_a_target_a_command_is_told_how_to_name_one(world):
    result = world.ssh("gateway", "id")
    assert result.returncode != 0 and result.stdout == b""
    assert b"@" in result.stderr and b"web1" in result.stderr
