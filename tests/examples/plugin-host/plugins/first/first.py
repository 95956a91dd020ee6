"""A plugin that was written for click 7."""

import click
import host_api


class Plugin(host_api.Plugin):
    def describe(self):
        from click.testing import CliRunner

        hello = click.command()(lambda: click.echo("hello"))
        return f"{CliRunner().invoke(hello).output.strip()} from click {click.__version__}"
