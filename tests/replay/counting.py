"""What the days came to, for each policy.

A package is behind on a day if a version of it in use is older than the one of that day's resolution of everything, or
than a candidate that a hold names. Deliberately not here: how the days came about, and how they are shown.
"""

from dataclasses import dataclass, field

from packaging.version import Version

WHOLE, ALWAYS, TRACKS = "moves whole or not at all", "moves always", "tracks"


@dataclass
class Figures:
    """Of one policy."""

    failed: list = field(default_factory=list)
    # Day: the packages that were behind.
    behind: dict = field(default_factory=dict)
    # Package and closure: days in a row for which the index had had a newer release, at most.
    lag: dict = field(default_factory=dict)

    def blocked(self, cause):
        """The days on which packages other than these were behind."""
        return [day for day, names in self.behind.items() if names - cause]

    def longest(self, days, wanted):
        """The most days in a row that one of the wanted packages was behind, and which."""
        best, running = (0, None), {}
        for day in days:
            late = {name for name in self.behind.get(day, ()) if wanted(name)}
            running = {name: running.get(name, 0) + 1 for name in late}
            best = max([best, *((count, name) for name, count in running.items())], key=lambda pair: pair[0])
        return best


def figures(days):
    """The policies' figures of these days, oldest first: `{day: record}`, each record as `run.py` keeps it."""
    found = {policy: Figures() for policy in (WHOLE, ALWAYS, TRACKS)}
    whole = None
    newer = Newer()
    for day, record in days.items():
        newer.learn(day, record["newest"])
        resolved, failed = record["resolved"], record["merged"]["failed"]
        if whole is None or not failed:
            whole = (resolved, failed)
        tracks = record["tracks"]
        in_use = {
            WHOLE: ({"": whole[0]}, whole[1], set()),
            ALWAYS: ({"": resolved}, failed, set()),
            TRACKS: (tracks["closures"], tracks["failed"], candidates(tracks["holds"])),
        }
        for policy, (closures, fails, held) in in_use.items():
            figure = found[policy]
            if fails:
                figure.failed.append(day)
            behind = held | {
                name
                for versions in closures.values()
                for name, version in versions.items()
                if name in resolved and Version(version) < Version(resolved[name])
            }
            if behind:
                figure.behind[day] = behind
            for closure, versions in closures.items():
                for name, version in versions.items():
                    lag = newer.days(day, name, version)
                    key = (name, closure)
                    figure.lag[key] = max(figure.lag.get(key, 0), lag)
    return found


def candidates(holds):
    """The packages that holds keep from moving: of `numpy 1.26.4 -> 2.0.0`, the name."""
    return {line.split()[0] for hold in holds for line in hold.get("candidate", []) if " -> " in line}


class Newer:
    """Since when there is something newer."""

    def __init__(self):
        self.days_seen = []
        self.first = {}

    def learn(self, day, newest):
        """A day's newest versions."""
        self.days_seen.append(day)
        for name, version in newest.items():
            known = self.first.setdefault(name, [])
            if not known or Version(version) > known[-1][0]:
                known.append((Version(version), len(self.days_seen) - 1))

    def days(self, day, name, version):
        """For how many days, this one included, there has been something newer than this version."""
        since = next((at for newest, at in self.first.get(name, []) if newest > Version(version)), None)
        return 0 if since is None else self.days_seen.index(day) - since + 1
