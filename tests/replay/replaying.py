"""Days, one after the other, each kept as soon as it is done, so that a run that was ended goes on where it was.

A day on which the resolution and the newest release of every package are those of the day before changes nothing:
nothing runs on it, and it counts as the day before. Deliberately not here: what is done on a day.
"""

import hashlib
import json
import shutil
import sys
import time
from datetime import date, timedelta
from pathlib import Path

from policies import Merged, Tracks, files

# Below this much free space nothing more is installed.
SPACE = 10 << 30


class Stopped(Exception):
    """What keeps the days from being played, and what to do."""


def window(first, last):
    """The days from the first to the last, as text."""
    first, last = date.fromisoformat(first), date.fromisoformat(last)
    return [str(first + timedelta(days=number)) for number in range((last - first).days + 1)]


def replay(tools, interpreter, name, days, folder):
    """Plays the days of a project in a folder; `{day: record}`, where `ran` says whether anything ran on that day."""
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files(name))).hexdigest()
    of = {"project": name, "files": digest, "python": interpreter.version, "first": days[0]}
    kept = Kept(folder / "days.json", of)
    merged = Merged(tools, interpreter, name, folder / "merged")
    tracks = Tracks(tools, interpreter, name, folder / "tracks")
    before, records = None, {}
    for day in days:
        record = kept.days.get(day)
        if record is None:
            record = kept.add(day, one(day, before, merged, tracks))
        # A day like the one before has the same to say.
        before = records[day] = {**(before or {}), **record, "ran": "merged" in record}
    return records


def one(day, before, merged, tracks):
    """What a day came to."""
    began = time.monotonic()
    if shutil.disk_usage(merged.folder).free < SPACE:
        raise Stopped(f"less than {SPACE >> 30} GiB are free at {merged.folder}\nhint: make room, and run it again")
    resolved = merged.resolve(day)
    record = {"resolved": resolved, "newest": merged.newest(day, resolved)}
    if before and all(record[key] == before[key] for key in record):
        print(f"{day}  as the day before", file=sys.stderr, flush=True)
        return record
    record |= {"merged": merged.play(), "tracks": tracks.play(day)}
    print(f"{day}  {said(record)} ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
    return record


def said(record):
    """A day in a line."""
    moved = [change for changes in record["tracks"]["moved"].values() for change in changes]
    holds = [f"{hold['track']} held: {', '.join(hold.get('candidate', []))}" for hold in record["tracks"]["holds"]]
    gates = [(policy, text) for policy in ("merged", "tracks") for text in record[policy]["failed"].values()]
    fails = [f"{policy} fails: {text.splitlines()[-1]}" for policy, text in gates]
    return "; ".join([*moved, *holds, *fails]) or "nothing moved"


class Kept:
    """The days that are done, in a file; those of other inputs are not taken."""

    def __init__(self, path: Path, of):
        self.path, self.of, self.days = path, of, {}
        if path.is_file():
            said = json.loads(path.read_text())
            if said["of"] != of:
                raise Stopped(f"{path} is of {said['of']}, not of {of}\nhint: remove its folder to begin anew")
            self.days = said["days"]

    def add(self, day, record):
        """Keeps a day."""
        self.days[day] = record
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".new")
        partial.write_text(json.dumps({"of": self.of, "days": self.days}, indent=1))
        partial.replace(self.path)
        return record
