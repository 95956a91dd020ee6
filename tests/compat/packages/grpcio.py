"""Starts a server, calls it over the loopback interface, and gets an answer and an error."""

OLD = ["grpcio==1.54.3"]
NEW = ["grpcio==1.76.0"]
CODE = "C++, Cython"

from concurrent import futures

import grpc


def work():
    def answer(request, context):
        if not request:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "nothing asked")
        return request[::-1]

    server = grpc.server(futures.ThreadPoolExecutor(2))
    handlers = grpc.method_handlers_generic_handler("shop", {"Turn": grpc.unary_unary_rpc_method_handler(answer)})
    server.add_generic_rpc_handlers((handlers,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            turn = channel.unary_unary("/shop/Turn")
            try:
                turn(b"", timeout=20)
            except grpc.RpcError as error:
                code = error.code().name
            return [grpc.__version__, turn(b"abc", timeout=20).decode(), code]
    finally:
        server.stop(None).wait()
