"""Where the dialects are mounted on the server of the cases: one entry of ``PIXMILL_DIALECTS`` for each name.

An entry without ``host`` and ``mount`` answers on the host ``NAME.test``. In its texts ``{origin}`` stands for the
URL of the origin (``http://127.0.0.1:PORT``), which has the originals of ``sources.py`` at its root; relative sources
are the same files. Entries with other keys or options get names of their own, such as ``emgr-signed``.
"""

from typing import Any, Final

KEYS: Final = "0123456789abcdef"
IMGPROXY_KEY: Final = b"test-key".hex()
IMGPROXY_SALT: Final = b"test-salt".hex()
IMGPROXY_ENCRYPTION_KEY: Final = "1eb5b0e971ad7f45324c1bb15c947cb207c43152fa5c6c7f35c4f36e0c18e0f1"
_IMGPROXY_PRESETS: Final = "small=w:40,grey=mc:1:ffffff,nested=pr:small:grey,twice=w:100/-/c:10:10"

_PATTERNS: Final = [{"protocol": "http", "hostname": "127.0.0.1"}, {"hostname": "example.com"}]
_NEXT: Final = {
    "formats": ["image/avif", "image/webp"],
    "qualities": [75, 50, 100],
    "remotePatterns": _PATTERNS,
    "dangerouslyAllowLocalIP": True,
}
_NEXT_SITE: Final = {
    "dangerouslyAllowSVG": True,
    "contentDispositionType": "inline",
    "contentSecurityPolicy": "sandbox;",
    "localPatterns": [{"pathname": "/*.*"}],
    "dev": True,
}
_VERCEL: Final = {"sizes": [640, 1200], "formats": ["image/avif", "image/webp"], "remotePatterns": _PATTERNS}

_DIRECTUS_PRESETS: Final = [
    {"key": "thumb", "fit": "cover", "width": 150, "height": 50, "format": "webp", "transforms": [["grayscale"]]}
]

_NETLIFY_DEV: Final = {"handler": "dev", "remote_images": ["http://127\\.0\\.0\\.1:[0-9]+/.*"]}

UPLOADCARE_FILES: Final = {
    f"00000000-0000-4000-8000-{number:012}": name
    for number, name in enumerate(
        (
            "L.jpg",
            "P.jpg",
            "S.jpg",
            "B.jpg",
            "E6.jpg",
            "A.png",
            "T.png",
            "W.png",
            "X.webp",
            "G.gif",
            "V.svg",
            "gone.jpg",
        )
    )
} | {"00000000-0000-4000-8000-999999999999~2/nth/1": "S.jpg"}

_WAGTAIL_SITE: Final = {
    "version": 8,
    "format_conversions": {"gif": "webp"},
    "images": {
        "1": {
            "file": "L.jpg",
            "width": 1200,
            "height": 800,
            "focal_point_x": 1000,
            "focal_point_y": 100,
            "focal_point_width": 60,
            "focal_point_height": 40,
        },
        "2": {"file": "K.jpg", "width": 640, "height": 865},
        "3": {"file": "L.jpg", "focal_point_x": 1000, "focal_point_y": 100},
        "4": "X.webp",
        "5": "V.svg",
        "6": "gone.jpg",
        "7": "G.gif",
        "8": "bad.jpg",
    },
}

