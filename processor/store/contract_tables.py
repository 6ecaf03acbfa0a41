"""Tables of the contract register, and of the files that it was taken from."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Field

from processor.store.columns import Utc, Words
from processor.store.mail_tables import Row


class ContractRow(Row, table=True):
    """A customer's contract for one product.  ``name_key`` finds names that are spelled a little otherwise."""

    __tablename__ = "contract"

    customer_no: str = Field(primary_key=True)
    product: str = Field(primary_key=True, sa_type=Words)
    org_no: str = Field(default="", index=True)
    name: str = Field(sa_type=Words)
    name_key: str = Field(default="", index=True)
    domains: str = ""
    family: str = ""
    type: str = ""
    signed: date | None = None
    invoiced_to: date | None = None
    phone: str = ""
    contacts: str = Field(default="", sa_type=Words)


class ContractDomain(Row, table=True):
    """A mail domain (lower case, never a public one) of a customer; ``likeness`` finds those that look like it."""

    __tablename__ = "contract_domain"

    domain: str = Field(primary_key=True)
    customer_no: str = Field(primary_key=True)
    likeness: str = Field(default="", index=True)


class ContractImport(Row, table=True):
    """A file that was taken into the register, or refused: ``problems`` then holds its lines as JSON."""

    __tablename__ = "contract_import"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=Utc)
    actor: str = Field(sa_type=Words)
    file: str = Field(sa_type=Words)
    digest: str
    contracts: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    problems: str = Field(default="", sa_type=Words)
