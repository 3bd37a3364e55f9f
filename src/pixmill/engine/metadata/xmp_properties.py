"""The XMP properties that results may have, by namespace URI: what they tell, never what prefix they have.

Sources: XMP part 2 (2016), IPTC Photo Metadata 2023, EXIF for XMP (CIPA DC-010), PLUS LDF, MWG guidelines, ExifTool's
tag tables. Kinds:

- a detail stays true of an image that was resized, cropped or recoloured, and tells no place
- a property of the file describes the pixels, size, regions, history or previews of the original
- a place: addresses and coordinates

Knows names only.
"""

import re
from enum import Enum, auto
from typing import Final

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XML: Final = "http://www.w3.org/XML/1998/namespace"
XMP_META: Final = "adobe:ns:meta/"
DC: Final = "http://purl.org/dc/elements/1.1/"
_XMP: Final = "http://ns.adobe.com/xap/1.0/"
_RIGHTS: Final = "http://ns.adobe.com/xap/1.0/rights/"
_MM: Final = "http://ns.adobe.com/xap/1.0/mm/"
_PHOTOSHOP: Final = "http://ns.adobe.com/photoshop/1.0/"
_TIFF: Final = "http://ns.adobe.com/tiff/1.0/"
_EXIF: Final = "http://ns.adobe.com/exif/1.0/"
_EXIF_EX: Final = "http://cipa.jp/exif/1.0/"
_AUX: Final = "http://ns.adobe.com/exif/1.0/aux/"
_CORE: Final = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
_EXT: Final = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_PLUS: Final = "http://ns.useplus.org/ldf/xmp/1.0/"
_CC: Final = "http://creativecommons.org/ns#"
_MICROSOFT: Final = "http://ns.microsoft.com/photo/1.0/"

PREFIXES: Final = {
    "rdf": RDF,
    "x": XMP_META,
    "dc": DC,
    "xmp": _XMP,
    "xmpRights": _RIGHTS,
    "xmpMM": _MM,
    "photoshop": _PHOTOSHOP,
    "tiff": _TIFF,
    "exif": _EXIF,
    "exifEX": _EXIF_EX,
    "aux": _AUX,
    "Iptc4xmpCore": _CORE,
    "Iptc4xmpExt": _EXT,
    "plus": _PLUS,
    "cc": _CC,
    "MicrosoftPhoto": _MICROSOFT,
    "xmpGImg": "http://ns.adobe.com/xap/1.0/g/img/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
    "crd": "http://ns.adobe.com/camera-raw-defaults/1.0/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "GPano": "http://ns.google.com/photos/1.0/panorama/",
    "hdrgm": "http://ns.adobe.com/hdr-gain-map/1.0/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
}
"""Prefixes of known namespaces: those that results use, and that files may use without a declaration."""