MOUNTS: Final[dict[str, dict[str, Any]]] = {
    "cloudinary": {
        "dialect": "cloudinary",
        "keys": "",
        "options": {
            "layer_extension": "png",
            "transformations": {"thumb": "c_fill,h_150,w_150", "both": "t_thumb/e_grayscale", "media/large": "w_900"},
            "auto_upload": {"remote/": "{origin}/"},
        },
    },
    "cloudinary-ids": {"dialect": "cloudinary", "options": {"id_extension": "jpg", "replace_extension": True}},
    "cloudinary-signed": {"dialect": "cloudinary", "keys": "b", "options": {"auth_token_key": "00112233FF99"}},
    "cloudinary-sha256": {"dialect": "cloudinary", "keys": "b", "options": {"signature_algorithm": "sha256"}},
    "cloudinary-strict": {
        "dialect": "cloudinary",
        "keys": "b",
        "options": {"strict_transformations": True, "transformations": {"thumb": "c_fill,h_150,w_150"}},
    },
    "cloudinary-sdk": {
        "dialect": "cloudinary",
        "keys": "b",
        "options": {
            "auth_token_key": "00112233FF99",
            "id_extension": "jpg",
            "transformations": {"thumb": "c_fill,h_150,w_150"},
        },
    },
    "cloudinary-root": {
        "dialect": "cloudinary",
        "keys": "",
        "options": {"cloud_name": "demo", "use_root_path": True, "default_image": "S.jpg"},
    },
    "emgr": {"dialect": "emgr"},
    "emgr-signed": {
        "dialect": "emgr",
        "mount": "/emgr",
        "source": "{origin}",
        "keys": KEYS,
        "options": {"cdn_base_url": "https://cdn.example/emgr/api/images/files/"},
    },
    "imgproxy": {
        "dialect": "imgproxy",
        "keys": "",
        "options": {"allow_security_options": True, "presets": _IMGPROXY_PRESETS, "watermark_url": "V.svg"},
    },
    "imgproxy-signed": {
        "dialect": "imgproxy",
        "options": {
            "key": f"00,{IMGPROXY_KEY}",
            "salt": f"00,{IMGPROXY_SALT}",
            "trusted_signatures": "partner",
            "source_url_encryption_key": IMGPROXY_ENCRYPTION_KEY,
        },
    },
    "imgproxy-auto": {
        "dialect": "imgproxy",
        "keys": "",
        "options": {
            "auto_webp": True,
            "auto_avif": True,
            "set_canonical_header": True,
            "development_errors_mode": True,
            "ignore_unsupported": True,
        },
    },
    "imgproxy-enforced": {
        "dialect": "imgproxy",
        "keys": "",
        "options": {"enforce_webp": True, "allowed_processing_options": "w,width"},
    },
    "imgproxy-rewritten": {
        "dialect": "imgproxy",
        "keys": "",
        "options": {
            "base_url": "local:///",
            "url_replacements": "files://=local:///",
            "fallback_image_url": "S.jpg",
            "fallback_image_http_code": 0,
            "base64_url_includes_filename": True,
            "arguments_separator": ",",
        },
    },
    "imgproxy-presets": {
        "dialect": "imgproxy",
        "keys": "",
        "options": {"only_presets": True, "presets": _IMGPROXY_PRESETS},
    },
    "supabase": {
        "dialect": "supabase",
        "source": "{origin}/storage/",
        "options": {"jwt_secret": "super-secret-jwt-token", "public_buckets": ["bucket", "b"]},
    },
    "thumbor": {"dialect": "thumbor", "keys": ""},
    "thumbor-signed": {"dialect": "thumbor", "keys": "ACME-SEC"},
    "thumbor-auto": {
        "dialect": "thumbor",
        "keys": "",
        "options": {"auto_webp": True, "auto_avif": True, "respect_orientation": True},
    },
    "imagor": {"dialect": "imagor", "keys": ""},
    "imagor-signed": {"dialect": "imagor", "keys": "1234"},
    "imagor-sha256": {
        "dialect": "thumbor",
        "keys": "1234",
        "options": {
            "flavour": "imagor",
            "signer_type": "sha256",
            "signer_truncate": 40,
            "auto_webp": True,
            "auto_avif": True,
        },
    },
    "cloudflare": {"dialect": "cloudflare", "source": "{origin}"},
    "cloudflare-origins": {"dialect": "cloudflare", "options": {"allowed_origins": ["{origin}/S", "*.example.com"]}},
    "flyimg": {"dialect": "flyimg"},
    "flyimg-mounted": {"dialect": "flyimg", "mount": "/fly"},
    "builderio": {"dialect": "builderio"},
    "builderio-enlarging": {"dialect": "builderio", "mount": "/cdn", "options": {"enlarge": True, "quality": 10}},
    "prepr": {"dialect": "prepr"},
    "gcore": {"dialect": "gcore"},
    "gcore-plain": {"dialect": "gcore", "options": {"avif_enabled": False, "webp_enabled": False, "quality": 30}},
    "mediacdn": {"dialect": "mediacdn", "options": {"negotiate": False}},
    "mediacdn-automatic": {"dialect": "mediacdn", "mount": "/google"},
    "contensis": {"dialect": "contensis"},
    "aem": {
        "dialect": "aem",
        "options": {
            "assets": {"urn:aaid:aem:1": "L.jpg", "urn:aaid:aem:2": "A.png"},
            "smart_crops": {"wide": "2:1"},
            "presets": {"small": "width=90&quality=5&flip=h"},
        },
    },
    "aem-names": {
        "dialect": "aem",
        "options": {"path": "{name}.jpg", "smart_imaging": True},
    },
    "contentful": {"dialect": "contentful"},
    "astro": {
        "dialect": "astro",
        "source": "{origin}",
        "options": {"domains": ["127.0.0.1"], "remote_patterns": [{"hostname": "*.example.com", "pathname": "/a/**"}]},
    },
    "astro-5": {"dialect": "astro", "mount": "/blog", "source": "{origin}", "options": {"version": 5}},
    "astro-signed": {"dialect": "astro", "mount": "/signed", "source": "{origin}", "keys": KEYS},
    "hygraph": {"dialect": "hygraph", "source": "{origin}/{path}.jpg", "mount": "/proj"},
    "hygraph-files": {"dialect": "hygraph"},
    "shopify": {"dialect": "shopify", "mount": "/s/files/1"},
    "shopify-names": {"dialect": "shopify", "source": "{origin}", "options": {"suffixes": False, "negotiate": False}},
    "weserv": {"dialect": "weserv"},
    "photon": {"dialect": "photon", "options": {"origins": {"example.com": "{origin}"}}},
    "wordpress-files": {"dialect": "photon", "source": "{origin}", "options": {"host_in_path": False}},
    "tachyon": {"dialect": "tachyon", "source": "{origin}"},
    "imagedelivery": {
        "dialect": "imagedelivery",
        "options": {"account": "acct", "variants": {"thumb": "w=60,h=60,fit=cover,format=jpeg"}},
    },
    "imagedelivery-signed": {
        "dialect": "imagedelivery",
        "keys": "cf-key",
        "options": {
            "flexible_variants": False,
            "variants": {"open": {"options": {"width": 50}, "neverRequireSignedURLs": True}},
        },
    },
    "storyblok": {"dialect": "storyblok", "mount": "/f/1/1200x800/h"},
    "aws": {"dialect": "aws", "keys": ""},
    "aws-signed": {"dialect": "aws", "keys": KEYS},
    "native-at-a-host": {"dialect": "native"},
    "ipx": {"dialect": "ipx", "options": {"domains": ["127.0.0.1"]}},
    "ipx4": {"dialect": "ipx", "options": {"version": 4, "domains": ["http://127.0.0.1:80/"]}},
    "bunny": {"dialect": "bunny", "keys": "", "options": {"classes": {"thumb": "width=150"}}},
    "bunny-classes": {
        "dialect": "bunny",
        "keys": "",
        "options": {"classes": {"thumb": "width=150"}, "force_classes": True},
    },
    "bunny-tokens": {"dialect": "bunny", "keys": "SecurityKey"},
    "akamai": {
        "dialect": "akamai",
        "options": {
            "policies": {
                "thumb": "Resize=150",
                "grey": {
                    "transformations": [
                        {"transformation": "Resize", "width": {"var": "w"}, "height": 900},
                        {"transformation": "IMQuery", "query": {"var": "q"}, "allowedTransformations": ["Mirror"]},
                    ],
                    "postBreakpointTransformations": [{"transformation": "Grayscale"}],
                    "breakpoints": {"widths": [100, 200]},
                    "output": {"quality": 50},
                    "variables": [{"name": "w", "type": "number", "defaultValue": "300"}],
                },
                "marked": {
                    "transformations": [
                        {
                            "transformation": "Composite",
                            "image": {"type": "URL", "url": "S.jpg"},
                            "gravity": {"var": "side"},
                        }
                    ],
                    "variables": [
                        {
                            "name": "side",
                            "type": "gravity",
                            "defaultValue": "left",
                            "enumOptions": [
                                {"id": "left", "value": "NorthWest"},
                                {"id": "right", "value": "NorthEast"},
                            ],
                        }
                    ],
                },
            }
        },
    },
    "akamai-strict": {
        "dialect": "akamai",
        "options": {"allowed_transformations": ["Crop"], "original_on_error": True, "formats": ["avif", "webp"]},
    },
    "akamai-tokens": {"dialect": "akamai", "keys": "52a152a152a152a152a152a152a1"},
    "fastly": {"dialect": "fastly"},
    "fastly-vcl": {"dialect": "fastly", "options": {"ignore_invalid": True}},
    "contentstack": {"dialect": "contentstack"},
    "aliyun": {"dialect": "aliyun", "options": {"styles": {"small": "image/resize,w_50", "turned": "rotate,90"}}},
    "aliyun-styles": {"dialect": "aliyun", "options": {"styles": {"small": "resize,w_50"}, "force_styles": True}},
    "cos": {"dialect": "cos", "options": {"styles": {"small": "imageView2/2/w/50"}}},
    "cos-styles": {
        "dialect": "cos",
        "options": {"styles": {"small": "imageMogr2/thumbnail/50x"}, "separators": "/-", "force_styles": True},
    },
    "qiniu": {"dialect": "qiniu"},
    "twicpics": {"dialect": "twicpics"},
    "twicpics-webp": {"dialect": "twicpics", "options": {"avif": False, "quality": 60}},
    "imageengine": {"dialect": "imageengine"},
    "imageengine-red": {"dialect": "imageengine", "options": {"background": "#f00"}},
    "appwrite": {"dialect": "appwrite", "source": "{origin}/storage"},
    "scene7": {
        "dialect": "scene7",
        "source": "{origin}/storage/{path}.jpg",
        "options": {
            "presets": {"small": "wid=50&fit=constrain,1", "big one": "wid=600"},
            "smart_crops": {"Wide": "300x100"},
        },
    },
    "scene7-files": {"dialect": "scene7", "source": "{origin}/storage", "options": {"smart_imaging": True}},
    "cloudimage": {"dialect": "cloudimage"},
    "filerobot": {"dialect": "cloudimage", "source": "{origin}", "options": {"func": "bound"}},
    "obs": {"dialect": "obs"},
    "bos": {"dialect": "bos"},
    "directus": {"dialect": "directus", "source": "{origin}/files", "options": {"presets": _DIRECTUS_PRESETS}},
    "directus-presets": {
        "dialect": "directus",
        "source": "{origin}/files",
        "options": {"presets": _DIRECTUS_PRESETS, "transform": "presets"},
    },
    "directus-files": {"dialect": "directus"},
    "keycdn": {"dialect": "keycdn"},
    "keycdn-webp": {"dialect": "keycdn", "source": "{origin}", "options": {"webp": True, "enlarge": True}},
    "uploadcare": {"dialect": "uploadcare", "options": {"files": UPLOADCARE_FILES}},
    "uploadcare-lenient": {
        "dialect": "uploadcare",
        "options": {"path": "{filename}", "auto_formats": [], "require_sizing": False, "ignore_unsupported": True},
    },
    "uploadcare-signed": {
        "dialect": "uploadcare",
        "mount": "/cdn",
        "keys": "aabbcc,73636b61519adede42191efe1e73f02a67c7b692e3765f90c250c230be095211",
        "options": {"files": UPLOADCARE_FILES},
    },
    "wagtail": {"dialect": "wagtail", "keys": "secret", "options": {"path": "{filename}"}},
    "wagtail-site": {"dialect": "wagtail", "mount": "/images", "keys": "old,secret", "options": _WAGTAIL_SITE},
    "sirv": {
        "dialect": "sirv",
        "options": {
            "profiles": {
                "thumb": "thumbnail=150",
                "grey": {"image": {"grayscale": True, "scale": {"width": 600}, "format": "png"}},
                "small-grey": "profile=grey&w=90",
                "plain": "q=70",
            },
            "default_profile": "plain",
        },
    },
    "sirv-avif": {"dialect": "sirv", "options": {"avif": True}},
    "glide": {
        "dialect": "glide",
        "keys": "",
        "options": {
            "presets": {"small": {"w": 200, "h": 200, "fit": "crop"}, "grey": {"filt": "greyscale", "w": 90}},
            "defaults": {"q": 80},
        },
    },
    "glide-signed": {"dialect": "glide", "mount": "/glide", "keys": "old,v-LK4WCdhcfcc"},
    "glide-limited": {"dialect": "glide", "keys": "", "options": {"max_image_size": 10_000}},
    "riapi": {
        "dialect": "riapi",
        "keys": "",
        "options": {
            "presets": {"thumb": "width=150&height=150&mode=crop", "grey": "s.grayscale=true"},
            "watermarks": {"logo": {"source": "W.png", "opacity": 1, "size": 50}},
        },
    },
    "riapi-presets": {
        "dialect": "riapi",
        "keys": "",
        "options": {"presets": {"thumb": "width=150"}, "presets_only": True},
    },
    "riapi-signed": {"dialect": "riapi", "keys": "other,key"},
    "imagesharp": {"dialect": "imagesharp", "keys": ""},
    "imagesharp-signed": {"dialect": "imagesharp", "keys": "c2VjcmV0", "options": {"base64_keys": True}},
    "imaginary": {"dialect": "imaginary", "keys": ""},
    "imaginary-signed": {
        "dialect": "imaginary",
        "keys": "4f46feebafc4b5e988f131c4ff8b5997",
        "options": {"return_size": True, "http_cache_ttl": 600},
    },
    "imaginary-keyed": {
        "dialect": "imaginary",
        "mount": "/imaginary",
        "keys": "",
        "source": "{origin}",
        "options": {"api_key": "secret", "disable_endpoints": ["blur", "health"]},
    },
    "imagekit": {"dialect": "imagekit", "mount": "/demo", "keys": "", "options": {"named": {"thumb": "w-150,h-150"}}},
    "imagekit-signed": {"dialect": "imagekit", "mount": "/private", "keys": "dummy-key"},
    "netlify": {"dialect": "netlify", "source": "{origin}"},
    "netlify-dev": {"dialect": "netlify", "source": "{origin}", "options": _NETLIFY_DEV},
    "imgix": {"dialect": "imgix", "keys": ""},
    "imgix-signed": {"dialect": "imgix", "keys": "old,FOO123bar", "source": "{origin}"},
    "imgix-defaults": {
        "dialect": "imgix",
        "mount": "/imgix",
        "keys": "FOO123bar",
        "options": {"default_params": {"auto": "format", "fit": "max"}},
    },
    "prismic": {"dialect": "prismic", "keys": ""},
    "sanity": {"dialect": "sanity", "keys": "", "source": "{origin}/{path}"},
    "gumlet": {"dialect": "gumlet", "keys": ""},
    "kontent": {"dialect": "kontent", "keys": ""},
    "nextjs": {"dialect": "nextjs", "options": _NEXT},
    "nextjs-site": {"dialect": "nextjs", "mount": "/docs", "source": "{origin}", "options": _NEXT_SITE},
    "vercel": {"dialect": "vercel", "source": "{origin}", "options": _VERCEL},
    "amplify": {"dialect": "amplify", "source": "{origin}", "options": {"sizes": [640], "domains": ["127.0.0.1"]}},
    "iiif": {"dialect": "iiif"},
    "iiif-strict": {
        "dialect": "iiif",
        "mount": "/images/iiif/3",
        "source": "{origin}/{path}.jpg",
        "options": {
            "max_width": 400,
            "max_height": 300,
            "max_area": 90_000,
            "upscaling": False,
            "confined_upscale": "error",
            "tile_size": 256,
            "extra_formats": ["webp"],
            "preferred_formats": ["webp", "jpg"],
            "rights": "http://creativecommons.org/publicdomain/zero/1.0/",
        },
    },
    "iiif-public": {
        "dialect": "iiif",
        "source": "{origin}",
        "options": {
            "prefixes": {"/image/v2": 2, "": 3},
            "base_url": "https://images.example.org/service/",
            "max_width": 600,
        },
    },
    "iiif-validated": {
        "dialect": "iiif",
        "mount": "/validated/iiif",
        "source": "{origin}/validated/{path}.png",
        "options": {"confined_upscale": "error"},
    },
    "iiif-viewed": {"dialect": "iiif", "mount": "/viewed/iiif", "source": "{origin}/viewed/{path}.png"},
    "iiif-viewed-webp": {
        "dialect": "iiif",
        "mount": "/viewed/iiif-webp",
        "source": "{origin}/viewed/{path}.png",
        "options": {
            "prefixes": {"/3": 3, "/2": 2},
            "preferred_formats": ["webp", "jpg"],
            "tile_size": 256,
        },
    },
}
