"""The lists of a website: people, operators, visitors, inboxes, campaigns; and the websites."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any

import pandas as pd

from crisp_data import arguments, dates, filters, tables
from crisp_data.rest import answer_checks
from crisp_data.rest.client import Client
from crisp_data.rest.cost_estimator import CostEstimator
from crisp_data.rest.cost_plans import CostPlans
from crisp_data.workspace.pulls import Pulls


class WebsiteLists:
    """What a website has beside its conversations, read as frames.

    Parameters
    ----------
    client : Client
        The client that reads.
    website_id : str
        The website.
    tz : str or tzinfo
        The zone of the frames' times, and of moments without one.
    estimator : CostEstimator
        Estimates what pulls cost.
    progress : bool or None
        Whether long pulls show a bar and their plan; on the live service only where it is None.
    """

    def __init__(
        self,
        client: Client,
        website_id: str,
        tz: str | tzinfo,
        estimator: CostEstimator,
        progress: bool | None,
    ) -> None:
        self.client, self.website_id, self.tz = client, website_id, dates.check_tz(tz)
        self.plan = CostPlans(estimator, self.tz)
        self._pulls = Pulls(client, website_id, estimator, progress)

    @property
    def now(self) -> pd.Timestamp:
        """The moment it is, in the zone of the workspace: of a sandbox, its own clock's.

        Examples
        --------
        >>> ws.now
        Timestamp('2026-11-02 09:0...', tz='UTC')
        """
        return self._moment.tz_convert(self.tz)

    def people(
        self,
        since: Any = None,
        until: Any = None,
        *,
        search: str | None = None,
        limit: int | None = None,
        tz: str | tzinfo | None = None,
        refresh: bool = False,
    ) -> pd.DataFrame:
        """Pull people profiles.

        Parameters
        ----------
        since : optional
            Only people *created* since then, included (*documented*).
        until : optional
            Only people *created* until then, included (*documented*).
        search : str, optional
            Crisp's text search.
        limit : int, optional
            As in :meth:`conversations`.
        tz : str or tzinfo, optional
            As in :meth:`conversations`.
        refresh : bool, default False
            As in :meth:`conversations`.

        Returns
        -------
        DataFrame
            One row a person, columns as in ``crisp.schema("people")``.

        Notes
        -----
        Spends a request for every 50 people, and one to see the end.

        Examples
        --------
        >>> len(ws.people(limit=5))
        5
        """
        zone, start, end = self._period(since, until, tz)
        arguments.check_text("search", search)
        limit = arguments.check_count("limit", limit)

        def wanted(frame: pd.DataFrame) -> pd.DataFrame:
            checks = [
                frame["created_at"] >= start if start is not None else None,
                frame["created_at"] <= end if end is not None else None,
            ]
            return filters.where(frame, checks)

        return self._pulls.rows(
            "people",
            "list_people_profiles",
            {**filters.bounds(start, end), "search_text": search},
            tz=zone,
            refresh=refresh,
            limit=limit,
            wanted=wanted,
        )

    def operators(self, *, refresh: bool = False) -> pd.DataFrame:
        """Pull the operators of the website; one request.

        Parameters
        ----------
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            Columns as in ``crisp.schema("operators")``.

        Examples
        --------
        >>> "user_id" in ws.operators()
        True
        """
        return self._pulls.rows(
            "operators", "list_website_operators", {}, tz=self.tz, refresh=refresh
        )

    def visitors(self, *, refresh: bool = False) -> pd.DataFrame:
        """Pull who is on the website now; never cached, for it is about this moment.

        Parameters
        ----------
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            Columns as in ``crisp.schema("visitors")``.

        Examples
        --------
        >>> "session_id" in ws.visitors()
        True
        """
        return self._pulls.rows("visitors", "list_visitors", {}, tz=self.tz, refresh=refresh)

    def inboxes(self, *, refresh: bool = False) -> pd.DataFrame:
        """Pull the website's inboxes.

        Parameters
        ----------
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            Columns as in ``crisp.schema("inboxes")``.

        Notes
        -----
        Spends a request for each page of the list.

        Examples
        --------
        >>> "inbox_id" in ws.inboxes()
        True
        """
        return self._pulls.rows("inboxes", "list_inboxes", {}, tz=self.tz, refresh=refresh)

    def campaigns(self, *, refresh: bool = False) -> pd.DataFrame:
        """Pull the website's campaigns.

        Parameters
        ----------
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            Columns as in ``crisp.schema("campaigns")``.

        Notes
        -----
        Spends a request for each page of the list.

        Examples
        --------
        >>> "campaign_id" in ws.campaigns()
        True
        """
        return self._pulls.rows("campaigns", "list_campaigns", {}, tz=self.tz, refresh=refresh)

    def websites(self, *, refresh: bool = False) -> pd.DataFrame:
        """Pull the websites that the token reads.

        Parameters
        ----------
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            Columns as in ``crisp.schema("websites")``.

        Notes
        -----
        Spends a request for each: the list that a plugin token may read has ids only.

        Examples
        --------
        >>> ws.websites()["domain"].tolist()
        ['acme.example', 'labs.acme.example']
        """
        builder = tables.Builder("websites", tz=self.tz)
        for website_id in self._pulls.bar(self.client.website_ids(refresh=refresh), "websites"):
            for page in self.client.pages("get_website", website_id=website_id, refresh=refresh):
                # One that came as nothing would be left out, and nobody would miss it.
                answer_checks.record(next(iter(page.records), None), "get_website")
                builder.add(page.body, website_id=website_id)
        return builder.frame()

    @property
    def _moment(self) -> pd.Timestamp:
        return pd.Timestamp(datetime.fromtimestamp(self.client.now(), UTC))

    def _zone(self, tz: str | tzinfo | None) -> str:
        return self.tz if tz is None else dates.check_tz(tz)

    def _period(
        self, since: Any, until: Any, tz: str | tzinfo | None
    ) -> tuple[str, pd.Timestamp | None, pd.Timestamp | None]:
        """Check a zone, and read both ends of a period in it."""
        zone = self._zone(tz)
        return zone, *dates.window(since, until, tz=zone, now=self._moment)
