"""Writes the page about signing: its text, with the files of ``examples/signing`` as they are."""

import json
from collections.abc import Iterable
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples" / "signing"

LANGUAGES = {
    "Python": ("python", "sign.py", "The standard library is enough."),
    "JavaScript": ("javascript", "sign.mjs", "Node, Deno and Bun. TypeScript can import it as it is."),
    "JavaScript with Web Crypto": ("javascript", "sign-web.mjs", "Where there is no `node:crypto`."),
    "Go": ("go", "sign.go", "The standard library is enough."),
    "Rust": ("rust", "sign.rs", "With the crates `base64`, `hmac` and `sha2`; `Cargo.toml` is beside it."),
    "Java": ("java", "Sign.java", "The standard library is enough, also for Kotlin and Scala."),
    "C# (.NET)": ("csharp", "Sign.cs", "The standard library is enough."),
    "PHP": ("php", "sign.php", "PHP 8, without an extension."),
    "Ruby": ("ruby", "sign.rb", "The standard library is enough."),
    "Elixir": ("elixir", "sign.exs", "Erlang's `crypto` is enough."),
    "Perl": ("perl", "sign.pl", "The module belongs to Perl."),
    "C": ("c", "sign.c", "With OpenSSL's libcrypto 1.1.1 or newer."),
    "Bash": (
        "bash",
        "sign.sh",
        "With `openssl`. Other users of the machine can read the key in the list of processes while it runs.",
    ),
}
"""By title: the name of the language for highlighting, the file, and what it needs."""

BEFORE = """\
# Sign URLs

With a key, the server answers only URLs that you signed, so that nobody else can request images at your expense:

```dotenv
PIXMILL_IMAGES=photos
PIXMILL_KEYS=a-secret-of-16-chars-or-more
```

`pixmill sign` makes a URL that works, and the server rejects a changed one:

```sh
export PIXMILL_KEYS=a-secret-of-16-chars-or-more
target=$(pixmill sign --expires-in 3600 '/resize?url=sunset.jpg&width=400')
curl -o small.jpg "http://127.0.0.1:8080$target"
```

<!-- fails -->
```sh
curl "http://127.0.0.1:8080${target/400/401}"
```

## How it is done

1. Write path and query as they will be sent: percent-encoded, in any order. In `/resize?url=caf%C3%A9.jpg&width=400`, every byte counts.
   A [prefix](proxies.md#below-a-path), such as `PIXMILL_PATH_PREFIX` or the mount in [another application](../embedding.md), is not signed: put it
   in front afterwards.
2. For a URL that ends, add `&expires=` and the time in seconds since 1970.
3. Compute the HMAC-SHA256 of that text. The key is the text of `PIXMILL_KEYS` as UTF-8.
4. Add `&sig=` and the digest in base64url, without padding. Nothing comes after it.

Method, host, headers and body are not signed. Not signed either is a fragment: leave it out.

- **Encode first, then sign.** Give the signed URL to the browser as it is. Code that decodes it, sorts its parameters or writes `%20` for
  `+` breaks the signature; so does a proxy that does.
- **Keep the key on the server.** A page, an app or a loader that runs in the browser shows its key to all visitors.
- **Round the expiry**, to the next midnight but one, for example: a URL that changes with each page view is never in a browser's cache.
- **Change keys without downtime**: put the new key first, `PIXMILL_KEYS=new,old`. The first one signs, all verify. Remove the old one when the
  last page with its URLs has left the caches.
- In HTML, `&` in an attribute is written `&amp;`; template engines do that.
- One signed request of [`/srcset`](../parameters.md) returns a whole set of signed URLs.

Codes: 403 `signature_missing`, 403 `signature_invalid`, 403 `signature_expired`.

"""

AFTER = """\
## Frameworks

These use `sign` of the language above. The address of the image server and the key are configuration of your application.

### Django

A template tag, used as `<img src="{% resized photo.image.name width=400 %}" alt="">`:

<!-- not run: it needs Django -->
```python
# shop/templatetags/images.py
from urllib.parse import urlencode

from django import template
from django.conf import settings

from shop.sign import sign

register = template.Library()


@register.simple_tag
def resized(source, **parameters):
    target = "/resize?" + urlencode({"url": source, **parameters})
    return settings.IMAGES_URL + sign(target, settings.IMAGES_KEY)
```

### Rails

A helper, used as `image_tag resized_url("sunset.jpg", width: 400)`; `sign` is in the same module:

```ruby
# app/helpers/images_helper.rb
module ImagesHelper
  def resized_url(source, **parameters)
    images = Rails.configuration.x.images
    images.url + sign("/resize?" + { url: source, **parameters }.to_query, images.key)
  end
end
```

### Laravel

A function, used as `<img src="{{ resized('sunset.jpg', ['width' => 400]) }}" alt="">`:

```php
// app/helpers.php, in "autoload.files" of composer.json
function resized(string $source, array $parameters = []): string
{
    $target = '/resize?' . http_build_query(['url' => $source, ...$parameters]);

    return config('images.url') . sign($target, config('images.key'));
}
```

### Next.js

The package of [URLs from JavaScript](../javascript.md#signed-urls) has `next/image` with signed URLs. Without it, a server component; a
`loader` of `next/image` runs in the browser as well, where the key must not be:

```jsx
// app/resized.jsx
import "server-only";
import { sign } from "./sign.mjs";

function resized(src, width) {
  const target = "/resize?" + new URLSearchParams({ url: src, width, format: "auto" });
  return process.env.IMAGES_URL + sign(target, process.env.IMAGES_KEY);
}

export default function Resized({ src, alt, widths = [640, 1200, 1920], sizes = "100vw", ...rest }) {
  const srcSet = widths.map((width) => `${resized(src, width)} ${width}w`).join(", ");
  return <img src={resized(src, widths[1])} srcSet={srcSet} sizes={sizes} alt={alt} {...rest} />;
}
```

Reference: [parameters](../parameters.md), [`PIXMILL_KEYS`](../settings.md), [security](../../SECURITY.md). The same URL [behind a
proxy or CDN](proxies.md).
"""


def page() -> str:
    """Return the page."""
    return "\n".join((BEFORE.rstrip("\n") + "\n", *_languages(), *_vectors(), AFTER))


def _languages() -> Iterable[str]:
    yield "## In your language\n"
    yield "Each file is a program, too: its arguments are the URL and the expiry, `PIXMILL_KEYS` has the key.\n"
    for title, (language, name, needs) in LANGUAGES.items():
        yield f"### {title}\n"
        yield f"{needs}\n"
        if language == "python":
            yield "<!-- not run: it needs an argument -->"
        yield f"```{language}\n{(EXAMPLES / name).read_text(encoding='utf-8')}```\n"


def _vectors() -> Iterable[str]:
    yield "## Check your own code\n"
    yield "The programs above are tested with these URLs, which a server accepts (`examples/signing/vectors.json`):\n"
    for vector in json.loads((EXAMPLES / "vectors.json").read_text(encoding="utf-8")):
        expires = f", expires {vector['expires']}" if vector["expires"] else ""
        yield f"- {vector['name'].capitalize()}: `{vector['target']}`{expires}, key `{vector['key']}`"
        yield f"  gives `{vector['signed'].rpartition('&')[2]}`"
    yield ""
