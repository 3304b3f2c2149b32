"""Writes values as everyday tools do: JSON in, lists of [name, text, what is left of it] out."""

import base64
import html
import json
import shlex
import subprocess
import sys
import urllib.parse

BEFORE, AFTER = "A0A", "Z0Z"


def texts(value):
    """What programs of Python make of a text."""
    raw = lambda text: json.dumps(text, ensure_ascii=False)
    pretty = lambda text: json.dumps({"key": [text]}, ensure_ascii=False, indent=2)
    yield "raw", value
    yield "repr", repr(value)
    yield "repr in both quotes", repr("'" + value + '"')
    yield "ascii", ascii(value)
    yield "bytes", repr(value.encode())
    yield "bytes in both quotes", repr(("'" + value + '"').encode())
    yield "unicode-escape", value.encode("unicode_escape").decode()
    yield "html", html.escape(value)
    yield "html, numbers", html.escape(value).encode("ascii", "xmlcharrefreplace").decode()
    yield "shlex", shlex.quote(value)
    yield "url", urllib.parse.quote(value)
    yield "form", urllib.parse.quote_plus(value)
    for one, inner in (("JSON", json.dumps), ("JSON as it is", raw), ("pretty JSON", pretty)):
        text = inner(value)
        yield one, text
        yield one + " in JSON", json.dumps({"message": text})
        yield one + " in JSON as it is", raw(text)
        yield one + " in repr", repr(text)
        yield one + " in bytes", repr(text.encode())
        yield one + " in HTML", html.escape(text)
        yield one + " in shlex", shlex.quote(text)
    yield "repr in JSON", json.dumps(repr(value))
    yield "bytes in JSON", json.dumps(repr(value.encode()))


def shells(value):
    """What bash and coreutils print, in a locale that knows the characters and in one that does not."""
    bash = ["bash", "-c", 'printf "%q" "$1"', "-"]
    trace = ["bash", "-c", 'exec 2>&1; set -x; : "$1"', "-"]
    # Twice the same: the first one is bash's own.
    tools = (("bash %q", bash), ("set -x", trace), ("coreutils %q", ["env", "printf", "%q"]))
    for name, command in tools:
        for locale in ("C", "C.UTF-8"):
            yield f"{name}, {locale}", run(command + [value], {"LC_ALL": locale})
    yield "cat -v", run(["cat", "-v"], text=value)
    yield "cat -A", run(["cat", "-A"], text=value)


def run(command, environment=None, text=None):
    """The output of a program."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin"} | (environment or {})
    given = None if text is None else text.encode()
    return subprocess.run(command, input=given, env=environment, stdout=subprocess.PIPE, check=True).stdout.decode()


def inside(name, text):
    """Nothing but the secret is replaced."""
    begin, end = text.index(BEFORE) + len(BEFORE), text.rindex(AFTER)
    return [name, text, text[:begin] + "***" + text[end:]]


def binaries(value):
    """Encodings of bytes, at all alignments."""
    latin = [("Latin-1", "latin-1")] if all(ord(c) < 256 for c in value) else []
    for charset, encoding in [("UTF-8", "utf-8"), ("UTF-16", "utf-16-le"), ("big UTF-16", "utf-16-be")] + latin:
        data = value.encode(encoding)
        documents = [(charset, data)]
        if encoding == "utf-8":
            documents += [("JSON", json.dumps(value)[1:-1].encode())]
        for name, data in documents:
            for count in range(5):
                before, after = "\x01#kXw"[:count].encode(encoding), "~y".encode(encoding)
                whole = before + data + after
                kinds = [("base64", 6, base64.b64encode), ("base64url", 6, base64.urlsafe_b64encode)]
                if name == "UTF-8":
                    kinds += [("base32", 5, base64.b32encode)]
                for kind, bits, encode in kinds:
                    text = encode(whole).decode()
                    first = -(-len(before) * 8 // bits)
                    last = (len(before) + len(data)) * 8 // bits
                    left = text[:first] + "***" + text[last:]
                    yield [f"{kind} of {name} behind {count}", text, left]
    data = value.encode()
    for between in (" ", ":", "-"):
        yield ["hex by " + between, data.hex(between), "***"]
        yield ["HEX by " + between, data.hex(between).upper(), "***"]
    yield ["xxd's pairs", data.hex(" ", -2), "***"]
    yield ["od", run(["od", "-An", "-v", "-tx1"], text=value), " ***\n"]


def main():
    """All values of standard input."""
    for value in json.load(sys.stdin):
        marked = BEFORE + value + AFTER
        found = [inside(name, text) for maker in (texts, shells) for name, text in maker(marked)]
        print(json.dumps(found + list(binaries(value))))


main()
