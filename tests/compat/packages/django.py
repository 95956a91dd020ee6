"""Makes a table in sqlite through the ORM, renders a template, and answers a request through URL routing."""

OLD = ["django==3.2.25"]
NEW = ["django==5.2.8"]
CODE = "-"

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    ROOT_URLCONF=__name__,
    SECRET_KEY="k",
    ALLOWED_HOSTS=["*"],
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()

from django.db import connection, models
from django.http import HttpResponse
from django.urls import path


class Shop(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "shops"


urlpatterns = [path("shop/<int:number>", lambda request, number: HttpResponse(f"shop {number}"))]


def work():
    from django.template import engines
    from django.test import RequestFactory
    from django.core.handlers.base import BaseHandler

    if "shops_shop" not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Shop)
    Shop.objects.all().delete()
    Shop.objects.bulk_create([Shop(name="b"), Shop(name="a")])
    handler = BaseHandler()
    handler.load_middleware()
    page = engines["django"].from_string("{% for s in shops %}{{ s.name|upper }}{% endfor %} <{{ x }}>")
    return [
        django.VERSION,
        list(Shop.objects.filter(name__gte="a").order_by("name").values_list("name", flat=True)),
        page.render({"shops": Shop.objects.order_by("-name"), "x": "<b>"}),
        handler.get_response(RequestFactory().get("/shop/7")).content.decode(),
        Shop.objects.aggregate(n=models.Count("id")),
    ]
