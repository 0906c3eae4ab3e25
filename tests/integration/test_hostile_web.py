# SPDX-License-Identifier: Apache-2.0
"""A web front that was taken over: one signature, one user, and nothing that is another's."""
import pathlib
import socket
import tempfile
import urllib.parse

import pytest

from harness.hostile import faults
from harness.portal import listening
from harness.process import until
from harness.puppet import CONTROL, EVENT, Puppet, libexec
from harness.world import USER, USER_PASSWORD, World


@pytest.fixture(scope="module")
def web_world(build, folder, account, messages, store):
    own = pathlib.Path(tempfile.mkdtemp(prefix="hw", dir=folder))
    own.chmod(0o755)
    world = World(build, own, account, dropbear=False,
                  config=listening({"libexec_dir": str(libexec(build, own / "l", web=True)), "limits": {"preauth_seconds": 20}}))
    try:
        world.start()
        world.gateway.apply({"kind": "user", "name": "bob", "roles": ["administrator"]})
        world.gateway.cli("user", "set-password", "bob", input=USER_PASSWORD + "\n")
        yield world
    finally:
        world.stop()


class Front:
    """A taken-over front, after its handshake unless told otherwise."""

    def __init__(self, world, handshake=True):
        import ipc.web_pb2 as pb
        self.pb = pb
        address = urllib.parse.urlparse(world.gateway.ready["portal"])
        self.puppet = Puppet(socket.create_connection((address.hostname, address.port)))
        self.number = 0
        self.puppet.say("")  # the first byte has it forked
        start = self.hear()
        assert start.HasField("start") and start.start.chain
        if handshake:
            self.sign()
            assert self.hear().signed.signature

    def say(self, kind=CONTROL, **fields):
        message = self.pb.WebToBroker()
        for name, value in fields.items():
            getattr(message, name).CopyFrom(value)
        self.puppet.send(kind, message)

    def sign(self, kind=0, data=b"d" * 32):
        self.say(sign=self.pb.WebSignatureDue(kind=kind, bytes=data))

    def hear(self):
        raw = self.puppet.raw()
        if raw is None:
            return None
        message = self.pb.BrokerToWeb()
        message.ParseFromString(raw[1:])
        return message

    def request(self, method, *path, number=None, **more):
        self.number = self.number + 1 if number is None else number
        more.setdefault("host", "gw")
        return self.pb.WebRequest(number=self.number, method=method, path=["v1", *path], **more)

    def body(self, value, **more):
        """The message that a front makes of a body."""
        more.setdefault("number", self.number)
        tokens = []

        def add(value, name=b""):
            if isinstance(value, dict):
                tokens.append(self.pb.WebToken(name=name, object=True))
                for key, one in value.items():
                    add(one, key.encode())
            elif isinstance(value, list):
                tokens.append(self.pb.WebToken(name=name, list=True))
                for one in value:
                    add(one)
            else:
                kind = {bool: "flag", int: "number"}.get(type(value), "text")
                tokens.append(self.pb.WebToken(name=name, **{kind: value.encode() if kind == "text" else value}))
                return
            tokens.append(self.pb.WebToken(end=True))

        add(value)
        return self.pb.WebBody(tokens=tokens, **({"last": True} | more))

    def ask(self, method, *path, body=None, **more):
        """(head, body), or None when the broker ended this front."""
        if method != "GET":
            more = {"marked": True, "origin": "https://gw", "content_type": "application/json"} | more
        self.say(request=self.request(method, *path, body_bytes=1000 if body else 0, **more))
        if body:
            self.say(body=self.body(body))
        message = self.hear()
        if message is None:
            return None
        head, body = message.head, b""
        while head.length != 0 and head.status != 204:
            piece = self.hear()
            body += piece.piece.bytes
            if piece.piece.last:
                break
        return head, body

    def sign_in(self, user):
        head, body = self.ask("POST", "session", body={"user": user, "password": USER_PASSWORD})
        assert head.status == 201, body
        return head.set_cookie

    def gone(self):
        while self.hear() is not None:
            pass
        return True


