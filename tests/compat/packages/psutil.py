"""Reads the process, its threads, files and memory from the system."""

OLD = ["psutil==5.8.0"]
NEW = ["psutil==7.1.3"]
CODE = "C"

import os

import psutil


def work():
    me = psutil.Process()
    with open(__file__) as file:
        files = [os.path.basename(item.path) for item in me.open_files()]
    return [
        psutil.__version__,
        me.pid == os.getpid(),
        os.path.basename(file.name) in files,
        me.memory_info().rss > 1_000_000,
        psutil.cpu_count() == os.cpu_count(),
        psutil.virtual_memory().total > 1 << 20,
        me.parent().pid == os.getppid(),
        type(me.nice()).__name__,
    ]
