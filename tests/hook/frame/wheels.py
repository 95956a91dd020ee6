"""Small wheels made at test time: pure Python, and C extensions compiled with `cc` for a given Python.

The same input gives the same bytes. What a wheel must be is PEP 427; `raw` makes those that are not.
"""

import base64
import hashlib
import os
import subprocess
import tempfile
import textwrap
import zipfile
from pathlib import Path

# The first moment that a zip can hold: equal content gives equal bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)


class Wheels:
    """Makes wheels for one interpreter, below a folder; each call returns the wheel's path."""

    def __init__(self, python, folder):
        self.python, self.folder = python, Path(folder)

    def pure(self, name, version, files, requires=(), entry_points=None, extra=None):
        """A `py3-none-any` wheel; `files` maps paths below site-packages to their text or bytes.

        `extra` maps metadata fields to more lines (`{"Provides-Extra": ["fast"]}`); paths that begin with
        `{name}-{version}.data/` go where PEP 427 says.
        """
        return self._write(name, version, dict(files), requires, "py3-none-any", entry_points, extra or {})

    def extension(self, name, version, sources, files=None, requires=(), flags=()):
        """A wheel with C extensions: `sources` maps module names (`pkg._core`) to their C code.

        A name that begins with `lib` and has no dot is a helper library, `name.libs/NAME.so`, which the
        extensions link to and find by their RUNPATH.
        """
        files = dict(files or {})
        key = _digest(name, version, sorted(sources.items()), list(flags), self.python.executable)[:16]
        work = self.folder / f"build-{key}"
        helpers = [lib for lib in sources if lib.startswith("lib") and "." not in lib]
        for target in sorted(sources, key=lambda target: target not in helpers):
            helper = target in helpers
            place = f"{_file(name)}.libs/{target}.so" if helper else target.replace(".", "/") + self.python.suffix
            linked = [] if helper else [work / f"{_file(name)}.libs/{lib}.so" for lib in helpers]
            depth = "/.." * target.count(".")
            runpath = [f"-Wl,-rpath,$ORIGIN{depth}/{_file(name)}.libs", "-Wl,--enable-new-dtags"] if linked else []
            soname = [f"-Wl,-soname,{target}.so"] if helper else []
            output = work / place
            self._compile(sources[target], output, [*flags, *soname, *runpath], linked)
            files[place] = output.read_bytes()
        tag = f"{self.python.tag}-{self.python.tag}-{_platform(self.python.suffix)}"
        return self._write(name, version, files, requires, tag, None, {})

    def raw(self, filename, entries):
        """A zip named like a wheel with exactly these `(ZipInfo or name, bytes)` entries, right or wrong."""
        path = self._place(filename, repr([(str(name), content) for name, content in entries]))
        # Whole or not at all: several workers may make the same wheel.
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as partial:
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, content in entries:
                    archive.writestr(name if isinstance(name, zipfile.ZipInfo) else _entry(name), content)
        Path(partial.name).replace(path)
        return path

    def _compile(self, source, output, flags, linked):
        output.parent.mkdir(parents=True, exist_ok=True)
        code = output.with_name(f"{output.name}.{os.getpid()}.c")
        code.write_text(textwrap.dedent(source))
        partial = output.with_name(f"{output.name}.{os.getpid()}.partial")
        command = ["cc", "-shared", "-fPIC", "-O1", f"-I{self.python.include}", "-o", partial, code, *linked, *flags]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stderr}"
        partial.replace(output)

    def _write(self, name, version, files, requires, tag, entry_points, extra):
        info = f"{_file(name)}-{version}.dist-info"
        fields = [("Metadata-Version", "2.1"), ("Name", name), ("Version", version)]
        fields += [("Requires-Dist", requirement) for requirement in requires]
        fields += [(field, value) for field, values in extra.items() for value in values]
        files[f"{info}/METADATA"] = "".join(f"{field}: {value}\n" for field, value in fields)
        pure = str(tag.endswith("-none-any")).lower()
        files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: pinfold-tests\nRoot-Is-Purelib: {pure}\nTag: {tag}\n"
        if entry_points:
            files[f"{info}/entry_points.txt"] = textwrap.dedent(entry_points)
        entries = [(path, _bytes(content)) for path, content in files.items()]
        lines = [f"{path},sha256={_base64(content)},{len(content)}\n" for path, content in entries]
        record = f"{info}/RECORD"
        entries.append((record, "".join([*lines, f"{record},,\n"]).encode()))
        return self.raw(f"{_file(name)}-{version}-{tag}.whl", entries)

    def _place(self, filename, content):
        """A path for a file of this name and content; different contents may have one name."""
        folder = self.folder / _digest(content)[:16]
        folder.mkdir(parents=True, exist_ok=True)
        return folder / filename


def _entry(name):
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (0o755 if ".data/scripts/" in name else 0o644) << 16
    return entry


def _file(name):
    return name.replace("-", "_")


def _platform(suffix):
    """`.cpython-312-x86_64-linux-gnu.so` is for `linux_x86_64`."""
    return "linux_" + suffix.split("-")[2]


def _bytes(content):
    return content if isinstance(content, bytes) else textwrap.dedent(content).lstrip("\n").encode()


def _base64(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _digest(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()
