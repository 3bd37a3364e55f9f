// Signs a URL: cc sign.c -lcrypto -o sign && ./sign '/resize?url=sunset.jpg&width=400' [EXPIRES]
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Returns path and query with expires, in seconds since 1970, unless it is NULL, and their signature; NULL without memory.
// The caller frees it.
char *sign(const char *target, const char *key, const char *expires) {
    size_t size = strlen(target) + (expires ? strlen("&expires=") + strlen(expires) : 0) + strlen("&sig=") + 45;
    char *url = malloc(size);
    if (url == NULL) return NULL;
    int length = snprintf(url, size, "%s%s%s", target, expires ? "&expires=" : "", expires ? expires : "");

    unsigned char digest[32];
    unsigned char text[45];  // 44 characters in base64, the last of them padding, and a zero
    if (!HMAC(EVP_sha256(), key, (int)strlen(key), (unsigned char *)url, (size_t)length, digest, NULL)) {
        free(url);
        return NULL;
    }
    EVP_EncodeBlock(text, digest, sizeof digest);
    for (unsigned char *c = text; *c; c++) *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    snprintf(url + length, size - (size_t)length, "&sig=%.43s", (char *)text);
    return url;
}

int main(int argc, char **argv) {
    char *key = getenv("PIXMILL_KEYS");
    if (argc < 2 || key == NULL) return 1;
    key[strcspn(key, ",")] = '\0';
    char *url = sign(argv[1], key, argc > 2 ? argv[2] : NULL);
    if (url == NULL) return 1;
    puts(url);
    free(url);
    return 0;
}
