"""The detector of a store, for cycles that are run by hand: one for as long as the store lives."""

from typing import Any
from weakref import WeakKeyDictionary

from driftd.runtime.alarms import Alarms
from driftd.runtime.detect import Detector
from driftd.runtime.quiet import Quiet

_DETECTORS: WeakKeyDictionary[Any, Detector] = WeakKeyDictionary()


def detector_of(store: Any) -> Detector:
    """Return the detector of a store, with the alerts of the cycles that were run with it before."""
    if store not in _DETECTORS:
        _DETECTORS[store] = Detector(store.casebook, store, Alarms(Quiet()))
    return _DETECTORS[store]
