"""Validates and answers requests, and describes itself in OpenAPI; starlette and pydantic beneath it."""

OLD = ["fastapi==0.95.2", "pydantic==1.10.13", "starlette==0.27.0", "httpx==0.24.1"]
NEW = ["fastapi==0.121.3", "pydantic==2.12.4", "starlette==0.50.0", "httpx==0.28.1"]
CODE = "Cython, Rust (pydantic)"

import fastapi
from pydantic import BaseModel


class Item(BaseModel):
    name: str
    price: float


app = fastapi.FastAPI(title="shop")


@app.post("/items/{shop}", response_model=Item)
async def add(shop: int, item: Item, twice: bool = False):
    return Item(name=f"{item.name}{shop}", price=item.price * (1 + twice))


def work():
    import starlette
    from fastapi.testclient import TestClient

    client = TestClient(app)
    wrong = client.post("/items/x", json={"name": "a"})
    return [
        [fastapi.__version__, starlette.__version__],
        client.post("/items/7?twice=1", json={"name": "a", "price": "2.5"}).json(),
        [wrong.status_code, [error["loc"] for error in wrong.json()["detail"]]],
        sorted(client.get("/openapi.json").json()["paths"]),
    ]
