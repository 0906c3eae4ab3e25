# SPDX-License-Identifier: Apache-2.0
"""A browser without a screen: HTTPS to a gateway's portal, one connection at a time, and raw bytes for what no browser sends."""
import http.client
import json
import socket
import ssl
import urllib.parse


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """Of a problem."""
        return self.json["code"]


def listening(config=None):
    """A gateway's configuration, with a portal on a free port."""
    out = {"listen": {"ssh": "127.0.0.1:0", "portal": "127.0.0.1:0"}}
    out.update(config or {})
    return out


class Browser:
    """One user's: keeps the cookie, and one connection while the gateway keeps it."""

    def __init__(self, gateway, ca=None):
        address = urllib.parse.urlparse(gateway.ready["portal"])
        self.host, self.port = address.hostname, address.port
        self.authority = f"{self.host}:{self.port}"
        self.origin = f"https://{self.authority}"
        self.cookie = None
        self.context = ssl.create_default_context(cadata=ca or gateway.cli("ca", "show", "tls"))
        self.connection = None

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def ask(self, method, path, body=None, headers=None, api=True, fresh=False):
        if fresh:
            self.close()
        for attempt in range(2):
            if self.connection is None:
                self.connection = http.client.HTTPSConnection(self.host, self.port, context=self.context, timeout=20)
                attempt = 1
            try:
                return self._ask(method, path, body, headers, api)
            except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLError):
                self.close()  # the gateway ended it while it was idle
                if attempt == 1:
                    raise
        raise AssertionError("no answer")

    def _ask(self, method, path, body, headers, api):
        sent = {}
        if method not in ("GET", "HEAD"):
            sent |= {"X-Sallyport": "1", "Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        if self.cookie:
            sent["Cookie"] = f"__Host-sallyport={self.cookie}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        sent |= headers or {}
        sent = {name: value for name, value in sent.items() if value is not None}
        self.connection.request(method, ("/api/v1" if api else "") + path, body=body, headers=sent)
        response = self.connection.getresponse()
        answer = Answer(response, response.read())
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, rest = line.partition("=")
            if name == "__Host-sallyport":
                self.cookie = rest.split(";", 1)[0] or None
                self.cookie_line = line
        if response.will_close:
            self.close()
        return answer

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.ask("POST", path, body, **options)

    def sign_in(self, user, password, code=None):
        body = {"user": user, "password": password}
        if code is not None:
            body["code"] = code
        return self.post("/session", body)

    def raw(self, data=b"", seconds=10):
        """A TLS connection of its own, on which these bytes were sent."""
        plain = socket.create_connection((self.host, self.port), timeout=seconds)
        wrapped = self.context.wrap_socket(plain, server_hostname=self.host)
        if data:
            wrapped.sendall(data)
        return wrapped

    def says(self, data, seconds=10):
        """All that comes until the gateway ends the connection, which it may do before it has read all of `data`."""
        out = b""
        with self.raw(seconds=seconds) as connection:
            try:
                connection.sendall(data)
            except (ConnectionError, ssl.SSLError):
                pass
            try:
                while chunk := connection.recv(65536):
                    out += chunk
            except (ConnectionError, ssl.SSLError):
                pass
        return out
