"""A backend that does what BACKEND says: fails, talks, hangs, writes elsewhere, makes nothing, or another package.

Where there is a file NAME, its wheel is of that name, and its module says which files the source has.
"""

import base64
import hashlib
import os
import sys
import time
import zipfile

FILES = {
    "twin.py": os.environ.get("CONTENT", "x = 1\n"),
}


def get_requires_for_build_wheel(settings=None):
    if os.environ.get("BACKEND") == "ask":
        return ["nowhere>=1; python_version >= '3'", "elsewhere; python_version < '3'"]
    return []


def build_wheel(folder, settings=None, metadata=None):
    name, version = os.environ.get("NAME", "odd"), os.environ.get("VERSION", "1.0")
    what = os.environ.get("BACKEND", "fine")
    if os.path.exists("NAME"):
        with open("NAME") as file:
            name = file.read().strip()
        files = sorted(os.path.join(at, file) for at, _, files in os.walk(".") for file in files)
        del FILES["twin.py"]
        FILES[f"{name}.py"] = f"FILES = {files!r}\n"
    if what == "fail":
        sys.exit("the compiler is on strike")
    if what == "talk":
        for _ in range(40_000):
            print("x" * 100)
        sys.exit("and then it failed")
    if what == "hang":
        time.sleep(3600)
    if what == "nothing":
        return "odd.whl"
    if what == "outside":
        with open("/usr/pinfold-was-here", "w") as file:
            file.write("x")
    file = pack(folder, name, version, os.environ.get("TAG", "py3-none-any"))
    if what == "leave":
        os._exit(0)
    if what == "rename":
        os.rename(os.path.join(folder, file), os.path.join(folder, "odd-1.0-cp310-cp310-linux_x86_64.whl"))
        return "odd-1.0-cp310-cp310-linux_x86_64.whl"
    if what == "garbage":
        with open(os.path.join(folder, file), "w") as out:
            out.write("no zip")
    return None if what == "silent" else file


def pack(folder, name, version, tag):
    info = f"{name}-{version}.dist-info"
    files = {
        **FILES,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{os.environ.get('METADATA', '')}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text.encode())}\n"
    file = f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(os.path.join(folder, file), "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return file