def test_a_puppet_that_behaves_is_a_front(web_world):
    front = Front(web_world)
    cookie = front.sign_in(USER)
    head, body = front.ask("GET", "session", cookie=cookie)
    assert head.status == 200 and b'"user":"alice"' in body


@pytest.mark.parametrize("kind, data", [(0, b"x"), (0, b""), (1, b"d" * 32), (2, b"d" * 256), (7, b"d" * 32)])
def test_it_signs_digests_alone(web_world, kind, data):
    front = Front(web_world, handshake=False)
    front.sign(kind, data)
    assert front.gone()
    assert "handshake" in faults(web_world)[-1]["fault"] or "signature" in faults(web_world)[-1]["fault"]


def test_it_has_one_signature(web_world):
    front = Front(web_world)
    front.sign()
    assert front.gone() and "phase" in faults(web_world)[-1]["fault"]


def test_it_gets_nothing_of_another_user_once_it_is_bound(web_world):
    bobs = Front(web_world)
    cookie_of_bob = bobs.sign_in("bob")
    front = Front(web_world)
    cookie = front.sign_in(USER)
    head, body = front.ask("GET", "audit", cookie=cookie_of_bob)
    assert head.status == 421 and b"items" not in body
    assert front.ask("GET", "audit", cookie=cookie)[0].status == 403
    assert front.ask("GET", "audit")[0].status == 401
    # Who is signed in is no matter of what the front says.
    assert front.ask("GET", "audit", cookie=cookie, forwarded_for="127.0.0.1", token=cookie_of_bob)[0].status == 403
    assert bobs.ask("GET", "audit", cookie=cookie_of_bob)[0].status == 200, "as bob it would have been an answer"


NO_TREES = {
    "no value": [], "a text": [{"text": b"x"}], "not whole": [{"object": True}], "a name twice": [{"object": True}, *2 * [{"name": b"a", "text": b"x"}], {"end": True}],
    "no utf-8 in it": [{"object": True}, {"name": b"a", "text": b"\xff"}, {"end": True}], "an end too many": [{"object": True}, {"end": True}, {"end": True}],
    "too deep": [{"object": True}, {"name": b"a", "list": True}, *40 * [{"list": True}], *42 * [{"end": True}]],
    "larger than said": [{"object": True}, {"name": b"a", "text": b"x" * 2000}, {"end": True}],
}


@pytest.mark.parametrize("name", ["early request", "early body", "frame", "event", "nonsense", "unknown", "number", "number again", "two at once", "body of none",
                                  "body after the last", "no utf-8", "long path", "long frame", *NO_TREES])
def test_what_no_front_says_ends_it_alone(web_world, name):
    bystander = Front(web_world)
    cookie = bystander.sign_in(USER)
    front = Front(web_world, handshake=name not in ("early request", "early body"))
    pb = front.pb
    seen = len(faults(web_world))
    if name == "two at once":
        front.say(request=front.request("POST", "session", marked=True, content_type="application/json", body_bytes=10))
        front.say(request=front.request("GET", "session"))
    elif name in ("early request", "number", "number again", "long path"):
        path = ("x" * 65_000,) if name == "long path" else ("session",)
        numbers = {"number": [5], "number again": [1, 1]}.get(name, [1])
        for number in numbers:
            if number == 1 and name == "number again" and front.number == 1:
                front.hear(), front.hear()
            front.say(request=front.request("GET", *path, number=number))
    elif name in ("early body", "body of none"):
        front.say(body=front.body({}, number=1))
    elif name == "frame":
        front.say(frame=pb.WebFrame(number=1, bytes=b"x"))
    elif name == "long frame":
        front.say(frame=pb.WebFrame(number=1, bytes=b"x" * 60_000))
    elif name == "event":
        front.puppet.send(EVENT, b"x")
    elif name == "nonsense":
        front.puppet.send(CONTROL, b"\xff\xff\xff")
    elif name == "unknown":
        front.puppet.send(CONTROL, b"\xfa\x07\x00")
    elif name == "body after the last":
        front.say(request=front.request("POST", "session", marked=True, content_type="application/json", body_bytes=100))
        front.say(body=front.body({"user": "a", "password": "b"}))
        front.say(body=front.body({}))
    elif name in NO_TREES:
        front.say(request=front.request("POST", "session", marked=True, content_type="application/json", body_bytes=1000))
        front.say(body=pb.WebBody(number=1, tokens=[pb.WebToken(**token) for token in NO_TREES[name]], last=True))
    elif name == "no utf-8":
        message = front.pb.WebToBroker(request=front.request("GET", "sessions", "AAAA"))
        front.puppet.send(CONTROL, message.SerializeToString().replace(b"AAAA", b"\xff\xfe\xfd\xfc"))
    assert front.gone()
    until(lambda: len(faults(web_world)) > seen, 10, "the fault is in the audit log")
    assert faults(web_world)[-1]["worker"] == "front-web"
    assert bystander.ask("GET", "session", cookie=cookie)[0].status == 200


