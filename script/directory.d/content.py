"""What a directory holds: the rows of each table, the same for the same seed and sizes.

Nothing is kept: rows are made as they are written, and what two tables share (a user's name and address,
who belongs where) is made twice from the same seed.
"""

import uuid
from dataclasses import dataclass
from hashlib import blake2b
from random import Random
from typing import Callable

# Whoever was created, joined or last signed in did so between these, in Unix seconds.
FIRST_DAY, LAST_DAY = 1_672_531_200, 1_767_225_600

# Known to everybody who measures: they belong to many organizations, with many roles in each.
ADDRESS = "ada@directory.test"
ORGANIZATIONS_OF_ADA, ROLES_OF_ADA, PERMISSIONS_OF_ADA = 50, 10, 5

PERMISSIONS_OF_A_ROLE = 20

# Of 100 users, how many belong to so many organizations.
MEMBERSHIPS = [0] * 2 + [1] * 58 + [2] * 32 + [3] * 6 + [5] * 2

GIVEN_NAMES = """
    Aaliyah Adam Agnes Ahmed Aiko Alan Alice Amara Amir Ana Anders Andrea Anna Anton Ángel Åsa Barbara Beatriz
    Ben Bianca Björn Bruno Camille Carlos Carmen Chen Chiara Chloé Clara Conor Daan Daniel Daria David Deepa
    Diana Diego Dmitri Elena Eli Emma Emre Enzo Erik Esther Eva Fatima Felix Fiona Francesca Frida Gabriel
    Georg Grace Hamid Hana Hannah Hans Hugo Ibrahim Ines Ingrid Irene Ivan Jack Jakub James Jana Javier Joan
    Joaquín Johanna John José Julia Kaito Karim Kate Katya Kenji Kofi Lars Laura Layla Leila Leo Lena Li Liam
    Lina Lucas Lucía Lukas Luna Magnus Malik Marco María Mario Marta Martin Mary Mateo Maya Mei Mia Michael
    Milan Mina Mohammed Nadia Naomi Nia Nico Nils Nina Noah Noor Olga Olivia Omar Oscar Otto Paul Pedro Petra
    Pia Priya Rafael Rahul Rania Rosa Ruth Ryan Sami Samuel Sana Sara Sven Sofia Søren Sunita Tara Theo Thomas
    Tiago Timo Ulla Uma Vera Víctor Walter Wei Yara Yasmin Yuki Yusuf Zara Zoë
""".split()

FAMILY_NAMES = [beginning + ending for beginning in """
    Al Ander Ash Bar Ber Black Bram Brook Cal Carl Clay Cold Cran Dal Dun East Ed El Fair Falk Fen Ford Gold
    Gran Green Hal Ham Hart Haw Hol Kirk Lang Lin Lund Mar Mel Mill Nor Oak Os Pem Quin Raven Red Ros Sand
    Shel Stan Stern Strand Swan Thorn Wal Wes White Win Wood York
""".split() for ending in """
    berg bourne bridge brook bury by dale den don field ford gate grave ham hart holm hurst land ley lock
    man mere ney nor quist rose sen son stad stein stone stock ström thal thorpe ton vik wald ward wick wood
    worth wyn zen
""".split()]

DOMAINS = 5_000

VERBS = "approve archive assign create delete export import list manage print read share sign update view".split()
THINGS = """
    accounts addresses articles assets audits backups bills boards bookings budgets calendars campaigns carts
    cases catalogues certificates channels charts claims comments contacts contracts coupons courses credits
    customers dashboards deals deliveries devices documents domains drafts events expenses feeds files folders
    forecasts forms goals grades groups holidays images incidents inspections inventories invoices issues items
    jobs journals keys labels leads ledgers licences lists locations machines meetings messages notes offers
    orders pages partners payments payrolls photos plans policies prices products projects quotas quotes
    receipts refunds regions reports requests reviews rooms rules sales schedules sessions shifts shipments
    sites stocks subscriptions surveys tags tasks taxes teams templates tickets timesheets tokens tours trainings
    transfers vehicles vendors visits vouchers wallets warehouses webhooks workflows
""".split()


@dataclass
class Table:
    """A table that is filled: its columns, and what makes its rows."""

    name: str
    columns: tuple
    rows: Callable
    # One that the schema need not have.
    optional: bool = False


