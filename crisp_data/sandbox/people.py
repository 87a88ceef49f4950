"""Who takes part: customers, each a pure function of a salt and a number."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .calendar import OPERATORS
from .rng import mix, pick, uuid_at
from .texts import COMPANIES, DEVICES, HOSTILE, NAMES, PLACES, Place

_SEGMENTS = ("vip", "trial", "newsletter", "enterprise", "churn-risk")
_PLANS = ("free", "pro", "unlimited")


@dataclass(frozen=True, slots=True)
class Customer:
    """One person who writes in."""

    number: int
    salt: int
    people_id: str
    nickname: str
    email: str | None
    phone: str | None
    place: Place
    segments: tuple[str, ...]
    company: str | None

    @property
    def has_profile(self) -> bool:
        """Whether Crisp holds a profile: most who left an e-mail have one."""
        return self.email is not None and self.salt % 16 != 0

    @property
    def geolocation(self) -> dict[str, Any]:
        """Where they are, as in `meta.device.geolocation` and in a profile."""
        place = self.place
        return {
            "country": place.country,
            "region": place.region,
            "city": place.city,
            "coordinates": {"latitude": place.latitude, "longitude": place.longitude},
        }

    @property
    def locales(self) -> list[str]:
        """The languages that their browser asks for."""
        return [self.place.language, "en"] if self.place.language != "en" else ["en"]

    @property
    def avatar(self) -> str | None:
        """The address of a picture, which a third of them have."""
        return f"https://image.crisp.example/avatar/{self.people_id}.png" if self.salt % 3 else None

    def data(self) -> dict[str, Any]:
        """Return free data as customers' own programs write it: any key, any scalar."""
        salt = self.salt
        data: dict[str, Any] = {"plan": pick(_PLANS, salt), "orders": salt % 40}
        if salt % 2:
            data["lifetime_value"] = (salt % 1_000_000) / 100
        if salt % 3 == 0:
            data["newsletter"] = bool(salt % 6)
        if salt % 7 == 0:
            # The same key holds a number here and a text there.
            data["orders"] = str(salt % 40)
        if salt % 11 == 0:
            data["Boutique préférée"] = "Le Marais 🛍️"
        return data

    def system(self) -> dict[str, Any]:
        """Return the operating system and browser as Crisp tells them."""
        os_name, os_version, browser, major = pick(DEVICES, self.salt >> 8)
        return {
            "os": {"name": os_name, "version": os_version},
            "engine": {"name": "Blink" if browser == "Chrome" else "Gecko", "version": major},
            "browser": {"name": browser, "version": f"{major}.0.1", "major": major},
            "useragent": f"Mozilla/5.0 ({os_name} {os_version}) {browser}/{major}.0",
        }


@lru_cache(maxsize=4096)
def customer(website_salt: int, number: int) -> Customer:
    """Return the customer of that number."""
    salt = mix(website_salt, number)
    place = pick(PLACES, salt >> 20)
    firsts, lasts = NAMES[place.language]
    first, last = pick(firsts, salt >> 3), pick(lasts, salt >> 11)
    nickname = f"{first} {last}"
    if number % 61 == 9:
        nickname = pick(HOSTILE, number // 61)
    company = pick(COMPANIES, salt >> 5) if salt % 4 == 0 else None
    return Customer(
        number=number,
        salt=salt,
        people_id=uuid_at(salt, 1),
        nickname=nickname,
        email=None if number % 5 == 3 else _email(first, last, number),
        phone=f"{place.dial}{600_000_000 + salt % 99_999_999}" if salt % 5 < 2 else None,
        place=place,
        segments=tuple(s for n, s in enumerate(_SEGMENTS) if salt >> (30 + 3 * n) & 7 == 0),
        company=company,
    )


def _email(first: str, last: str, number: int) -> str:
    folded = unicodedata.normalize("NFKD", f"{first}.{last}").encode("ascii", "ignore").decode()
    plain = "".join(c for c in folded.lower() if c.isalnum() or c == ".").strip(".")
    return f"{plain or 'user'}{number}@example.{('com', 'org', 'net')[number % 3]}"


@dataclass(frozen=True, slots=True)
class Scene:
    """What all conversations of one website share."""

    seed: str
    website_id: str
    salt: int
    operators: tuple[dict[str, Any], ...]
    inboxes: tuple[str, ...]

    def customer(self, number: int) -> Customer:
        """Return one of this website's customers."""
        return customer(self.salt, number)


def scene(seed: int, website: int) -> Scene:
    """Set the scene of the website of that number: 0 is the main one."""
    salt = mix(seed, 1_000 + website)
    # The operators are the same people on every website of a workspace.
    operators = tuple(
        {
            "user_id": uuid_at(mix(seed, 7), n),
            "nickname": operator.first_name,
            "avatar": f"https://image.crisp.example/avatar/operator-{n}.png",
        }
        for n, operator in enumerate(OPERATORS)
    )
    inboxes = tuple(uuid_at(salt, 100 + n) for n in range(3))
    return Scene(f"{seed}/{website}", uuid_at(salt, 0), salt, operators, inboxes)
