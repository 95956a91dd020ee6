"""The gate: `python gate.py NAME...` has each of these packages compute something, and compares the result.

Deliberately not here: which track asks for what; that stands in the manifest.
"""

import asyncio
import io
import os
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import model

ROWS = [("a", 1.0), ("b", 2.0), ("a", 3.0)]


def pandas():
    import pandas

    frame = pandas.DataFrame(ROWS, columns=["name", "value"])
    same(frame.groupby("name")["value"].sum().to_dict(), {"a": 4.0, "b": 2.0})
    same(pandas.read_csv(io.StringIO(frame.to_csv(index=False)))["value"].mean(), 2.0)


def scikit_learn():
    from sklearn.linear_model import LinearRegression
    from sklearn.tree import DecisionTreeClassifier

    line = LinearRegression().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    same(round(float(line.predict([[10.0]])[0]), 6), 21.0)
    same(DecisionTreeClassifier().fit([[0], [1]], [0, 1]).predict([[1]]).tolist(), [1])


def matplotlib():
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots()
    axes.plot([1, 2, 3], [1, 4, 9])
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    same(picture.getvalue()[:4], b"\x89PNG")


def onnxruntime():
    import onnxruntime

    session = onnxruntime.InferenceSession(model.doubling(3), providers=["CPUExecutionProvider"])
    same(session.run(None, {"x": [1.0, 2.0, 3.0]})[0].tolist(), [2.0, 4.0, 6.0])


def together():
    """What root does with them: plain values cross from one to the other."""
    import onnxruntime
    import pandas

    frame = pandas.DataFrame(ROWS, columns=["name", "value"])
    session = onnxruntime.InferenceSession(model.doubling(3), providers=["CPUExecutionProvider"])
    frame["double"] = session.run(None, {"x": frame["value"].tolist()})[0].tolist()
    same(frame.groupby("name")["double"].sum().to_dict(), {"a": 8.0, "b": 4.0})


def requests():
    import requests

    with Server() as address:
        same(requests.get(address, timeout=60).json(), {"fine": True})


def httpx():
    import httpx

    with Server() as address, httpx.Client(trust_env=False) as client:
        same(client.get(address, timeout=60).json(), {"fine": True})


def aiohttp():
    import aiohttp

    async def fetch(address):
        async with aiohttp.ClientSession() as session, session.get(address) as response:
            return await response.json()

    with Server() as address:
        same(asyncio.run(fetch(address)), {"fine": True})


def pillow():
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (4, 4), (255, 0, 0)).resize((2, 2)).save(picture, "png")
    same(Image.open(picture).getpixel((1, 1)), (255, 0, 0))


def lxml():
    from lxml import etree

    same(etree.fromstring("<a><b>1</b><b>2</b></a>").xpath("//b/text()"), ["1", "2"])


def cryptography():
    from cryptography.fernet import Fernet

    box = Fernet(Fernet.generate_key())
    same(box.decrypt(box.encrypt(b"text")), b"text")


def pydantic():
    from pydantic import BaseModel, ValidationError

    class Row(BaseModel):
        name: str
        value: float

    same(Row.model_validate({"name": "a", "value": "1.5"}).value, 1.5)
    try:
        Row.model_validate({"name": "a", "value": "much"})
    except ValidationError as error:
        return same(error.error_count(), 1)
    raise AssertionError("a value that is no number was taken")


def sqlalchemy():
    from sqlalchemy import Column, Float, MetaData, String, Table, create_engine, func, select

    table = Table("rows", MetaData(), Column("name", String), Column("value", Float))
    with create_engine("sqlite://").begin() as connection:
        table.create(connection)
        connection.execute(table.insert(), [{"name": name, "value": value} for name, value in ROWS])
        same(connection.execute(select(func.sum(table.c.value))).scalar(), 6.0)


def jinja2():
    from jinja2 import Environment

    template = Environment().from_string("{% for name, value in rows %}{{ name }}{{ value | int }} {% endfor %}")
    same(template.render(rows=ROWS), "a1 b2 a3 ")


def rich():
    from rich.console import Console
    from rich.table import Table

    table, out = Table("name", "value"), io.StringIO()
    table.add_row("a", "[bold]1[/bold]")
    Console(file=out, width=40).print(table)
    same("a" in out.getvalue() and "bold" not in out.getvalue(), True)


def click():
    import click
    from click.testing import CliRunner

    @click.command()
    @click.option("--times", type=int)
    def command(times):
        click.echo("x" * times)

    same(CliRunner().invoke(command, ["--times", "3"]).output, "xxx\n")


def pyyaml():
    import yaml

    value = {"rows": [list(row) for row in ROWS]}
    same(yaml.load(yaml.dump(value, Dumper=yaml.CSafeDumper), Loader=yaml.CSafeLoader), value)


def tqdm():
    from tqdm import tqdm

    out = io.StringIO()
    same(sum(tqdm(range(4), file=out)), 6)
    same("4/4" in out.getvalue(), True)


class Server:
    """Answers every request of this machine; `with Server() as address`."""

    def __enter__(self):
        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}/"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Answer(BaseHTTPRequestHandler):
    """One answer for all."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"fine": true}')

    def log_message(self, *_):
        """Nothing is said of it."""


def same(found, expected):
    """Fails where they differ."""
    if found != expected:
        raise AssertionError(f"{found!r} in the place of {expected!r}")


if __name__ == "__main__":
    # A cache of fonts that another version wrote is not to be read.
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MPLCONFIGDIR"] = folder
        for name in sys.argv[1:]:
            print(name, flush=True)
            globals()[name.replace("-", "_")]()
