"""Creating an environment from a warm store, against `uv pip install --no-deps --offline` with hard links.

uv's side is its install alone; its empty venv is made before the clock starts. Ours has no such part: the
environment, its interpreter and its scripts are in the measured time.
"""

import shutil

from measure import Figure, command_times, interleaved

SIZES = (10, 50, 112)
ROUNDS = 7


def figures(sides):
    for size in SIZES:
        project, requirements = sides.project(sides.packages(size))
        listed = sides.folder / f"requirements-{size}.txt"
        listed.write_text("\n".join(requirements) + "\n")
        venv = sides.folder / f"venv-{size}"
        sides.new_venv(venv)
        sides.call(sides.install(venv, listed, "--quiet"), sides.folder)
        files = sum(1 for path in (venv / "lib").rglob("*") if path.is_file())

        def ours():
            (project / ".venv").unlink(missing_ok=True)
            shutil.rmtree(project / ".pinfold", ignore_errors=True)
            command = [sides.programs / "pinfold", "sync", "--frozen", "--offline"]
            return command_times(command, env=sides.env, cwd=project)

        def theirs():
            sides.new_venv(venv)
            return command_times(sides.install(venv, listed, "--offline"), env=sides.env, cwd=sides.folder)

        label = f"create an environment: {len(requirements)} packages, {files} files"
        medians = interleaved({"ours": ours, "theirs": theirs}, ROUNDS, label)
        for kind in ("wall", "CPU"):
            ours_, theirs_ = medians["ours"][kind], medians["theirs"][kind]
            yield Figure(label, "uv pip install", "0.1x" if size == SIZES[-1] else "", kind, ours_, theirs_)