# Fields of structures are listed beside properties.
_DETAIL_NAMES: Final = {
    DC: "contributor creator date description identifier language publisher relation rights source subject title type",
    _XMP: "CreateDate CreatorTool Label MetadataDate ModifyDate Nickname Rating",
    _RIGHTS: "Certificate Marked Owner UsageTerms WebStatement",
    _PHOTOSHOP: """
        AuthorsPosition CaptionWriter Category Credit DateCreated Headline Instructions Source SupplementalCategories
        TransmissionReference Urgency
    """,
    _TIFF: "Artist Copyright DateTime ImageDescription Make Model ResolutionUnit Software XResolution YResolution",
    _EXIF: """
        ApertureValue BrightnessValue Contrast CustomRendered DateTimeDigitized DateTimeOriginal DigitalZoomRatio
        ExifVersion ExposureBiasValue ExposureIndex ExposureMode ExposureProgram ExposureTime FNumber FileSource Flash
        Fired Return Mode Function RedEyeMode FlashEnergy FocalLength FocalLengthIn35mmFilm GainControl ImageUniqueID
        ISOSpeedRatings LightSource MaxApertureValue MeteringMode Saturation SceneCaptureType SceneType SensingMethod
        Sharpness ShutterSpeedValue SpectralSensitivity SubjectDistance SubjectDistanceRange UserComment WhiteBalance
    """,
    _EXIF_EX: """
        Acceleration BodySerialNumber CameraElevationAngle CameraFirmware CameraOwnerName CompositeImage Humidity
        ImageEditor ImageEditingSoftware ImageTitle ISOSpeed ISOSpeedLatitudeyyy ISOSpeedLatitudezzz LensMake LensModel
        LensSerialNumber LensSpecification MetadataEditingSoftware OffsetTime OffsetTimeDigitized OffsetTimeOriginal
        PhotographicSensitivity Photographer Pressure RAWDevelopingSoftware RecommendedExposureIndex SensitivityType
        StandardOutputSensitivity SubSecTime SubSecTimeDigitized SubSecTimeOriginal Temperature WaterDepth
    """,
    _AUX: """
        ApproximateFocusDistance Firmware FlashCompensation ImageNumber Lens LensID LensInfo LensSerialNumber OwnerName
        SerialNumber
    """,
    _CORE: """
        AltTextAccessibility CiEmailWork CiTelWork CiUrlWork CreatorContactInfo ExtDescrAccessibility IntellectualGenre
        Scene SubjectCode
    """,
    _EXT: """
        AboutCvTerm AddlModelInfo AOCircaDateCreated AOContentDescription AOContributionDescription AOCopyrightNotice
        AOCreator AOCreatorId AOCurrentCopyrightOwnerId AOCurrentCopyrightOwnerName AOCurrentLicensorId
        AOCurrentLicensorName AODateCreated AOPhysicalDescription AOSource AOSourceInvNo AOSourceInvURL AOStylePeriod
        AOTitle ArtworkOrObject Contributor ControlledVocabularyTerm CvId CvTermId CvTermName CvTermRefinedAbout
        DigImageGUID DigitalSourceFileType DigitalSourceType EmbdEncRightsExpr EncRightsExpr Event EventId Genre
        IPTCLastEdited LinkedEncRightsExpr LinkedRightsExpr ModelAge OrganisationInImageCode OrganisationInImageName
        PersonCharacteristic PersonDescription PersonId PersonInImage PersonInImageWDetails PersonName
        ProductDescription ProductGTIN ProductId ProductInImage ProductName RegEntryRole RegItemId RegistryId RegOrgId
        RightsExprEncType RightsExprLangId
    """,
    _PLUS: """
        AdultContentWarning CopyrightOwner CopyrightOwnerID CopyrightOwnerImageID CopyrightOwnerName
        CopyrightRegistrationNumber CopyrightStatus CreditLineRequired Custom1 DataMining EndUser EndUserID EndUserName
        FirstPublicationDate ImageAlterationConstraints ImageCreator ImageCreatorID ImageCreatorImageID ImageCreatorName
        ImageDuplicationConstraints ImageFileConstraints ImageSupplier ImageSupplierID ImageSupplierImageID
        ImageSupplierName ImageType LicenseEndDate LicenseID LicenseStartDate LicenseTransactionDate Licensee LicenseeID
        LicenseeName Licensor LicensorEmail LicensorID LicensorImageID LicensorName LicensorNotes LicensorTelephone1
        LicensorTelephone2 LicensorTelephoneType1 LicensorTelephoneType2 LicensorTransactionID LicensorURL
        MediaSummaryCode MinorModelAgeDisclosure ModelReleaseID ModelReleaseStatus OtherConditions OtherConstraints
        OtherImageInfo OtherLicenseDocuments OtherLicenseInfo OtherLicenseRequirements PropertyReleaseID
        PropertyReleaseStatus Reuse TermsAndConditionsText TermsAndConditionsURL Version
    """,
    _CC: "attributionName attributionURL license morePermissions",
    _MICROSOFT: """
        CameraSerialNumber DateAcquired FlashManufacturer FlashModel LastKeywordIPTC LastKeywordXMP LensManufacturer
        LensModel Rating
    """,
}

