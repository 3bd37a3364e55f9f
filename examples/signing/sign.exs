# Signs a URL: elixir sign.exs '/resize?url=sunset.jpg&width=400' [EXPIRES]
defmodule Sign do
  @doc "Returns path and query with expires, in seconds since 1970, and their signature."
  def sign(target, key, expires \\ nil) do
    target = if expires, do: "#{target}&expires=#{expires}", else: target
    digest = :crypto.mac(:hmac, :sha256, key, target)
    "#{target}&sig=#{Base.url_encode64(digest, padding: false)}"
  end
end

[target | expires] = System.argv()
[key | _] = System.fetch_env!("PIXMILL_KEYS") |> String.split(",")
IO.puts(Sign.sign(target, key, List.first(expires)))
