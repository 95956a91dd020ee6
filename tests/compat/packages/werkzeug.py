"""Routes a URL, parses a form with a file, hashes a password, and answers a WSGI request."""

OLD = ["werkzeug==2.0.3"]
NEW = ["werkzeug==3.1.3"]
CODE = "-"

import io


def work():
    from importlib.metadata import version
    from werkzeug.routing import Map, Rule
    from werkzeug.security import check_password_hash, generate_password_hash
    from werkzeug.test import Client
    from werkzeug.wrappers import Request, Response

    urls = Map([Rule("/shop/<int:number>", endpoint="shop")])

    @Request.application
    def application(request):
        endpoint, values = urls.bind_to_environ(request.environ).match()
        file = request.files["file"]
        return Response(f"{endpoint} {values['number']} {request.form['name']} {file.filename} {len(file.read())}")

    answer = Client(application, Response).post("/shop/7", data={"name": "ü", "file": (io.BytesIO(b"123"), "a.txt")})
    hashed = generate_password_hash("pw", method="pbkdf2:sha256:1000")
    return [version("werkzeug"), answer.get_data(as_text=True), check_password_hash(hashed, "pw"), hashed.partition("$")[0]]
