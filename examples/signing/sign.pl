# Signs a URL: perl sign.pl '/resize?url=sunset.jpg&width=400' [EXPIRES]
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256_base64);

# Returns path and query with expires, in seconds since 1970, and their signature. The key is bytes.
sub sign {
    my ($target, $key, $expires) = @_;
    $target .= "&expires=$expires" if defined $expires;
    my $signature = hmac_sha256_base64($target, $key);    # without padding
    $signature =~ tr{+/}{-_};
    return "$target&sig=$signature";
}

my ($key) = split /,/, $ENV{PIXMILL_KEYS};
print sign($ARGV[0], $key, $ARGV[1]), "\n";
