# Signs a URL: ruby sign.rb '/resize?url=sunset.jpg&width=400' [EXPIRES]
require "openssl"

# Returns path and query with expires, in seconds since 1970, and their signature.
def sign(target, key, expires = nil)
  target += "&expires=#{expires}" if expires
  signature = [OpenSSL::HMAC.digest("SHA256", key, target)].pack("m0").tr("+/", "-_").delete("=")
  "#{target}&sig=#{signature}"
end

puts sign(ARGV[0], ENV.fetch("PIXMILL_KEYS").split(",").first, ARGV[1]) if $PROGRAM_NAME == __FILE__