@dataclass
class Person:
    index: int
    given_name: str
    family_name: str
    address: str
    created_at: int


class Directory:
    def __init__(self, seed=1, users=1_000_000, organizations=100_000, permissions=1_000, roles=200,
                 password_hash=None):
        self.seed = seed
        self.users, self.organizations = users, organizations
        self.permissions, self.roles = permissions, roles
        self.password_hash = password_hash
        # In the middle of every list that is sorted by id.
        self.ada = users // 2
        belongs_to = min(ORGANIZATIONS_OF_ADA, organizations)
        self.organizations_of_ada = [i * organizations // belongs_to for i in range(belongs_to)]

    def tables(self):
        """The tables in an order in which each row refers to those before it."""
        assignment = ("source", "expires_at", "created_at")
        return [
            Table("permissions", ("id", "key", "name", "description", "is_in_new_roles", "created_at", "updated_at"),
                  self.permission_rows),
            Table("roles", ("id", "key", "name", "description", "is_default", "created_at", "updated_at"),
                  self.role_rows),
            Table("role_permissions", ("role_id", "permission_id"), self.role_permission_rows),
            Table("organizations", ("id", "name", "handle", "external_id", "is_default", "is_auto_membership",
                                    "suspended_at", "created_at", "updated_at"), self.organization_rows),
            Table("users", ("id", "given_name", "family_name", "picture", "attributes", "suspended_at",
                            "created_at", "updated_at"), self.user_rows),
            Table("identities", ("id", "user_id", "kind", "value", "value_key", "verified_at", "is_primary",
                                 "sign_ins", "last_sign_in_at", "created_at"), self.identity_rows),
            Table("user_words", ("user_id", "word"), self.word_rows, optional=True),
            Table("passwords", ("user_id", "password_hash", "is_temporary", "changed_at"), self.password_rows),
            Table("memberships", ("organization_id", "user_id", "joined_at", "last_sign_in_at"),
                  self.membership_rows),
            Table("role_assignments", ("organization_id", "user_id", "role_id", *assignment),
                  self.role_assignment_rows),
            Table("permission_assignments", ("organization_id", "user_id", "permission_id", *assignment),
                  self.permission_assignment_rows),
        ]

    # Identifiers. Each is random within a slice of its own, so that they come in order, which is how an
    # index likes to be filled, and none has to be remembered.

    def user_id(self, index):
        return f"kp_{self.sliced('user', index, self.users, 128):032x}"

    def organization_id(self, index):
        return f"org_{self.sliced('organization', index, self.organizations, 44):011x}"

    def permission_id(self, index):
        return str(uuid.UUID(int=self.sliced("permission", index, self.permissions, 128), version=4))

    def role_id(self, index):
        return str(uuid.UUID(int=self.sliced("role", index, self.roles, 128), version=4))

    def sliced(self, noun, index, count, bits):
        slice_size = (1 << bits) // count
        digest = blake2b(f"{self.seed}/{noun}/{index}".encode(), digest_size=16).digest()
        return index * slice_size + int.from_bytes(digest, "big") % slice_size

    def random(self, purpose):
        return Random(f"{self.seed}/{purpose}")

    # Roles and permissions.

    def permission_rows(self):
        for index in range(self.permissions):
            verb, thing = VERBS[index // len(THINGS) % len(VERBS)], THINGS[index % len(THINGS)]
            turn = index // (len(THINGS) * len(VERBS))
            key = f"{verb}:{thing}{turn or ''}"
            name = f"{verb.capitalize()} {thing}"
            yield self.permission_id(index), key, name, "", False, FIRST_DAY, FIRST_DAY

    def role_rows(self):
        for index in range(self.roles):
            yield (self.role_id(index), f"role-{index:03}", f"Role {index:03}", "", False, FIRST_DAY, FIRST_DAY)

    def role_permission_rows(self):
        random = self.random("role_permissions")
        count = min(PERMISSIONS_OF_A_ROLE, self.permissions)
        for role in range(self.roles):
            for permission in sorted(random.sample(range(self.permissions), count)):
                yield self.role_id(role), self.permission_id(permission)

    # Organizations.

    def organization_rows(self):
        random = self.random("organizations")
        for index in range(self.organizations):
            name = random.choice(FAMILY_NAMES)
            created_at = random.randrange(FIRST_DAY, LAST_DAY)
            is_suspended = index % 200 == 199 and index not in self.organizations_of_ada
            yield (self.organization_id(index), f"{name} {random.choice(THINGS)}", f"{name.lower()}-{index}",
                   f"crm-{index}", False, False, LAST_DAY if is_suspended else None, created_at, created_at)

    # People.

    def people(self):
        random = self.random("people").random
        span = LAST_DAY - FIRST_DAY
        for index in range(self.users):
            # Some names are frequent and most are rare.
            given = GIVEN_NAMES[int(len(GIVEN_NAMES) * random() ** 1.5)]
            family = FAMILY_NAMES[int(len(FAMILY_NAMES) * random() ** 1.5)]
            domain = int(DOMAINS * random() ** 3)
            address = f"{given}.{family}.{index}@d{domain}.directory.test"
            created_at = FIRST_DAY + int(span * random())
            if index == self.ada:
                given, family, address = "Ada", "Lovelace", ADDRESS
            yield Person(index, given, family, address, created_at)

    def user_rows(self):
        for person in self.people():
            is_suspended = person.index % 200 == 199 and person.index != self.ada
            yield (self.user_id(person.index), person.given_name, person.family_name, None, "{}",
                   LAST_DAY if is_suspended else None, person.created_at, person.created_at)

    def identity_rows(self):
        random = self.random("identities")
        for person in self.people():
            sign_ins = int(200 * random.random() ** 4)
            last = random.randrange(person.created_at, LAST_DAY) if sign_ins else None
            is_verified = random.random() < 0.95 or person.index == self.ada
            yield (f"identity_{random.getrandbits(128):032x}", self.user_id(person.index), "email", person.address,
                   person.address.lower(), person.created_at if is_verified else None, True, sign_ins, last,
                   person.created_at)

    def word_rows(self):
        """By the beginnings of these, users are searched."""
        for person in self.people():
            given, family = person.given_name.lower(), person.family_name.lower()
            words = {given, family, f"{given} {family}", person.address.lower()}
            for word in sorted(words):
                yield self.user_id(person.index), word

    def with_password(self):
        """Those who have a password: a few, Ada among them."""
        return sorted({self.ada, *(i * self.users // 10 for i in range(10))})

    def password_rows(self):
        if self.password_hash is not None:
            for index in self.with_password():
                yield self.user_id(index), self.password_hash, False, FIRST_DAY

    # Who belongs where, and what they may there.

    def memberships(self):
        """Pairs of an organization and a user, by user."""
        random = self.random("memberships").random
        for user in range(self.users):
            if user == self.ada:
                belongs_to = self.organizations_of_ada
            else:
                count = MEMBERSHIPS[int(100 * random())]
                # Some organizations are large and most are small.
                belongs_to = sorted({int(self.organizations * random() ** 3) for _ in range(count)})
            for organization in belongs_to:
                yield organization, user

    def membership_rows(self):
        random = self.random("visits").random
        span = LAST_DAY - FIRST_DAY
        for organization, user in self.memberships():
            joined_at = FIRST_DAY + int(span * random())
            last = joined_at + int((LAST_DAY - joined_at) * random()) if random() < 0.8 else None
            yield self.organization_id(organization), self.user_id(user), joined_at, last

    def role_assignment_rows(self):
        random = self.random("role_assignments").random
        for organization, user in self.memberships():
            if user == self.ada:
                held = [(organization + i) % self.roles for i in range(min(ROLES_OF_ADA, self.roles))]
            else:
                count = 1 + (random() < 0.1) + (random() < 0.02)
                held = {int(self.roles * random() ** 2) for _ in range(count)}
            for role in sorted(held):
                yield (self.organization_id(organization), self.user_id(user), self.role_id(role), "api", None,
                       FIRST_DAY)

    def permission_assignment_rows(self):
        random = self.random("permission_assignments").random
        for organization, user in self.memberships():
            if user == self.ada:
                wanted = min(PERMISSIONS_OF_ADA, self.permissions)
                held = [(organization + 7 * i) % self.permissions for i in range(wanted)]
            elif random() < 0.03:
                held = [int(self.permissions * random())]
            else:
                continue
            for permission in sorted(set(held)):
                yield (self.organization_id(organization), self.user_id(user), self.permission_id(permission), "api",
                       None, FIRST_DAY)
