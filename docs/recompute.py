#!/usr/bin/env python3
"""Recomputes the digests of docs/formats.md without hybrid, with nothing but Python.

  recompute.py tree DIR           the digest of a directory
  recompute.py manifest FILE      the combined digest of an input manifest, format 2
"""
import json, os, struct, sys

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
MIX = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
START, END, PARENT, ROOT, M = 1, 2, 4, 8, 0xFFFFFFFF

def compress(chain, words, counter, length, flags):
    v = list(chain) + list(IV[:4]) + [counter & M, counter >> 32, length, flags]
    for _ in range(7):
        for i, (a, b, c, d) in enumerate(MIX):
            for word, x, y in ((words[2 * i], 16, 12), (words[2 * i + 1], 8, 7)):
                v[a] = (v[a] + v[b] + word) & M
                v[d] = ((v[d] ^ v[a]) >> x | (v[d] ^ v[a]) << (32 - x)) & M
                v[c] = (v[c] + v[d]) & M
                v[b] = ((v[b] ^ v[c]) >> y | (v[b] ^ v[c]) << (32 - y)) & M
        words = [words[i] for i in ORDER]
    return [v[i] ^ v[i + 8] for i in range(8)]

def chunk(data, number, root):
    blocks, chain = [data[i:i + 64] for i in range(0, len(data), 64)] or [b""], IV
    for i, block in enumerate(blocks):
        last = i == len(blocks) - 1
        flags = START * (i == 0) | END * last | ROOT * (last and root)
        chain = compress(chain, struct.unpack("<16I", block.ljust(64, b"\0")), number, len(block), flags)
    return chain

def node(data, number, root):
    if len(data) <= 1024:
        return chunk(data, number, root)
    half = 1024 << (((len(data) - 1) // 1024).bit_length() - 1)
    left, right = node(data[:half], number, False), node(data[half:], number + half // 1024, False)
    return compress(IV, left + right, 0, 64, PARENT | ROOT * root)

def blake3(data):
    return struct.pack("<8I", *node(data, 0, True))

def fields(*all):
    return b"".join(struct.pack("<Q", len(field)) + field for field in all)

def tree(path):
    entries = []
    for name in sorted(os.listdir(path)):
        at = os.path.join(path, name)
        if os.path.islink(at):
            entries += [b"l", name, os.readlink(at)]
        elif os.path.isdir(at):
            digest = tree(at)
            entries += [b"d", name, digest] if digest else []
        elif os.path.isfile(at):
            data = open(at, "rb").read()
            executable = os.stat(at).st_mode & 0o100
            entries += [b"x" if executable else b"f", name, blake3(data) + struct.pack("<Q", len(data))]
    return blake3(fields(b"hybrid directory 1", *entries)) if entries else None

def manifest(path):
    read, all = json.load(open(path)), []
    for one in read["inputs"]:
        all += ["executable" if one.get("executable") else "input", one["kind"].capitalize(), one["name"], bytes.fromhex(one["blake3"])]
    for one in read.get("trees", []):
        all += ["tree", one["kind"].capitalize(), one["name"], bytes.fromhex(one["blake3"])]
    return blake3(fields(*(x if isinstance(x, bytes) else x.encode() for x in ["hybrid inputs 2", read["target"], *all])))

print({"tree": lambda path: tree(os.fsencode(path)), "manifest": manifest}[sys.argv[1]](sys.argv[2]).hex())
