"""A module with a version and a program."""

VERSION = "1.0"


def main():
    print("leaf", VERSION)
