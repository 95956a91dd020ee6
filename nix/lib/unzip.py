"""Unpacks the one folder that a source distribution in the form of a zip archive has.

usage: unzip.py ARCHIVE FOLDER

Deliberately not here: other archives, which `tar` knows. There may be no `unzip`.
"""

import os
import shutil
import sys
import tempfile
import zipfile

archive, folder = sys.argv[1:]
unpacked = tempfile.mkdtemp()
with zipfile.ZipFile(archive) as file:
    for entry in file.infolist():
        path = file.extract(entry, unpacked)
        if not entry.is_dir() and entry.external_attr >> 16 & 0o111:
            os.chmod(path, 0o755)
tops = os.listdir(unpacked)
if len(tops) != 1:
    sys.exit(f"error: could not unpack {archive}: it has {len(tops)} entries at its top, and a source distribution has one folder")
shutil.copytree(os.path.join(unpacked, tops[0]), folder, dirs_exist_ok=True)
