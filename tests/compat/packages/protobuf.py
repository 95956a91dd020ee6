"""Makes a message type at run time, writes and reads messages, JSON and text format."""

OLD = ["protobuf==3.20.3"]
NEW = ["protobuf==6.33.0"]
CODE = "C, C++"

import google.protobuf
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, struct_pb2, text_format, timestamp_pb2

POOL = descriptor_pool.DescriptorPool()


def work():
    from google.protobuf import message_factory
    from google.protobuf.internal import api_implementation

    file = descriptor_pb2.FileDescriptorProto(name="shop.proto", package="shop", syntax="proto3")
    file.message_type.add(name="Item").field.add(name="price", number=1, type=1, label=1)
    POOL.AddSerializedFile(file.SerializeToString())
    kind = POOL.FindMessageTypeByName("shop.Item")
    make = getattr(message_factory, "GetMessageClass", None) or message_factory.MessageFactory().GetPrototype
    item = make(kind)(price=2.5)
    struct = struct_pb2.Struct()
    struct.update({"a": 1, "b": [True, None]})
    again = struct_pb2.Struct.FromString(struct.SerializeToString())
    return [
        google.protobuf.__version__,
        api_implementation.Type(),
        item.SerializeToString().hex(),
        json_format.MessageToDict(again),
        text_format.MessageToString(timestamp_pb2.Timestamp(seconds=9)),
    ]
