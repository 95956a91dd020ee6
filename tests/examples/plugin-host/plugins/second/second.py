"""A plugin that uses what click 8 has."""

import click
import host_api


class Plugin(host_api.Plugin):
    def describe(self):
        from click.shell_completion import get_completion_class

        assert get_completion_class("bash")
        return f"completes with click {click.__version__}"
