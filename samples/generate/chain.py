"""Writes `countersign-log/1`: one chained, signed line per event."""

import hashlib
import json

from moment import rfc3339

FORMAT = "countersign-log/1"
GENESIS = "0" * 64


class Chain:
    """The growing end of one log."""

    def __init__(self, log, key, seq=0, prev=GENESIS):
        self.log = log
        self.key = key
        self.seq = seq
        self.prev = prev

    def line(self, ms, event):
        """Returns the next line, without its line end."""
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        head = (
            f'{{"v":"{FORMAT}","log":"{self.log}","seq":{self.seq},"time":"{rfc3339(ms)}",'
            f'"key":"{self.key.id}","prev":"{self.prev}","event":{text}'
        ).encode()
        signature = self.key.private.sign(FORMAT.encode() + b"\n" + head).hex()
        line = head + f',"sig":"{signature}"}}'.encode()
        self.prev = hashlib.sha256(line).hexdigest()
        self.seq += 1
        return line

    def head(self):
        """Returns the head file of the last line."""
        return f"{self.log} {self.seq - 1} {self.prev}\n".encode()
