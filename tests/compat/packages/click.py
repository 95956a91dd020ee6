"""Runs a command with options, a group, a prompt, an error, and colours."""

OLD = ["click==7.1.2"]
NEW = ["click==8.3.1"]
CODE = "-"

import click


@click.group()
@click.option("--loud/--quiet")
@click.pass_context
def shop(context, loud):
    context.obj = loud


@shop.command()
@click.argument("names", nargs=-1)
@click.option("--times", type=click.IntRange(1, 3), default=1)
@click.pass_obj
def greet(loud, names, times):
    for name in names * times:
        click.secho(f"Hello {name}{'!' if loud else ''}", fg="green")


def work():
    from click.testing import CliRunner
    from importlib.metadata import version

    run = CliRunner().invoke
    return [
        version("click"),
        run(shop, ["--loud", "greet", "a", "b", "--times", "2"], color=True).output,
        run(shop, ["greet", "--times", "9"]).exit_code,
        run(shop, ["greet", "--help"]).output,
    ]
