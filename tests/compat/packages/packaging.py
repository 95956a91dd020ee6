"""Compares versions, reads requirements, markers and wheel names, and picks tags."""

OLD = ["packaging==20.9"]
NEW = ["packaging==25.0"]
CODE = "-"

from packaging import markers, requirements, specifiers, tags, utils, version


def work():
    from importlib.metadata import version as installed

    wanted = requirements.Requirement("shop[till]>=1,<2; python_version >= '3'")
    return [
        installed("packaging"),
        [str(v) for v in sorted(map(version.Version, ["1.10", "1.9", "1.10rc1", "1!0"]))],
        [wanted.name, sorted(wanted.extras), str(wanted.specifier), str(wanted.marker)],
        list(specifiers.SpecifierSet("~=1.4").filter(["1.3", "1.4", "1.9", "2.0"])),
        markers.Marker("os_name == 'posix'").evaluate(),
        utils.canonicalize_name("A_b.C"),
        type(version.parse("1.0")).__name__,
        str(next(tags.sys_tags())),
    ]
