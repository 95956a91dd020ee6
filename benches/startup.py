"""`python -c pass` with the hook installed, against the same environment with it off, and a plain venv."""

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
            yield Figure("python -c pass", peer, "+5 ms", kind, medians["hook"][kind], medians[peer][kind])
