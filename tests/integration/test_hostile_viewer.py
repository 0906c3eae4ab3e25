# SPDX-License-Identifier: Apache-2.0
"""A viewer that was taken over by the recording that it decodes: one answer to the one who asked, and nothing else."""
import pathlib
import tempfile

import pytest

from harness.hostile import faults
from harness.portal import Browser, listening
from harness.process import until
from harness.puppet import CONTROL, libexec
from harness.world import USER_PASSWORD, World

ATTEMPTS = ["execve", "ptrace", "process_vm_readv", "unshare", "clone3", "mmap exec", "open", "openat", "socket inet", "socket unix", "memfd_create", "F_DUPFD", "kill",
            "sendmsg with descriptor"]


@pytest.fixture(scope="module")
def world(build, folder, account, messages, store):
    own = pathlib.Path(tempfile.mkdtemp(prefix="hv", dir=folder))
    own.chmod(0o755)
    world = World(build, own, account, dropbear=False, config=listening({"libexec_dir": str(libexec(build, own / "l", viewer=True))}))
    try:
        world.start()
        world.gateway.apply({"kind": "user", "name": "rita", "roles": ["auditor"]})
        world.gateway.cli("user", "set-password", "rita", input=USER_PASSWORD + "\n")
        yield world
    finally:
        world.stop()


@pytest.fixture
def rita(world):
    one = Browser(world.gateway)
    assert one.sign_in("rita", USER_PASSWORD).status == 201
    return one


def ordered(world, *orders):
    """A recording that gives its viewer these orders."""
    known = {r["id"] for r in world.gateway.recordings()}
    world.ssh("via", "cat", input="".join(f"<<{order}>>\n" for order in orders).encode())
    (new,) = until(lambda: [r["id"] for r in world.gateway.recordings() if r["id"] not in known], what="a new recording")
    world.gateway.sealed(new)
    return new


def message(kind=CONTROL, **fields):
    from ipc import viewer_pb2
    out = viewer_pb2.ViewerToBroker()
    for name, value in fields.items():
        getattr(out, name).CopyFrom(getattr(viewer_pb2, "Viewer" + name.capitalize())(**value))
    return "m " + (kind + out.SerializeToString()).hex()


def broken(world, rita, identifier, what="/events"):
    """How the answer ended."""
    seen = len(faults(world))
    try:
        answer = rita.get(f"/recordings/{identifier}{what}", fresh=True)
        status, body = answer.status, answer.body
    except Exception as error:  # cut off within a chunk
        status, body = type(error).__name__, getattr(error, "partial", b"")
    until(lambda: len(faults(world)) > seen, 20, "the fault is in the audit log")
    fault = faults(world)[-1]
    assert fault["worker"] == "viewer" and fault["session"] == identifier and fault["actor"] == "rita"
    assert rita.get("/session", fresh=True).status == 200, "nobody else notices"
    until(lambda: not world.gateway.workers("viewer"), 10, "it is gone")
    return status, body, fault["fault"]


def test_a_puppet_that_behaves_is_a_viewer(world, rita):
    answer = rita.get(f"/recordings/{ordered(world, 'say {}', message(lines={'last': True}))}/events")
    assert answer.status == 200 and answer.body == b"{}\n"


def test_it_can_lie_about_this_recording_in_words_alone(world, rita):
    proof = {"sound": True, "state": "\"}<script>", "findings": [{"where": "x", "what": "\x1b]0;"}]}
    answer = rita.get(f"/recordings/{ordered(world, message(proof=proof))}")
    assert answer.status == 200
    assert answer.json["verification"]["state"] == "\"}<script>" and answer.json["recording"]["user"] == "alice"


LIES = {
    "nonsense": ("m 02ffffff", "malformed"),
    "nothing": ("m 02", "unknown message"),
    "an event": ("m 01" + b"x".hex(), "an event of a viewer"),
    "another kind": ("m 0978", "unknown kind"),
    "lines without any": (lambda: message(lines={}), "lines without any"),
    "a proof instead of lines": (lambda: message(proof={"sound": True}), "out of phase"),
    "flood": ("flood", "more than it was asked for"),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_no_viewer_says_ends_it(world, rita, lie):
    order, fault = LIES[lie]
    status, body, told = broken(world, rita, ordered(world, order() if callable(order) else order))
    assert fault in told, told
    assert status in (503, "IncompleteRead"), (status, body[:200])


def test_lines_instead_of_a_proof(world, rita):
    status, _, told = broken(world, rita, ordered(world, "say x"), what="")
    assert status == 503 and "out of phase" in told


def test_after_some_lines_the_answer_breaks_off(world, rita):
    status, body, _ = broken(world, rita, ordered(world, "say one", "m 02ffffff"))
    assert status == "IncompleteRead" and body in (b"", b"one\n")


@pytest.mark.parametrize("name", ATTEMPTS)
def test_its_sandbox_holds(world, rita, sanitized, name):
    answer = rita.get(f"/recordings/{ordered(world, f'try {name}', message(lines={'last': True}))}/events")
    if sanitized and answer.status == 200:
        assert answer.body.startswith(b"alive 1\n"), "EPERM is the filter's answer"
        return
    assert answer.status == 503 and answer.code == "viewer-ended", answer.body
    assert "signal 31" in faults(world)[-1]["fault"]
