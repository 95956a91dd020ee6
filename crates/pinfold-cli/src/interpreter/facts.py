# Run by pinfold with `-I -B` in an interpreter it considers; prints what there is to know as JSON.
import json
import os
import platform
import struct
import sys
import sysconfig

implementation = sys.implementation.name
version = ".".join(map(str, sys.version_info[:3]))
level = sys.version_info.releaselevel
if level != "final":
    version += level[0] + str(sys.version_info.serial)


def implementation_version():
    info = sys.implementation.version
    text = "{}.{}.{}".format(info.major, info.minor, info.micro)
    if info.releaselevel != "final":
        text += info.releaselevel[0] + str(info.serial)
    return text


executable = getattr(sys, "_base_executable", None) or sys.executable
libc, libc_version = platform.libc_ver()
paths = sysconfig.get_paths(vars={"base": sys.base_prefix, "platbase": sys.base_exec_prefix})
json.dump(
    {
        "executable": os.path.realpath(executable),
        "implementation": implementation,
        "version": version,
        "minor": "{}.{}".format(*sys.version_info[:2]),
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "pointer_bits": struct.calcsize("P") * 8,
        "platform": sysconfig.get_platform().replace("-", "_").replace(".", "_"),
        "machine": platform.machine(),
        "libc": libc,
        "libc_version": libc_version,
        "soabi": sysconfig.get_config_var("SOABI") or "",
        "prefix": sys.base_prefix,
        "stdlib": paths["stdlib"],
        "stdlib_modules": sorted(sys.stdlib_module_names),
        "builtin_modules": sorted(sys.builtin_module_names),
        "markers": {
            "implementation_name": implementation,
            "implementation_version": implementation_version(),
            "os_name": os.name,
            "platform_machine": platform.machine(),
            "platform_python_implementation": platform.python_implementation(),
            "platform_release": platform.release(),
            "platform_system": platform.system(),
            "platform_version": platform.version(),
            "python_full_version": platform.python_version(),
            "python_version": "{}.{}".format(*sys.version_info[:2]),
            "sys_platform": sys.platform,
        },
    },
    sys.stdout,
)
