"""Maps classes, makes tables in sqlite, inserts, joins and aggregates, and rolls back."""

OLD = ["sqlalchemy==1.4.54"]
NEW = ["sqlalchemy==2.0.44"]
CODE = "C (1.4), Cython (2)"

import sqlalchemy as sa
from sqlalchemy.orm import Session, declarative_base, relationship

Base = declarative_base()


class Shop(Base):
    __tablename__ = "shop"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String)
    sales = relationship("Sale", back_populates="shop")


class Sale(Base):
    __tablename__ = "sale"
    id = sa.Column(sa.Integer, primary_key=True)
    sold = sa.Column(sa.Integer)
    shop_id = sa.Column(sa.ForeignKey("shop.id"))
    shop = relationship("Shop", back_populates="sales")


def work():
    engine = sa.create_engine("sqlite://", future=True)
    Base.metadata.create_all(engine)
    with Session(engine, future=True) as session:
        session.add(Shop(name="a", sales=[Sale(sold=3), Sale(sold=4)]))
        session.add(Shop(name="b", sales=[Sale(sold=1)]))
        session.commit()
        session.add(Shop(name="gone"))
        session.rollback()
        query = sa.select(Shop.name, sa.func.sum(Sale.sold)).join(Sale).group_by(Shop.name).order_by(Shop.name)
        rows = [list(row) for row in session.execute(query)]
        first = session.execute(sa.select(Shop).order_by(Shop.name)).scalars().first()
        return [sa.__version__, rows, [sale.sold for sale in first.sales], str(query)]
