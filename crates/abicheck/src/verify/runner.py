"""Imports what it is told in a process of its own, and writes down how each step ends.

Runs on every CPython from 3.6 on, before anything else is imported: what it imports itself could hide what is looked
for, so the child has nothing but `sys`, `os` and `importlib`, which every process has. The parent sees how the child
ends, and takes it and its children along when abicheck goes away.
"""

import importlib
import os
import sys

# The error that a machine without a network gives.
ENETUNREACH = 101
NAMES = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")
ADDRESSES = ("socket.connect", "socket.sendto", "socket.sendmsg")
AF_UNIX = 1
LONGEST = 600


def read_job(path):
    # Strings, numbers and lists are written alike in JSON and in Python, and `json` would be an import more.
    with open(path, encoding="utf-8") as file:
        return eval(file.read(), {"__builtins__": {}})


def path_of(text):
    # Any bytes may stand in a path.
    return os.fsdecode(bytes.fromhex(text))


def shorten(text):
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def tell(path, *fields):
    line = "\t".join(shorten(" ".join(str(field).split())) for field in fields) + "\n"
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, line.encode("utf-8", "replace"))
    os.close(file)


def refuse_network():
    """For machines without namespaces: what Python code opens is refused, what C code opens is not seen."""

    def refused(*_):
        raise OSError(ENETUNREACH, "Network is unreachable (abicheck runs packages without it)")

    def hook(event, arguments):
        if event in NAMES or (event in ADDRESSES and int(arguments[0].family) != AF_UNIX):
            refused()

    if hasattr(sys, "addaudithook"):
        sys.addaudithook(hook)
        return
    import socket

    for name in ("connect", "connect_ex", "sendto", "sendmsg"):
        setattr(socket.socket, name, refused)
    for name in NAMES:
        setattr(socket, name.split(".")[1], refused)


def run(job):
    told = path_of(job["told"])
    if job["folders"]:
        import site

        for folder in job["folders"]:
            site.addsitedir(path_of(folder))
    if job["refuse_network"]:
        refuse_network()
    sys.argv[:] = [""]
    marks = {}
    for number, step in enumerate(job["steps"]):
        tell(told, "begin", number)
        try:
            if step["code"]:
                # In an environment of pins, the code sees what the package sees.
                names = dict({"__name__": "exercise"}, **marks.get(step["package"], {}))
                exec(compile(step["code"], "<exercise>", "exec"), names)
            else:
                module = importlib.import_module(step["name"])
                mark = getattr(module, "__dict__", {}).get("__pinfold__")
                if mark is not None:
                    marks.setdefault(step["package"], {"__pinfold__": mark})
        except BaseException as error:
            tell(told, "failed", type(error).__name__, error)
    tell(told, "done")


def watch(child, told):
    """Waits for the child; ends with all of them when stdin ends, for then abicheck is gone."""
    import select
    import signal

    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if select.select([0], [], [], 0.01)[0]:
            os.killpg(0, signal.SIGKILL)
            os._exit(1)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        known = {int(one): one.name for one in signal.Signals}
        tell(told, "signal", known.get(number, "signal %d" % number))
    else:
        tell(told, "exit", os.WEXITSTATUS(status))
    os._exit(0)


def main():
    job = read_job(sys.argv[1])
    child = os.fork()
    if child:
        watch(child, path_of(job["told"]))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    run(job)


main()
