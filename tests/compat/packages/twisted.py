"""Runs deferreds, a protocol over a string transport, and looks plugins and URLs up."""

OLD = ["twisted==21.7.0"]
NEW = ["twisted==25.5.0"]
CODE = "-"

import twisted


def work():
    from twisted.internet import defer, protocol, task
    from twisted.protocols.basic import LineReceiver
    from twisted.python import failure, filepath
    from twisted.test.proto_helpers import StringTransport
    from twisted.web.http_headers import Headers

    class Echo(LineReceiver):
        def lineReceived(self, line):
            self.sendLine(line[::-1])

    factory = protocol.Factory.forProtocol(Echo)
    server, transport, clock, seen = factory.buildProtocol(None), StringTransport(), task.Clock(), []
    server.makeConnection(transport)
    server.dataReceived(b"abc\r\nde")
    waiting = task.deferLater(clock, 5, lambda: 7)
    waiting.addCallback(lambda x: 1 / (x - 7)).addErrback(lambda f: seen.append(f.type.__name__))
    clock.advance(6)
    return [
        twisted.__version__,
        transport.value().decode(),
        seen,
        list(Headers({"a-b": ["c"]}).getAllRawHeaders())[0][0].decode(),
        filepath.FilePath(__file__).basename(),
        isinstance(defer.succeed(1), defer.Deferred) and failure.Failure is not None,
    ]