def test_the_body_of_a_stranger_is_not_taken(web_world):
    front = Front(web_world)
    front.say(request=front.request("POST", "resources", marked=True, content_type="application/json", cookie=b"x" * 43, body_bytes=4_000_000))
    for _ in range(20):
        front.say(body=front.body({"items": ["x" * 40_000]}, last=False))
    status = None
    while status is None:
        message = front.hear()
        assert message is not None
        if message.HasField("head"):
            status = message.head.status
    assert status == 401


class Terminal:
    """What a taken-over front does with a terminal of its user's."""

    def __init__(self, world, target="web1", account="deploy"):
        self.front = Front(world)
        self.cookie = self.front.sign_in(USER)
        pb = self.front.pb
        query = [pb.WebParameter(name="target", value=target), pb.WebParameter(name="account", value=account)]
        self.front.say(request=self.front.request("GET", "connect", cookie=self.cookie, origin="https://gw", upgrade=True, query=query))
        self.number, self.room, self.shown, self.states = self.front.number, 0, b"", []
        self.session = self.until(lambda m: m.HasField("connected")).connected.session

    def until(self, wanted):
        while True:
            message = self.front.hear()
            assert message is not None, "the broker ended it"
            if message.HasField("room"):
                self.room += message.room.bytes
            elif message.HasField("screen"):
                self.shown += message.screen.bytes
            elif message.HasField("state"):
                self.states.append(message.state.state)
            if wanted(message):
                return message

    def live(self):
        self.until(lambda m: m.HasField("state") and m.state.state == "live")
        if self.room == 0:  # sshd says how much it takes when the shell runs
            self.until(lambda m: self.room > 0)
        return self

    def type(self, keys, **more):
        self.front.say(typed=self.front.pb.WebTyped(number=more.get("number", self.number), bytes=keys))

    def resize(self, columns, rows):
        self.front.say(resize=self.front.pb.WebResize(number=self.number, columns=columns, rows=rows))


def over(world, session):
    until(lambda: any(s["id"] == session and s["state"] == "ended" for s in world.gateway.sessions(everything=True)), 15, "the session's end")


def test_a_puppet_that_behaves_has_a_terminal(web_world):
    one = Terminal(web_world).live()
    assert one.room > 0
    one.type(b"echo shown-$((1+1))-here\r")
    one.until(lambda m: b"shown-2-here" in one.shown)
    one.type(b"exit 3\r")
    assert one.until(lambda m: m.HasField("end")).end.status == 3
    one.front.puppet.connection.close()
    over(web_world, one.session)


