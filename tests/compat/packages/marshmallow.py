"""Loads and dumps nested data by a schema, and collects what is wrong."""

OLD = ["marshmallow==2.21.0"]
NEW = ["marshmallow==4.1.0"]
CODE = "-"

import marshmallow
from marshmallow import Schema, fields, validate


class ItemSchema(Schema):
    name = fields.Str(required=True)
    price = fields.Float(validate=validate.Range(min=0))


class OrderSchema(Schema):
    items = fields.Nested(ItemSchema, many=True)
    day = fields.Date()


def work():
    import datetime
    from importlib.metadata import version

    dumped = OrderSchema().dump({"items": [{"name": "a", "price": "2.5"}], "day": datetime.date(2024, 2, 29)})
    try:
        wrong = OrderSchema().load({"items": [{"price": -1}], "day": "x"}).errors
    except marshmallow.ValidationError as error:
        wrong = error.messages
    return [version("marshmallow"), getattr(dumped, "data", dumped), str(wrong), sorted(OrderSchema().fields)]
