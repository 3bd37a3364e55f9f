<?php
// Signs a URL: php sign.php '/resize?url=sunset.jpg&width=400' [EXPIRES]
declare(strict_types=1);

/** Returns path and query with expires, in seconds since 1970, and their signature. */
function sign(string $target, string $key, ?int $expires = null): string
{
    if ($expires !== null) {
        $target .= "&expires=$expires";
    }
    $digest = hash_hmac('sha256', $target, $key, binary: true);
    return "$target&sig=" . rtrim(strtr(base64_encode($digest), '+/', '-_'), '=');
}

$key = explode(',', getenv('PIXMILL_KEYS'))[0];
echo sign($argv[1], $key, isset($argv[2]) ? (int) $argv[2] : null), "\n";
