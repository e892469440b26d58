# SPDX-License-Identifier: MIT
"""Secrets that can be found again: in every spelling, in files, in texts and in a process's memory."""
import base64
import binascii
import json
import re
import urllib.parse
from xml.sax.saxutils import escape


def alignments(data, encode):
    """The middle that base64 makes of some bytes, at each of the three places they can stand at."""
    for shift in range(3):
        text = encode(b"\0" * shift + data)
        first = -(-shift * 8 // 6)  # the letters before hold bits of what stands in front
        last = (shift + len(data)) * 8 // 6
        yield text[first:last]


def spellings(secret):
    """What to search for, each with a word for its kind."""
    data = secret.encode()
    found = {data: "plain", secret.encode("utf-16-le"): "UTF-16"}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for text in alignments(data, encode):
            found[text] = "base64"
    found[binascii.hexlify(data)] = found[binascii.hexlify(data).upper()] = "hex"
    for text in (urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret),
                 urllib.parse.quote_plus(secret), "".join(f"%{byte:02x}" for byte in data)):
        found.setdefault(text.encode(), "percent")
        lower = re.sub("%[0-9A-F]{2}", lambda hit: hit[0].lower(), text)
        found.setdefault(lower.encode(), "percent")
    for quote, apostrophe in (("&quot;", "&apos;"), ("&#34;", "&#39;"), ("&#x22;", "&#x27;"),
                              ('"', "'"), ("&quot;", "'")):
        text = escape(secret, {'"': quote, "'": apostrophe})
        found.setdefault(text.encode(), "XML")
    for ascii_only in (True, False):
        found.setdefault(json.dumps(secret, ensure_ascii=ascii_only)[1:-1].encode(), "JSON")
    found.setdefault(secret.replace('"', '""').encode(), "CSV")
    return found


class Canaries:
    """A name for each secret, and what a place may not hold of any of them."""

    def __init__(self):
        self.secrets = {}  # spelling → (name, kind)

    def add(self, name, secret):
        for spelling, kind in spellings(secret).items():
            self.secrets[spelling] = (name, kind)

    def add_token(self, name, token):
        """The text, and the 128 bits that it stands for."""
        self.add(name, token)
        bits = base64.urlsafe_b64decode(token + "==")
        for spelling in (bits, binascii.hexlify(bits), binascii.hexlify(bits).upper()):
            self.secrets[spelling] = (name, "its bits")

    def found_in(self, data):
        """{name: kinds} of what stands there."""
        if isinstance(data, str):
            data = data.encode()
        found = {}
        for spelling, (name, kind) in self.secrets.items():
            if spelling in data:
                found.setdefault(name, set()).add(kind)
        return found


def writable_memory(pid):
    """What a core file of the process would hold of its own data: (place, bytes) per mapping."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            words = line.split(maxsplit=5)
            if "w" not in words[1]:
                continue
            first, last = (int(edge, 16) for edge in words[0].split("-"))
            place = words[5].strip() if len(words) > 5 else "anonymous"
            try:
                memory.seek(first)
                yield f"{place} {words[0]}", memory.read(last - first)
            except OSError:
                continue  # a guard page, or one of the kernel's
