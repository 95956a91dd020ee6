"""Three days of `cargo xtask replay`, around the release of numpy 2, with a part of its project; and its counting."""

import dataclasses
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "replay"))

import counting  # noqa: E402
import replaying  # noqa: E402
from counting import ALWAYS, TRACKS, WHOLE  # noqa: E402
from page import CAUSE  # noqa: E402


@pytest.mark.one_python("3.11")
def test_tracks_hold_what_breaks_and_nothing_else(tools, python, tmp_path):
    days = replaying.window("2024-06-15", "2024-06-17")
    records = replaying.replay(tools, python, "small", days, tmp_path)
    found = counting.figures(records)
    # onnxruntime 1.18.0 says that any numpy will do, and cannot be imported beside numpy 2.
    assert found[ALWAYS].failed == days[1:]
    assert "compiled using NumPy 1.x cannot be run" in records[days[1]]["merged"]["failed"]["inference"]
    assert found[WHOLE].failed == found[TRACKS].failed == []
    # urllib3 2.2.2, a security release of the third day.
    assert found[WHOLE].blocked(CAUSE) == days[2:] and found[WHOLE].behind[days[2]] == {"numpy", "urllib3"}
    assert found[TRACKS].blocked(CAUSE) == []
    closures = records[days[2]]["tracks"]["closures"]
    assert closures["root"]["urllib3"] == "2.2.2" and closures["inference"]["numpy"].startswith("1.26.")
    [hold] = records[days[2]]["tracks"]["holds"]
    assert (hold["track"], hold["since"], hold["candidate"]) == (
        "inference",
        "2024-06-17T00:00:00Z",
        ["numpy 1.26.4 -> 2.0.0"],
    )
    # A second run has nothing to do but to read what the first one kept.
    assert replaying.replay(dataclasses.replace(tools, uv="/nowhere", pinfold="/nowhere"), python, "small", days, tmp_path) == records


def record(resolved, failed, closures, holds=(), newest=None):
    """A day, as it is kept."""
    return {
        "resolved": resolved,
        "newest": newest or resolved,
        "merged": {"failed": {"all": "why"} if failed else {}},
        "tracks": {"closures": closures, "holds": list(holds), "failed": {}},
    }


def test_days_are_counted_for_each_policy():
    hold = {"track": "t", "candidate": ["engine 1 -> 2", "extra 1 (new)"]}
    old, new = {"engine": "1", "other": "1"}, {"engine": "2", "other": "1"}
    days = {
        "1": record(old, False, {"root": old}),
        "2": record(new, True, {"root": old}, [hold]),
        "3": record({**new, "other": "1.10"}, True, {"root": {"other": "1.10"}, "t": {"engine": "1"}}, [hold]),
        # A resolution that goes back leaves nothing behind but what the index has.
        "4": record({"engine": "1", "other": "1.10"}, False, {"root": {"other": "1.9"}}, newest={"engine": "2"}),
    }
    found = counting.figures(days)
    assert (found[WHOLE].failed, found[ALWAYS].failed, found[TRACKS].failed) == ([], ["2", "3"], [])
    assert found[WHOLE].behind == {"2": {"engine"}, "3": {"engine", "other"}}
    assert found[WHOLE].blocked({"engine"}) == ["3"] and found[WHOLE].longest(days, lambda _: True) == (2, "engine")
    assert found[ALWAYS].behind == {} and found[ALWAYS].lag["engine", ""] == 3
    assert found[TRACKS].behind == {"2": {"engine"}, "3": {"engine"}, "4": {"other"}}
    assert found[TRACKS].longest(days, lambda name: name == "other") == (1, "other")


def test_what_days_of_another_project_left_is_not_taken(tmp_path):
    replaying.Kept(tmp_path / "days.json", {"project": "full"}).add("2024-06-15", {"resolved": {}})
    assert replaying.Kept(tmp_path / "days.json", {"project": "full"}).days == {"2024-06-15": {"resolved": {}}}
    with pytest.raises(replaying.Stopped, match="hint: remove its folder"):
        replaying.Kept(tmp_path / "days.json", {"project": "small"})
