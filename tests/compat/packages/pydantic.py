"""Validates nested models, reports errors, and writes JSON and a schema."""

OLD = ["pydantic==1.10.13"]
NEW = ["pydantic==2.12.4"]
CODE = "Cython (1), Rust (2)"

from datetime import date
from typing import List, Optional

import pydantic


class Item(pydantic.BaseModel):
    name: str
    price: float = 1.0
    day: Optional[date] = None


class Order(pydantic.BaseModel):
    items: List[Item]


def work():
    data = {"items": [{"name": "a", "price": "2.5", "day": "2024-02-29"}, {"name": "b"}]}
    order = Order(**data)
    try:
        Order(items=[{"price": "dear"}])
    except pydantic.ValidationError as wrong:
        errors = [(list(error["loc"]), error["type"]) for error in wrong.errors()]
    new = hasattr(order, "model_dump")
    return [
        pydantic.VERSION,
        order.items[0].price,
        errors,
        order.model_dump_json() if new else order.json(),
        sorted((Order.model_json_schema() if new else Order.schema()).keys()),
        type(order).__module__.endswith("pydantic"),
    ]
