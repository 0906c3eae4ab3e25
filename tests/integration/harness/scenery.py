# SPDX-License-Identifier: Apache-2.0
"""A gateway with something to see: people with and without second factors, targets, policies, requests in every state,
sessions that run and that have ended."""
import subprocess

from .portal import Browser, listening
from .target import keygen, public_line
from .tmux import Tmux
from .totp import enrol
from .world import USER, USER_PASSWORD, World

NGINX = """\
# web1: the shop's front.  Managed by hand until the move.
user  www-data;
worker_processes  auto;

events { worker_connections  1024; }

http {
    include       mime.types;
    sendfile      on;
    keepalive_timeout  65;

    upstream shop {
        server 10.20.0.11:8080 weight=3;
        server 10.20.0.12:8080;
        server 10.20.0.13:8080 backup;
    }

    server {
        listen       443 ssl;
        server_name  shop.example.org;
        location / {
            proxy_pass  http://shop;
            proxy_set_header  Host $host;
        }
    }
}
"""

PATHS = ("/cart", "/cart/items", "/login", "/products/4411", "/products/2187", "/search?q=lamp", "/checkout")
RELEASE = """\
shop 4.12.1                                     stable
  front      3 of 3 ready      image shop-front:4.12.1
  cart       2 of 2 ready      image shop-cart:4.12.0
  payments   1 of 2 ready      image shop-payments:4.11.7   restarting
"""
FOLLOW = """\
#!/bin/bash
# Shows an access log as it grows, for ever.
n=0
while IFS= read -r line; do
  case "$line" in *' 500 '*) printf '\\033[31m%s\\033[0m\\n' "$line";; *' 302 '*) printf '\\033[33m%s\\033[0m\\n' "$line";; *) printf '%s\\n' "$line";; esac
  n=$((n + 1))
  [ $n -lt 24 ] || sleep 2
done < <(while :; do cat access.log; done)
"""


def log_lines(count=120):
    for number in range(count):
        status = 500 if number % 17 == 5 else 302 if number % 7 == 3 else 200
        yield f"10.20.3.{number * 37 % 250} - - [14:{number // 60:02}:{number % 60:02}] \"GET {PATHS[number % len(PATHS)]}\" {status} {number * 791 % 9000 + 120}\n"


