"""A build backend of a few lines that lies in the source it builds: no network, and as bad as `mode` says."""

import base64
import hashlib
import importlib.util
import os
import pathlib
import subprocess
import sys
import time
import zipfile

NAME = pathlib.Path("name").read_text().strip()
MODE = (pathlib.Path("mode").read_text().split() if os.path.exists("mode") else []) or [""]


def get_requires_for_build_wheel(config_settings=None):
    if MODE[0] == "restless":
        return [f"tool>={int(hasattr(sys, '_x'))}.{time.time_ns()}"]
    if MODE[0] == "a-string":
        return "tool"
    if MODE[0] == "only-missing":
        return [name for name in MODE[1:] if importlib.util.find_spec(name) is None][:1]
    return pathlib.Path("dynamic").read_text().split("\n")[:-1] if os.path.exists("dynamic") else []


VERSION = pathlib.Path("version").read_text().strip() if os.path.exists("version") else "1"


def wheel(folder, name, tag="py3-none-any", version=VERSION):
    path = f"{name}-{version}-{tag}.whl"
    info = f"{name}-{version}.dist-info"
    requires = pathlib.Path("requires").read_text() if os.path.exists("requires") else ""
    files = {
        f"{name}.py": pathlib.Path("module.py").read_text() + extra(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    digest = lambda text: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    record = "".join(f"{n},sha256={digest(t)},{len(t)}\n" for n, t in files.items()) + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(os.path.join(folder, path), "w") as archive:
        for entry, text in [*files.items(), (f"{info}/RECORD", record)]:
            archive.writestr(zipfile.ZipInfo(entry, time.localtime()[:6]), text)
    return path


def extra():
    """What the environment of the build adds to the module."""
    lines = [f"flavour = {os.environ['FLAVOUR']!r}\n"] if "FLAVOUR" in os.environ else []
    try:
        import tool

        lines.append(f"tool = {tool.output!r}\n" if hasattr(tool, "output") else "")
    except ImportError:
        pass
    if MODE[0] == "linked-tests":
        os.link("tests/run.py", "hidden")
        os.rename("tests", "moved")
        lines.append(f"tests = {subprocess.check_output(['cat', 'hidden'])!r}\n")
    if MODE[0] == "machine":
        # Another machine has another one, and no key knows of it.
        lines.append(f"machine = {os.environ['PATH'].split(':')[-1]!r}\n")
    if MODE[0] == "git":
        lines.append(f"tag = {subprocess.check_output(['git', 'describe', '--tags'], text=True)!r}\n")
    return "".join(lines)


def leave():
    """Starts a daemon: it leads a session of its own, and whoever started it has ended."""
    daemon = [sys.executable, "-c", "import time; time.sleep(1000)", os.getcwd()]
    starter = f"import subprocess; subprocess.Popen({daemon!r}, start_new_session=True)"
    subprocess.run([sys.executable, "-c", starter], check=True)


def build_wheel(folder, config_settings=None, metadata_directory=None):
    mode, *rest = MODE
    open("left-behind", "w").close()
    print(f"building {NAME}", flush=True)
    if mode == "fail":
        print("this is why", file=sys.stderr)
        raise SystemExit(7)
    if mode == "megabytes":
        for number in range(200_000):
            print(f"line {number} of a backend that talks and talks and talks")
        raise SystemExit(1)
    if mode == "hang":
        subprocess.Popen(["sleep", "1000"])
        leave()
        time.sleep(1000)
    if mode == "leaves":
        leave()
    if mode == "slow":
        time.sleep(float(rest[0]))
    if mode == "nothing":
        return "local-1-py3-none-any.whl"
    if mode == "two":
        wheel(folder, NAME, version="2")
    if mode == "other-name":
        return wheel(folder, "stranger")
    if mode == "other-python":
        return wheel(folder, NAME, "cp27-cp27m-win32")
    if mode == "other-file":
        wheel(folder, NAME)
        return "somewhere-else.whl"
    if mode == "exits":
        os._exit(0)
    if mode == "exits-with":
        raise SystemExit(int(rest[0]))
    if mode == "imports":
        import nowhere.at_all
    if mode == "other-metadata":
        made = wheel(folder, "stranger")
        os.rename(os.path.join(folder, made), os.path.join(folder, f"{NAME}-1-py3-none-any.whl"))
        return f"{NAME}-1-py3-none-any.whl"
    if mode == "climbs":
        made = wheel(folder, NAME)
        with zipfile.ZipFile(os.path.join(folder, made), "a") as archive:
            archive.writestr("../../evil.py", "")
        return made
    if mode == "writes":
        with open(rest[0], "a") as file:
            file.write("evil")
    if mode == "home":
        pathlib.Path.home().joinpath(".written-by-a-backend").write_text("x")
    if mode == "not-a-zip":
        pathlib.Path(folder, f"{NAME}-1-py3-none-any.whl").write_text("no wheel")
        return f"{NAME}-1-py3-none-any.whl"
    return wheel(folder, NAME)
