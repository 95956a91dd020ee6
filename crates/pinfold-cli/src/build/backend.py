"""Calls one hook of a build backend (PEP 517) in a process of its own: REQUEST is read, ANSWER is written.

The answer is `{"answer": what the hook returned}`, or `{"unusable": why there is no such backend}`; one that is not there
says that the backend ended the process itself.

Deliberately not here: folders, variables and limits, which the process has from whoever starts it.
"""

import importlib
import json
import os
import sys


class Unusable(Exception):
    """What [build-system] names is no backend; an error inside of one is something else."""


def load(request):
    """The backend's object; its modules may lie in the source (`backend-path`)."""
    module, _, attributes = request["backend"].partition(":")
    sys.path[:0] = request["path"]
    try:
        backend = importlib.import_module(module)
    except ModuleNotFoundError as error:
        # Another name is missing inside the backend, which is not its absence.
        if not error.name or not f"{module}.".startswith(f"{error.name}."):
            raise
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        raise Unusable("is not in what [build-system] requires") from None
    if request["path"]:
        place = os.path.realpath(backend.__file__ or "")
        if not any(place.startswith(os.path.realpath(path) + os.sep) for path in request["path"]):
            raise Unusable(f"is not in `backend-path`, but {place}")
    for attribute in filter(None, attributes.split(".")):
        if not hasattr(backend, attribute):
            raise Unusable(f"is nothing that `{module}` has: there is no `{attribute}` in it")
        backend = getattr(backend, attribute)
    return backend


def main(request_file, answer_file):
    """Runs the hook that the request names."""
    with open(request_file, encoding="utf-8") as file:
        request = json.load(file)

    def write(answer):
        with open(answer_file, "w", encoding="utf-8") as file:
            json.dump(answer, file)

    try:
        backend = load(request)
    except Unusable as error:
        write({"unusable": str(error)})
        return 1
    settings = request["settings"] or None
    answer = None
    if request["hook"] == "get_requires_for_build_wheel":
        hook = getattr(backend, "get_requires_for_build_wheel", None)
        answer = hook(settings) if hook else []
        # A string is a list of letters, too; whoever asked says what is wrong with it.
        answer = answer if isinstance(answer, str) else list(answer)
    else:
        answer = backend.build_wheel(request["out"], settings)
    write({"answer": answer})
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