_FILE_NAMES: Final = {
    DC: "format",
    _XMP: "BaseURL Thumbnails PageInfo",
    _PHOTOSHOP: """
        ColorMode DocumentAncestors EmbeddedXMPDigest History ICCProfile LegacyIPTCDigest SidecarForExtension TextLayers
        CameraProfiles
    """,
    _TIFF: """
        BitsPerSample Compression ImageLength ImageWidth NativeDigest Orientation PhotometricInterpretation
        PlanarConfiguration PrimaryChromaticities ReferenceBlackWhite SamplesPerPixel TransferFunction WhitePoint
        YCbCrCoefficients YCbCrPositioning YCbCrSubSampling
    """,
    _EXIF: """
        CFAPattern ColorSpace ComponentsConfiguration CompressedBitsPerPixel DeviceSettingDescription FlashpixVersion
        FocalPlaneResolutionUnit FocalPlaneXResolution FocalPlaneYResolution Gamma InteroperabilityIndex MakerNote
        NativeDigest OECF PixelXDimension PixelYDimension RelatedSoundFile SpatialFrequencyResponse SubjectArea
        SubjectLocation
    """,
    _EXIF_EX: """
        Gamma InteropIndex InteroperabilityIndex RelatedImageFileFormat RelatedImageHeight RelatedImageLength
        RelatedImageWidth SourceImageNumberOfCompositeImage SourceExposureTimesOfCompositeImage
    """,
    _EXT: "ImageRegion MaxAvailHeight MaxAvailWidth",
    _PLUS: "ImageFileFormatAsDelivered ImageFileName ImageFileSizeAsDelivered",
}

_PLACE_NAMES: Final = {
    DC: "coverage",
    _PHOTOSHOP: "City Country State",
    _EXIF: """
        GPSAltitude GPSAltitudeRef GPSAreaInformation GPSDOP GPSDateStamp GPSDestBearing GPSDestBearingRef
        GPSDestDistance GPSDestDistanceRef GPSDestLatitude GPSDestLongitude GPSDifferential GPSHPositioningError
        GPSImgDirection GPSImgDirectionRef GPSLatitude GPSLongitude GPSMapDatum GPSMeasureMode GPSProcessingMethod
        GPSSatellites GPSSpeed GPSSpeedRef GPSStatus GPSTimeStamp GPSTrack GPSTrackRef GPSVersionID
    """,
    _CORE: "CiAdrCity CiAdrCtry CiAdrExtadr CiAdrPcode CiAdrRegion CountryCode Location",
    _EXT: """
        City CountryCode CountryName LocationCreated LocationId LocationName LocationShown ProvinceState Sublocation
        WorldRegion
    """,
    _PLUS: """
        LicensorCity LicensorCountry LicensorExtendedAddress LicensorPostalCode LicensorRegion LicensorStreetAddress
    """,
}

_FILE_NAMESPACES: Final = (
    _MM,
    *(PREFIXES[name] for name in ("xmpGImg", "xmpNote", "crs", "crd", "hdrgm", "mwg-rs")),
    "http://c2pa.org/",
    "http://ns.adobe.com/album/",
    "http://ns.adobe.com/camera-raw-",
    "http://ns.adobe.com/illustrator/",
    "http://ns.adobe.com/lightroom-settings-experimental/",
    "http://ns.adobe.com/photoshop/1.0/camera-profile",
    "http://ns.adobe.com/xap/1.0/sType/",
    "http://ns.adobe.com/xap/1.0/g",
    "http://ns.adobe.com/xap/1.0/t/",
    "http://ns.adobe.com/xmp/1.0/DynamicMedia",
    "http://ns.adobe.com/xmp/sType/",
    "http://ns.apple.com/",
    "http://ns.google.com/",
    "http://ns.microsoft.com/photo/1.1",
    "http://ns.microsoft.com/photo/1.2",
    "http://ns.samsung.com/",
    "http://www.metadataworkinggroup.com/schemas/regions",
)
"""Beginnings of the URIs of settings, regions, depth maps, gain maps, motion photos, previews and history."""

