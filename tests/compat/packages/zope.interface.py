"""Declares interfaces, verifies and adapts objects in C."""

OLD = ["zope.interface==5.5.2"]
NEW = ["zope.interface==8.1"]
CODE = "C"

from zope.interface import Attribute, Interface, implementer
from zope.interface.adapter import AdapterRegistry


class IShop(Interface):
    name = Attribute("what it is called")

    def sell(thing):
        """Sells it."""


class ITill(Interface):
    pass


@implementer(IShop)
class Shop:
    name = "a"

    def sell(self, thing):
        return thing


def work():
    from importlib.metadata import version

    from zope.interface import verify
    from zope.interface.interfaces import ComponentLookupError, IInterface

    adapters = AdapterRegistry()
    adapters.register([IShop], ITill, "", lambda shop: f"till of {shop.name}")
    return [
        version("zope.interface"),
        [IShop.providedBy(Shop()), ITill.providedBy(Shop()), IInterface.providedBy(IShop)],
        verify.verifyObject(IShop, Shop()),
        adapters.queryAdapter(Shop(), ITill),
        sorted(IShop.names()),
        ITill(Shop(), "none"),
        ComponentLookupError.__name__,
    ]
