// Signs a URL: java Sign.java '/resize?url=sunset.jpg&width=400' [EXPIRES]
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public final class Sign {
    /** Returns path and query with expires, in seconds since 1970, unless it is null, and their signature. */
    public static String sign(String target, String key, Long expires) throws GeneralSecurityException {
        String signed = expires == null ? target : target + "&expires=" + expires;
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key.getBytes(UTF_8), "HmacSHA256"));
        byte[] digest = mac.doFinal(signed.getBytes(US_ASCII));
        return signed + "&sig=" + Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
    }

    public static void main(String[] args) throws GeneralSecurityException {
        String key = System.getenv("PIXMILL_KEYS").split(",")[0];
        System.out.println(sign(args[0], key, args.length > 1 ? Long.valueOf(args[1]) : null));
    }
}
