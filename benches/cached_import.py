"""An import of a module that is loaded already, in a loop, with the hook against a plain venv.

Timed inside the process, so that its start does not count.
"""

import json
import subprocess
import sys

from measure import Figure, interleaved

ROUNDS = 9
LOOPS = 1_000_000

# The loop stands in a function, as an import inside a function does.
SNIPPET = """
import json, time
def loop(n):
    for _ in range(n):
        {statement}
loop(1000)
wall, cpu = time.perf_counter(), time.process_time()
loop({loops})
print(json.dumps({{"wall": (time.perf_counter() - wall) / {loops}, "CPU": (time.process_time() - cpu) / {loops}}}))
"""


def figures(sides):
    project, _ = sides.project(sides.packages(10))
    venv = sides.folder / "venv-import"
    sides.new_venv(venv)
    for statement in ("import os", "import os.path", "from os import path"):

        def run(python):
            code = SNIPPET.format(statement=statement, loops=LOOPS)
            return lambda: _measured([python, "-c", code], sides.env, project)

        cases = {"ours": run(project / ".venv/bin/python"), "theirs": run(venv / "bin/python")}
        medians = interleaved(cases, ROUNDS, statement)
        aim = "1.35x" if statement.startswith("from") else "1.25x"
        label = f"{statement}, loaded, in a loop"
        yield Figure(label, "plain venv", aim, "CPU", medians["ours"]["CPU"], medians["theirs"]["CPU"])


def _measured(command, env, folder):
    done = subprocess.run(list(map(str, command)), env=env, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: could not measure: {done.stderr}")
    return json.loads(done.stdout)
