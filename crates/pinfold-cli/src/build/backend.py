"""Calls one hook of a build backend (PEP 517) in a process of its own: REQUEST is read, ANSWER is written.

Deliberately not here: folders, variables and limits, which the process has from whoever starts it.
"""

import importlib
import json
import os
import sys

NOT_THERE = 3


def load(request):
    """The backend's object; its modules may lie in the source (`backend-path`)."""
    module, _, attributes = request["backend"].partition(":")
    sys.path[:0] = request["path"]
    backend = importlib.import_module(module)
    if request["path"]:
        place = os.path.realpath(backend.__file__ or "")
        if not any(place.startswith(os.path.realpath(path) + os.sep) for path in request["path"]):
            raise ImportError(f"{module} is not in `backend-path`, but {place}")
    for attribute in filter(None, attributes.split(".")):
        backend = getattr(backend, attribute)
    return backend


def main(request_file, answer_file):
    """Runs the hook that the request names."""
    with open(request_file, encoding="utf-8") as file:
        request = json.load(file)
    try:
        backend = load(request)
    except (ImportError, AttributeError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return NOT_THERE
    settings = request["settings"] or None
    answer = None
    if request["hook"] == "get_requires_for_build_wheel":
        hook = getattr(backend, "get_requires_for_build_wheel", None)
        answer = list(hook(settings)) if hook else []
    else:
        answer = backend.build_wheel(request["out"], settings)
    with open(answer_file, "w", encoding="utf-8") as file:
        json.dump(answer, file)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
