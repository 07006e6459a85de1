"""Those who come from outside: a script with a token, a browser with cookies, and the mail server that takes the company's mails."""

import hashlib
import hmac
import html
import http.client
import json
import re
import socketserver
import threading
import time
import urllib.parse


class Answer:
    """What came back; status 0 where nobody answered."""

    def __init__(self, status, headers=(), body=b"", took=0.0):
        self.status, self.took = status, took
        self.headers = {name.lower(): value for name, value in headers}
        self.cookies = [value for name, value in headers if name.lower() == "set-cookie"]
        self.text = body.decode("utf-8", "replace")

    @property
    def json(self):
        try:
            return json.loads(self.text)
        except ValueError:
            return {}

    @property
    def words(self):
        """The text of a page's middle, or what a problem says."""
        if "json" in self.headers.get("content-type", ""):
            return f"{self.json.get('title')}: {self.json.get('detail')}"
        problem = re.search(r'<div class="card problem">.*</main>', self.text, re.S)
        middle = problem or re.search(r"<main.*?</main>", self.text, re.S)
        bare = re.sub(r"<(script|style|template).*?</\1>|<[^>]*>", " ", middle.group(0) if middle else self.text, flags=re.S)
        return " ".join(html.unescape(bare).split())

    @property
    def whole(self):
        """A page with all its parts."""
        return self.status == 200 and not re.search(r'class="[^"]*\bmissing\b', self.text)

    def notes(self):
        """What stands in the place of parts that are missing."""
        found = re.findall(r'<(\w+)[^>]*class="[^"]*\bmissing\b[^"]*"[^>]*>(.*?)</\1>', self.text, re.S)
        return [" ".join(html.unescape(re.sub(r"<[^>]*>", " ", words)).split()) for _, words in found]

    def has(self, identity):
        return f'id="{identity}"' in self.text

    @property
    def retry_after(self):
        return self.headers.get("retry-after")

    def __str__(self):
        if not self.status:
            return "nobody answers"
        first = " ".join(self.words.split()[:16])
        again = f", Retry-After {self.retry_after}" if self.retry_after else ""
        return f"{self.status}{again} “{first}…”"


def exchange(port, method, path, body=None, headers=None, timeout=30.0):
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read(), time.monotonic() - began)
    except (OSError, http.client.HTTPException):
        return Answer(0, took=time.monotonic() - began)
    finally:
        connection.close()


class Person:
    """Somebody with a browser and a script, at whichever process they are told."""

    def __init__(self, name, password):
        self.name, self.password = name, password
        self.port, self.token, self.cookies = None, None, {}

    def ask_token(self, port=None):
        body = json.dumps({"username": self.name, "password": self.password})
        return exchange(port or self.port, "POST", "/api/v1/auth/token", body, {"content-type": "application/json"})

    def log_in(self):
        """By browser and by token."""
        answer = self.ask_token()
        self.token = answer.json.get("access_token")
        self.cookies = {}
        self.page("/login")
        entered = self.send("/login", username=self.name, password=self.password)
        if not self.token or entered.status != 303:
            raise OSError(f"{self.name} cannot log in: {answer}, {entered}")
        return self

    def api(self, method, path, body=None, port=None, **headers):
        told = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        told.update({name.replace("_", "-"): value for name, value in headers.items()})
        return exchange(port or self.port, method, path, None if body is None else json.dumps(body), told)

    def get(self, path, port=None):
        return self.api("GET", path, port=port)

    def _browse(self, method, path, body=None, port=None, timeout=30.0, **headers):
        told = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), "accept-language": "en", **headers}
        answer = exchange(port or self.port, method, path, body, told, timeout)
        for cookie in answer.cookies:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return answer

    def page(self, path, port=None, timeout=30.0):
        return self._browse("GET", path, port=port, timeout=timeout)

    def send(self, path, port=None, **fields):
        """A form, as a page of the product would send it."""
        secret = self.cookies.get("ates_session") or self.cookies.get("ates_visit", "")
        fields["csrf"] = hmac.new(secret.encode(), b"ates form", hashlib.sha256).hexdigest()
        headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
        return self._browse("POST", path, urllib.parse.urlencode(fields), port, **headers)


class Mails:
    """A mail server that takes what it is given; it can be away, at the same address."""

    def __init__(self, port):
        self.port, self.taken, self._server = port, [], None

    def open(self):
        mails = self

        class Dialogue(socketserver.StreamRequestHandler):
            def handle(self):
                say = lambda words: self.wfile.write(words.encode() + b"\r\n")
                receiver = None
                say("220 rehearsal")
                for line in self.rfile:
                    word = line[:4].upper().strip()
                    if word == b"RCPT":
                        receiver = line.decode().split("<")[1].split(">")[0]
                    if word == b"DATA":
                        say("354 go on")
                        text = b"".join(iter(self.rfile.readline, b".\r\n")).decode("utf-8", "replace")
                        mails.taken.append((receiver, mails.identity(text)))
                    say("221 bye" if word == b"QUIT" else "250 ok")
                    if word == b"QUIT":
                        return

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads = True, True

        self._server = Server(("127.0.0.1", self.port), Dialogue)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @staticmethod
    def identity(text):
        found = re.search(r"^message-id:\s*(\S+)", text, re.I | re.M)
        return found.group(1) if found else ""

    def close(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def of(self, since=0):
        """Who was written to, by mail, since so many mails."""
        return sorted(receiver.split("@")[0] for receiver, _ in self.taken[since:])

    def each_once(self):
        identities = [identity for _, identity in self.taken]
        return len(identities) == len(set(identities)) and all(identities)
