// Signs a URL: dotnet run -- '/resize?url=sunset.jpg&width=400' [EXPIRES]
using System;
using System.Security.Cryptography;
using System.Text;

public static class Sign
{
    /// <summary>Returns path and query with expires, in seconds since 1970, and their signature.</summary>
    public static string Url(string target, string key, long? expires = null)
    {
        if (expires != null) target += $"&expires={expires}";
        using (var hmac = new HMACSHA256(Encoding.UTF8.GetBytes(key)))
        {
            var text = Convert.ToBase64String(hmac.ComputeHash(Encoding.ASCII.GetBytes(target)));
            return $"{target}&sig={text.TrimEnd('=').Replace('+', '-').Replace('/', '_')}";
        }
    }

    public static void Main(string[] args)
    {
        var key = Environment.GetEnvironmentVariable("PIXMILL_KEYS").Split(',')[0];
        Console.WriteLine(Url(args[0], key, args.Length > 1 ? long.Parse(args[1]) : (long?)null));
    }
}