class Scenery(World):
    """carol administers, bob and carol decide, erin audits, alice and dave work."""

    def __init__(self, build, folder, account, pages):
        super().__init__(build, folder, account, dropbear=False,
                         config=listening({"node": "gw1", "portal": {"pages": str(pages)},
                                           "limits": {"source_guesses_per_minute": 100_000, "preauth_per_source": 10_000, "auth_tries": 50}}))
        self.keys = {USER: self.user_key}
        self.terminals = []
        self.files()

    def files(self):
        home = self.account.home
        (home / "nginx.conf").write_text(NGINX)
        (home / "access.log").write_text("".join(log_lines()))
        (home / "release").write_text(RELEASE)
        (home / "follow").write_text(FOLLOW)
        (home / "follow").chmod(0o755)
        self.account.own(home)

    def declare(self):
        super().declare()
        for name in ("bob", "carol", "dave", "erin"):
            self.keys[name] = keygen(self.folder / f"{name}_key", comment=f"{name}@laptop")
        shell = {"targets": {"env": "prod"}, "accounts": ["root"], "allow": ["shell", "exec", "sftp"]}
        self.gateway.apply(
            {"kind": "user", "name": USER, "description": "Alice Okafor, operations", "email": "alice@example.org", "groups": ["ops"],
             "public_keys": [public_line(self.user_key)]},
            self.person("bob", "Bob Lindqvist, lead of operations", groups=["leads"]),
            self.person("carol", "Carol Meyer, platform", roles=["administrator"], groups=["leads"]),
            self.person("dave", "Dave Castro, operations", groups=["ops", "on-call"]),
            self.person("erin", "Erin Novak, revision", roles=["auditor"]),
            {"kind": "user", "name": "frank", "description": "Left in March", "groups": ["ops"], "disabled": True},
            {"kind": "group", "name": "on-call", "members": ["alice"], "description": "Who carries the telephone this week"},
            self.machine("web1", "The shop's front, first of two", role="front"),
            self.machine("web2", "The shop's front, second of two", role="front"),
            self.machine("db1", "PostgreSQL of the shop: the primary", role="database"),
            {"kind": "target", "name": "switch1", "protocol": "telnet", "address": "10.20.9.2:23", "labels": {"env": "lab"}, "description": "Rack 4, above"},
            {"kind": "account", "name": "root", "targets": {"env": "prod"}, "login": "certificate", "login_name": self.account.name},
            {"kind": "policy", "name": "root-on-prod", "description": "Root is for changes that somebody has agreed to.", "subjects": {"groups": ["ops"]}, **shell,
             "require": {"approval": {"approvers": {"groups": ["leads"]}, "valid": "2h", "break_glass": True}}},
            {"kind": "policy", "name": "lab-by-day", "description": "The lab, in office hours", "subjects": {"groups": ["ops"]}, "targets": {"env": "lab"}, "accounts": ["deploy"],
             "allow": ["shell"], "when": {"days": ["mon", "tue", "wed", "thu", "fri"], "hours": "08:00-18:00", "zone": "Europe/Berlin"}},
            {"kind": "policy", "name": "ops-on-front", "description": "Older than ops-on-prod", "subjects": {"groups": ["ops"]}, "targets": {"role": "front"}, "accounts": ["deploy"],
             "allow": ["shell"]})
        for name in ("bob", "carol", "dave", "erin"):
            self.gateway.cli("user", "set-password", name, input=USER_PASSWORD + "\n")
        enrol(self.gateway, "erin", recovery_codes=True)

    def person(self, name, description, **more):
        return {"kind": "user", "name": name, "description": description, "email": f"{name}@example.org", "public_keys": [public_line(self.keys[name])], **more}

    def machine(self, name, description, **labels):
        return {"kind": "target", "name": name, "protocol": "ssh", "address": self.target.address, "description": description,
                "labels": {"env": "prod", "kind": "openssh", **labels}, "host_keys": [self.target.key_line]}

    # --- what happens there ---------------------------------------------------------------------------------------------
    def as_user(self, user, account, target):
        return ["-l", f"{user}@{account}@{target}", "-i", str(self.keys[user])]

    def terminal(self, user, account, target, columns=100, rows=30):
        """A user at a terminal, at the prompt of the target."""
        one = Tmux(self.folder / f"terminal{len(self.terminals)}", self.ssh_argv("via", options=["-tt", *self.as_user(user, account, target)]), columns, rows)
        self.terminals.append(one)
        one.wait_prompt()
        return one

    def happen(self):
        """Returns the ids of the sessions that the pictures show: `live`, `paused`, `past`."""
        self.refusals()
        self.programs()
        past = self.a_whole_session()
        self.requests()
        shown = {"past": past, "live": self.a_live_session(USER, "deploy", "web1", "vim nginx.conf", "server_name")}
        self.a_live_session("dave", "deploy", "db1", "./follow", "checkout")
        shown["paused"] = self.a_live_session(USER, "keyed", "web2", "cat release", "payments")
        self.gateway.cli("session", "pause", shown["paused"], "wait: bob looks at it first")
        return shown

    def refusals(self):
        self.ssh("via", "true", options=["-l", "nobody@deploy@web1"])
        self.ssh("via", "true", options=self.as_user("bob", "deploy", "web1"))
        self.ssh("via", "true", options=["-W", "10.20.0.11:8080", *self.as_user("dave", "deploy", "web1")])
        stranger = Browser(self.gateway)
        stranger.sign_in("dave", "not this one")
        stranger.close()

    def programs(self):
        for user, target, command in ((USER, "web1", "grep -c ' 500 ' access.log"), ("dave", "db1", "cat release"), ("dave", "web2", "sha256sum nginx.conf"),
                                      (USER, "web2", "tail -n 20 access.log")):
            assert self.ssh("via", command, options=self.as_user(user, "deploy", target)).returncode == 0
        copied = subprocess.run(["scp", "-q", "-F", str(self.ssh_config), "-o", f"User={USER}@deploy@web1", str(self.account.home / "release"), "via:release.new"],
                                capture_output=True, timeout=60)
        assert copied.returncode == 0, copied

    def a_whole_session(self):
        """A session that has ended; its recording's id."""
        one = self.terminal(USER, "deploy", "web1")
        identifier = self.gateway.live_session(user=USER)["id"]
        for command, shown in (("cat release", "payments"), ("grep ' 500 ' access.log | head -n 5", "500"), ("wc -l access.log", "120 access.log")):
            one.enter(command)
            one.wait(shown)
            one.wait_prompt()
        one.enter("vim nginx.conf")
        one.wait("server_name")
        one.type("/weight=3")
        one.send("Enter")
        one.type("A # was 2")
        one.settled()
        one.send("Escape")
        one.enter(":q!")
        one.wait_prompt()
        one.enter("exit")
        self.gateway.sealed(identifier)
        return identifier

    def a_live_session(self, user, account, target, command, shown):
        one = self.terminal(user, account, target)
        one.enter(command)
        one.wait(shown)
        return self.gateway.live_session(user=user, account=account, target=target)["id"]

    def requests(self):
        def ask(user, account, target, reason, **more):
            made = browsers[user].post("/requests", {"account": account, "targets": [target], "reason": reason, **more})
            assert made.status == 200, made.body
            return made.json["id"]

        def decide(verdict, request, comment):
            made = browsers["bob"].post(f"/requests/{request}/{verdict}", {"comment": comment})
            assert made.status == 200, made.body

        browsers = {}
        for user in (USER, "dave", "bob"):
            browsers[user] = Browser(self.gateway)
            assert browsers[user].sign_in(user, USER_PASSWORD).status == 201
        decide("deny", ask("dave", "root", "web1", "Have a look around"), "Say what you look for, please.")
        decide("approve", ask(USER, "root", "db1", "Restart the replica after the kernel update", ticket="OPS-4188"), "Until four, and tell me when it is done.")
        ask("dave", "root", "web2", "Payments are down and nobody answers", break_glass=True)
        ask("dave", "root", "web1", "Renew the certificate of shop.example.org: it ends on Friday", ticket="OPS-4211", for_seconds=3600, max_sessions=1)
        ask(USER, "root", "web2", "Grow the file system of /var", for_seconds=7200)
        for one in browsers.values():
            one.close()

    def stop(self):
        for one in self.terminals:
            one.close()
        super().stop()
