"""The retail world's state: three tables, and the indexes its look-ups need."""

from collections.abc import Mapping

from simulators.world import state
from simulators.world.state import Record, WriteRefused, normalised

__all__ = ["TABLES", "Base", "Record", "World", "WriteRefused", "normalised"]

TABLES = ("orders", "products", "users")


class Base(state.Base):
    """A retail world as loaded, with its look-ups indexed."""

    names = TABLES

    def __init__(self, tables: Mapping[str, dict[str, Record]]) -> None:
        super().__init__(tables)
        self.item_product = {item: key for key, product in tables["products"].items() for item in product["variants"]}
        self.by_email: dict[str, str] = {}
        self.by_name_zip: dict[tuple[str, str, str], list[str]] = {}
        for key, user in tables["users"].items():
            self.by_email[user["email"].casefold()] = key
            name = user["name"]
            who = (name["first_name"].casefold(), name["last_name"].casefold(), user["address"]["zip"])
            self.by_name_zip.setdefault(who, []).append(key)


class World(state.World):
    """One retail world in play."""

    base: Base

    def variant(self, item_id: str) -> Record | None:
        product = self.base.item_product.get(item_id)
        if product is None:
            return None
        found: Record = self.get("products", product)["variants"][item_id]
        return found
