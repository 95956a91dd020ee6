"""`python -c pass` with the hook installed, against the same environment with it off, and a plain venv."""

from generated import many_packages
from measure import Figure, command_times, interleaved

ROUNDS = 40


def figures(sides):
    project, requirements = sides.project(sides.packages(10))
    venv = sides.folder / "venv-startup"
    sides.new_venv(venv)
    listed = sides.folder / "requirements-startup.txt"
    listed.write_text("\n".join(requirements) + "\n")
    sides.call(sides.install(venv, listed, "--quiet"), sides.folder)

    def start(python, **extra):
        return lambda: command_times([python, "-c", "pass"], env=sides.env | extra, cwd=project)

    ours = project / ".venv" / "bin" / "python"
    cases = {
        "hook": start(ours),
        "PINFOLD_DISABLE=1": start(ours, PINFOLD_DISABLE="1"),
        "plain venv": start(venv / "bin" / "python"),
    }
    medians = interleaved(cases, ROUNDS, "python -c pass")
    for peer in ("PINFOLD_DISABLE=1", "plain venv"):
        for kind in ("wall", "CPU"):
            yield Figure("python -c pass", peer, "+2 ms", kind, medians["hook"][kind], medians[peer][kind])
    yield from _size(sides)


def _size(sides):
    """Start and one import, in an environment of 1,000 packages against one of 10; a plain venv's ratio beside it."""
    wheels, _ = many_packages(sides.folder / "wheels", 1000, "unit")
    requirements = [sides.local(wheel) for wheel in wheels]
    large, small = (sides.both(f"{count} packages", requirements[:count]) for count in (1000, 10))
    for whose, position in (("pinfold", 0), ("plain CPython", 1)):

        def start(folder):
            command = [folder / "bin" / "python", "-c", "import unit0003"]
            return lambda: command_times(command, env=sides.env, cwd=sides.folder)

        cases = {"large": start(large[position]), "small": start(small[position])}
        medians = interleaved(cases, ROUNDS, f"1,000 packages, {whose}")
        aim = "1.1x" if position == 0 else ""
        label = f"start and one import, 1,000 packages, {whose}"
        yield Figure(label, "10 packages", aim, "CPU", medians["large"]["CPU"], medians["small"]["CPU"])
