"""Labels of EXIF's enumerated values (CIPA DC-008, EXIF 2.32), by tag.

A value without a label stays a number.
"""

from typing import Final

from PIL.ExifTags import LightSource

_LEVELS = {0: "normal", 1: "low", 2: "high"}
_FLASH_NOT_FIRED = "did not fire"
_FLASH_FIRED = "fired"

EXIF_LABELS: Final[dict[str, dict[int, str]]] = {
    "ResolutionUnit": {2: "inch", 3: "centimetre"},
    "FocalPlaneResolutionUnit": {2: "inch", 3: "centimetre"},
    "YCbCrPositioning": {1: "centred", 2: "co-sited"},
    "ColorSpace": {1: "sRGB", 65535: "uncalibrated"},
    "ExposureProgram": {
        1: "manual",
        2: "normal program",
        3: "aperture priority",
        4: "shutter priority",
        5: "creative program",
        6: "action program",
        7: "portrait mode",
        8: "landscape mode",
    },
    "MeteringMode": {1: "average", 2: "centre-weighted", 3: "spot", 4: "multi-spot", 5: "pattern", 6: "partial"},
    "LightSource": {source.value: source.name for source in LightSource},
    # Bit 0: fired; bits 1 and 2: return light; bits 3 and 4: mode; bit 5: no flash function; bit 6: red-eye reduction.
    "Flash": {bits: _FLASH_FIRED if bits & 1 else _FLASH_NOT_FIRED for bits in range(128)},
    "SensingMethod": {
        2: "one-chip colour area",
        3: "two-chip colour area",
        4: "three-chip colour area",
        7: "trilinear",
    },
    "CustomRendered": {0: "normal", 1: "custom"},
    "ExposureMode": {0: "auto", 1: "manual", 2: "auto bracket"},
    "WhiteBalance": {0: "auto", 1: "manual"},
    "SceneCaptureType": {0: "standard", 1: "landscape", 2: "portrait", 3: "night scene"},
    "GainControl": {0: "none", 1: "low gain up", 2: "high gain up", 3: "low gain down", 4: "high gain down"},
    "Contrast": {0: "normal", 1: "soft", 2: "hard"},
    "Saturation": _LEVELS,
    "Sharpness": {0: "normal", 1: "soft", 2: "hard"},
    "SubjectDistanceRange": {1: "macro", 2: "close", 3: "distant"},
}
