"""Checks an audit bundle and proofs with nothing of Daybook's: RFC 6962 and RFC 9162 by hashlib, C2SP signed notes
and tlog-tiles by their specifications, Ed25519 by the `cryptography` package.

usage: audit.py BUNDLE [KEPT_CHECKPOINT] [PROOFS_JSON]
PROOFS_JSON: {"inclusion": [what `audit proof --json` prints], "consistency": [{old_size, new_size, hashes}]}
"""

import base64
import hashlib
import json
import struct
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha(data):
    return hashlib.sha256(data).digest()


def leaf(record):
    return sha(b"\x00" + record)


def node(left, right):
    return sha(b"\x01" + left + right)


def root(leaves):
    """RFC 6962, 2.1, as it is written there."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node(root(leaves[:split]), root(leaves[split:]))


def included(index, size, hash_, path, expected):
    """RFC 9162, 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, hash_
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node(p, r)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            r = node(r, p)
        fn >>= 1
        sn >>= 1
    return sn == 0 and r == expected


def consistent(first, second, path, first_root, second_root):
    """RFC 9162, 2.1.4.2."""
    if first == second:
        return not path and first_root == second_root
    if first & (first - 1) == 0:
        path = [first_root] + path
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            sr = node(sr, c)
        fn >>= 1
        sn >>= 1
    return fr == first_root and sr == second_root and sn == 0


def signed(note, vkey):
    """C2SP signed-note: the key has signed the text; answers name and text."""
    name, key_hash, key = vkey.strip().split("+", 2)
    key = base64.b64decode(key)
    assert key[0] == 1, "the algorithm is Ed25519"
    assert sha(name.encode() + b"\n" + key)[:4].hex() == key_hash, "the key's hash fits"
    text, signatures = note.rsplit("\n\n", 1)
    text += "\n"
    has_signed = False
    for line in signatures.splitlines():
        dash, signer, signature = line.split(" ")
        signature = base64.b64decode(signature)
        assert dash == "\u2014"
        if signer == name and signature[:4].hex() == key_hash:
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature[4:], text.encode())
            has_signed = True
    assert has_signed, "the key has signed"
    return name, text


def verified(note, vkey):
    """C2SP tlog-checkpoint; answers size and root."""
    name, text = signed(note, vkey)
    origin, size, root_ = text.splitlines()[:3]
    assert origin == name, "the origin is the key's name"
    return int(size), base64.b64decode(root_)


def records(path):
    data, at = path.read_bytes(), 0
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        assert at + 4 + length <= len(data), "no record is cut"
        yield data[at + 4:at + 4 + length]
        at += 4 + length


def tile_name(level, index, width):
    name = f"{index % 1000:03}"
    while index >= 1000:
        index //= 1000
        name = f"x{index % 1000:03}/{name}"
    return f"tile/{level}/{name}" + (f".p/{width}" if width < 256 else "")


def check_tiles(bundle, leaves):
    level, hashes, tiles = 0, leaves, 0
    while hashes:
        for index in range((len(hashes) + 255) // 256):
            part = hashes[index * 256:(index + 1) * 256]
            assert (bundle / tile_name(level, index, len(part))).read_bytes() == b"".join(part)
            tiles += 1
        whole = len(hashes) // 256
        hashes = [root(hashes[index * 256:(index + 1) * 256]) for index in range(whole)]
        level += 1
    return tiles


def check_manifest(bundle, vkey, tiles):
    """The manifest is signed, and the bundle has the files that it names, unchanged, and no others."""
    note = (bundle / "manifest").read_text()
    signed(note, vkey)
    first, origin, made, *lines = note[:note.rindex("\n\n")].splitlines()
    assert (first, origin) == ("Daybook audit bundle 1", vkey.split("+")[0]) and made.startswith("made 20"), note
    named = dict(reversed(line.split("  ", 1)) for line in lines)
    for path, digest in named.items():
        assert sha((bundle / path).read_bytes()).hex() == digest, path
    there = {str(path.relative_to(bundle)) for path in bundle.rglob("*") if path.is_file()}
    others = {path for path in there - set(named) if not path.startswith("tile/")}
    assert others == {"records", "manifest"} and {"README.md", "checkpoint", "public-key"} <= set(named), others
    assert sum(path.startswith("tile/") for path in there) == tiles


def unhashed(hash_):
    return base64.b64decode(hash_) if len(hash_) == 44 else bytes.fromhex(hash_)


def main(bundle, kept=None, proofs=None):
    bundle = Path(bundle)
    vkey = (bundle / "public-key").read_text()
    size, signed_root = verified((bundle / "checkpoint").read_text(), vkey)
    leaves = [leaf(record) for record in records(bundle / "records")]
    assert len(leaves) == size, "all signed records are there"
    for position, record in enumerate(records(bundle / "records"), 1):
        assert struct.unpack_from("<Q", record)[0] == position, "positions are dense"
    assert root(leaves) == signed_root, "the root is the signed one"
    tiles = check_tiles(bundle, leaves)
    check_manifest(bundle, vkey, tiles)
    if kept:
        old_size, old_root = verified(Path(kept).read_text(), vkey)
        assert root(leaves[:old_size]) == old_root, "the kept checkpoint is of this history"
    proofs = json.loads(Path(proofs).read_text()) if proofs else {"inclusion": [], "consistency": []}
    for one in proofs["inclusion"]:
        proven_size, proven_root = verified(one["checkpoint"], vkey)
        proof, hash_ = one["proof"], leaf(base64.b64decode(one["record"]))
        assert hash_ == leaves[proof["leaf_index"]] and one["position"] == proof["leaf_index"] + 1
        path = [unhashed(step) for step in proof["hashes"]]
        assert proof["tree_size"] == proven_size
        assert included(proof["leaf_index"], proven_size, hash_, path, proven_root), one["position"]
        assert not included(proof["leaf_index"], proven_size, leaf(b"another"), path, proven_root)
    for one in proofs["consistency"]:
        first, second, path = one["old_size"], one["new_size"], [unhashed(step) for step in one["hashes"]]
        assert consistent(first, second, path, root(leaves[:first]), root(leaves[:second])), (first, second)
    print(f"{size} records, {tiles} tiles, {len(proofs['inclusion'])} inclusion and "
          f"{len(proofs['consistency'])} consistency proofs")


main(*sys.argv[1:])
