"""Going back to another set of packages: `pinfold rollback`, against `uv pip sync` to the other lock with hard links.

Everything is in both caches. The two sets differ by what the larger one has more; each side goes there and back in turns.
Ours ends with the lock that fits, written through to the disk.
"""

from itertools import cycle

from measure import Figure, command_times, interleaved

LARGE, SMALL = 112, 50
ROUNDS = 10


def figures(sides):
    lists = {}
    for size in (LARGE, SMALL):
        # One project, synced twice: a generation of each.
        project, requirements = sides.project(sides.packages(size), "rollback")
        lists[size] = sides.folder / f"requirements-rollback-{size}.txt"
        lists[size].write_text("\n".join(requirements) + "\n")
    venv = sides.folder / "venv-rollback"
    sides.new_venv(venv)
    sync = sides.uv("pip", "sync", "--quiet", "--python", venv / "bin" / "python")
    for size in (LARGE, SMALL):
        sides.call([*sync, lists[size]], sides.folder)
    generations = cycle(("1", "2"))
    sizes = cycle((LARGE, SMALL))

    def ours():
        command = [sides.programs / "pinfold", "rollback", "--quiet", next(generations)]
        return command_times(command, env=sides.env, cwd=project)

    def theirs():
        return command_times([*sync, "--offline", lists[next(sizes)]], env=sides.env, cwd=sides.folder)

    label = f"roll back: {LARGE} packages, {SMALL} packages and back"
    medians = interleaved({"ours": ours, "theirs": theirs}, ROUNDS, label)
    for kind in ("wall", "CPU"):
        yield Figure(label, "uv pip sync", "", kind, medians["ours"][kind], medians["theirs"][kind])
