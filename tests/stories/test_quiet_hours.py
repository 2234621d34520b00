"""Story 7, quiet hours: at night words are blocked with the article; a leader answers for the rest.

What raises a density to CRITICAL comes with the eye's other rules: here the alert that the rule
raised is kept once more at that level, which is how a station finds it again after a restart.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from ground_station.alerts import AlertLevel
from tests.ground_core import SYSTEM
from tests.stories.conftest import Stage

pytestmark = pytest.mark.anyio
HALF_PAST_TEN_S = 13 * 3600.0  # the story's morning begins at 09:30
