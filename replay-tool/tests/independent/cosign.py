"""A witness with nothing of Daybook's: cosigns a checkpoint after C2SP tlog-cosignature (version 1), with hashlib and the
Ed25519 of the `cryptography` package.

usage: cosign.py NAME SEED_HEX SECONDS < CHECKPOINT    prints {"vkey", "line", "note"} as JSON
"""

import base64
import hashlib
import json
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ALGORITHM = b"\x04"


def main(name, seed, seconds):
    note = sys.stdin.read()
    text = note[:note.rindex("\n\n") + 1]
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key_id = hashlib.sha256(name.encode() + b"\n" + ALGORITHM + public).digest()[:4]
    signed = key.sign(f"cosignature/v1\ntime {int(seconds)}\n{text}".encode())
    cosignature = base64.b64encode(key_id + struct.pack(">Q", int(seconds)) + signed).decode()
    line = f"\u2014 {name} {cosignature}\n"
    vkey = f"{name}+{key_id.hex()}+{base64.b64encode(ALGORITHM + public).decode()}"
    print(json.dumps({"vkey": vkey, "line": line, "note": note + line}))


main(*sys.argv[1:])