@pytest.mark.parametrize("name", ["before the shell", "more than the room", "another number", "a second request", "taken too much", "no size", "huge size", "answer to nothing", "event"])
def test_what_no_front_says_of_a_terminal_ends_it_alone(web_world, name):
    bystander = Terminal(web_world).live()
    one = Terminal(web_world)
    pb = one.front.pb
    if name != "before the shell":
        one.live()
    seen = len(faults(web_world))
    if name == "before the shell":
        one.type(b"x")
    elif name == "more than the room":
        one.type(b"stty raw -echo; echo raw-$((1+1)); sleep 60\r")
        one.until(lambda m: b"raw-2" in one.shown)
        for _ in range(150):  # more than the target's window and the kernel's terminal have together
            one.type(b"#" * 32_000)
    elif name == "another number":
        one.type(b"x", number=one.number + 1)
    elif name == "a second request":
        one.front.say(request=one.front.request("GET", "session", cookie=one.cookie))
    elif name == "taken too much":
        one.front.say(taken=pb.WebTaken(number=one.number, bytes=100_000_000))
    elif name in ("no size", "huge size"):
        one.resize(0 if name == "no size" else 100_000, 24)
    elif name == "answer to nothing":
        one.front.say(proof=pb.WebProof(number=one.number, secret=b"x"))
    elif name == "event":
        one.front.puppet.send(EVENT, b"x")
    assert one.front.gone()
    over(web_world, one.session)
    until(lambda: len(faults(web_world)) > seen, 10, "the fault is in the audit log")
    assert faults(web_world)[-1]["session"] == one.session
    bystander.type(b"echo still-$((1+1))\r")
    bystander.until(lambda m: b"still-2" in bystander.shown)
    bystander.front.puppet.connection.close()
    over(web_world, bystander.session)


@pytest.mark.parametrize("name", ["typed", "resize", "taken", "proof"])
@pytest.mark.parametrize("asked", ["nothing", "a list"])
def test_without_a_terminal_nobody_types(web_world, name, asked):
    front = Front(web_world)
    cookie = front.sign_in(USER)
    if asked == "a list":
        front.ask("GET", "session", cookie=cookie)
    pb = front.pb
    one = {"typed": pb.WebTyped(number=front.number, bytes=b"x"), "resize": pb.WebResize(number=front.number, columns=80, rows=24),
           "taken": pb.WebTaken(number=front.number, bytes=1), "proof": pb.WebProof(number=front.number, secret=b"x")}[name]
    front.say(**{name: one})
    assert front.gone() and "terminal" in faults(web_world)[-1]["fault"]


def test_it_connects_as_its_own_user_alone(web_world):
    bobs = Front(web_world)
    cookie_of_bob = bobs.sign_in("bob")
    front = Front(web_world)
    front.sign_in(USER)
    pb = front.pb
    query = [pb.WebParameter(name="target", value="web1"), pb.WebParameter(name="account", value="deploy")]
    head, _ = front.ask("GET", "connect", cookie=cookie_of_bob, origin="https://gw", upgrade=True, query=query)
    assert head.status == 421
    # Whom no policy lets connect is refused, whatever the front is.
    bobs.say(request=bobs.request("GET", "connect", cookie=cookie_of_bob, origin="https://gw", upgrade=True, query=query))
    while True:
        message = bobs.hear()
        assert message is not None
        if message.HasField("end"):
            break
    assert message.end.status == 255
    assert not [s for s in web_world.gateway.sessions() if s["user"] == "bob"]


def test_floods_of_sizes_come_to_few_and_keys_wait_for_the_target(web_world):
    one = Terminal(web_world).live()
    one.type(b"stty -echo; sleep 5; stty size; exit\r")
    for n in range(5000):
        one.resize(50 + n % 50, 20)
    sent = 0
    while one.room - sent >= 32_000:
        one.type(b"#" * 32_000)
        sent += 32_000
    one.until(lambda m: m.HasField("end"))
    one.front.puppet.connection.close()
    over(web_world, one.session)
    web_world.gateway.sealed(one.session)
    sizes = [e for e in web_world.gateway.events(one.session) if e.get("request") == "window-change"]
    assert 1 <= len(sizes) < 300
