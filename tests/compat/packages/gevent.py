"""Runs greenlets that wait for each other, a queue, a timeout, and a server with a client; greenlet beneath it."""

OLD = ["gevent==22.10.2", "greenlet==2.0.2"]
NEW = ["gevent==25.9.1", "greenlet==3.2.4"]
CODE = "C, Cython"

import gevent


def work():
    import greenlet
    from gevent import pool, queue, server, socket

    waiting, found = queue.Queue(), []

    def produce():
        for number in range(3):
            gevent.sleep(0.001)
            waiting.put(number)
        waiting.put(StopIteration)

    def answer(connection, address):
        connection.sendall(connection.recv(10)[::-1])
        connection.close()

    gevent.joinall([gevent.spawn(produce), gevent.spawn(lambda: found.extend(waiting))])
    listening = server.StreamServer(("127.0.0.1", 0), answer)
    listening.start()
    client = socket.create_connection(("127.0.0.1", listening.server_port))
    client.sendall(b"abc")
    said = client.recv(10).decode()
    client.close()
    listening.stop()
    try:
        with gevent.Timeout(0.01):
            gevent.sleep(5)
    except gevent.Timeout:
        found.append("late")
    return [gevent.__version__, greenlet.__version__, found, said, pool.Pool(2).map(lambda x: x * 2, [1, 2, 3])]
