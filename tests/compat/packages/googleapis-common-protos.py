"""Uses messages of Google's shared types, which live in the `google` namespace of another distribution."""

OLD = ["googleapis-common-protos==1.56.4", "protobuf==3.20.3"]
NEW = ["googleapis-common-protos==1.72.0", "protobuf==6.33.0"]
CODE = "C, C++ (protobuf)"

from google.rpc import code_pb2, error_details_pb2, status_pb2


def work():
    from importlib.metadata import version

    from google.protobuf import any_pb2, json_format
    from google.type import date_pb2, money_pb2

    status = status_pb2.Status(code=code_pb2.NOT_FOUND, message="gone")
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason="r", metadata={"a": "1"}))
    status.details.append(detail)
    again = status_pb2.Status.FromString(status.SerializeToString())
    return [
        version("googleapis-common-protos"),
        json_format.MessageToDict(again),
        money_pb2.Money(currency_code="EUR", units=3).SerializeToString().hex(),
        str(date_pb2.Date(year=2024, month=2)),
    ]