_PLACE_NAME: Final = re.compile(
    "gps|latitude|longt?itude|altitude|location|city|country|province|address|geo|place(?:name|s)|landmark",
    re.IGNORECASE,
)
"""Parts of names that tell a place in namespaces that are not known, and of names that are not listed in others."""

_FILE_NAME: Final = re.compile(
    "thumb|preview|imagedata|region|face|crop|depth|gain|histor|orientation|width|height|colou?rspace|bitspersample"
    "|manifest|ingredient|pantry|motion|microvideo",
    re.IGNORECASE,
)
"""Names of the same kind in namespaces that are not known."""

_PREVIEW_NAME: Final = re.compile("thumbnails?$|preview|imagedata|^(?:Gain|Depth)map|^Data$", re.IGNORECASE)
_PREVIEW_NAMESPACES: Final = (PREFIXES["xmpGImg"], "http://ns.google.com/photos/1.0/image/")


class PropertyKind(Enum):
    """What a property describes."""

    DETAIL = auto()
    FILE = auto()
    PLACE = auto()
    PREVIEW = auto()
    """Another image, of what the original was."""

    UNKNOWN = auto()


_KINDS: Final = {
    (uri, name): kind
    for kind, table in (
        (PropertyKind.DETAIL, _DETAIL_NAMES),
        (PropertyKind.FILE, _FILE_NAMES),
        (PropertyKind.PLACE, _PLACE_NAMES),
    )
    for uri, names in table.items()
    for name in names.split()
}


def property_kind(uri: str, name: str) -> PropertyKind:
    """Return what a property describes; in the namespaces of EXIF and TIFF all that is not known describes the file."""
    if _PREVIEW_NAME.search(name) or uri.startswith(_PREVIEW_NAMESPACES):
        return PropertyKind.PREVIEW
    known = _KINDS.get((uri, name))
    if known:
        return known
    if _PLACE_NAME.search(name):
        return PropertyKind.PLACE
    is_of_file = uri in (_TIFF, _EXIF, _EXIF_EX) or uri.startswith(_FILE_NAMESPACES) or _FILE_NAME.search(name)
    return PropertyKind.FILE if is_of_file else PropertyKind.UNKNOWN


def canonical_uri(uri: str) -> str:
    """Return the known namespace that differs at most in its last character, which some software omits or exchanges."""
    return _CANONICAL.get(uri.strip().rstrip("/#"), uri)


_CANONICAL: Final = {uri.rstrip("/#"): uri for uri in PREFIXES.values()}

ADDRESS_NAMES: Final = frozenset(
    f"{_PLACE_NAMES[_PHOTOSHOP]} {_PLACE_NAMES[_CORE]} {_PLACE_NAMES[_EXT]} coverage GPSAreaInformation".split()
)
"""Local names of properties whose texts are names of places."""

KEYWORD_HIERARCHIES: Final = frozenset(("hierarchicalSubject", "TagsList", "CatalogSets", "LastKeywordXMP"))
"""Local names of properties whose texts are paths of keywords, such as ``Places|France|Paris``."""

CREDITS: Final = frozenset(
    (
        *((DC, name) for name in ("creator", "rights", "publisher", "contributor")),
        *((_TIFF, name) for name in ("Artist", "Copyright")),
        *((_RIGHTS, name) for name in ("Owner", "UsageTerms", "WebStatement", "Certificate")),
        *((_PHOTOSHOP, name) for name in ("Credit", "Source", "AuthorsPosition", "CaptionWriter")),
        *((_CC, name) for name in ("attributionName", "attributionURL", "license")),
    )
)
"""Names of people and rights, which stay if they contain the name of a place."""
