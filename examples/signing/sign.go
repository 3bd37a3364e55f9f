// Signs a URL: go run sign.go '/resize?url=sunset.jpg&width=400' [EXPIRES]
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
)

// sign returns path and query with expires, in seconds since 1970, unless it is empty, and their signature.
func sign(target, key, expires string) string {
	if expires != "" {
		target += "&expires=" + expires
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(target))
	return target + "&sig=" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func main() {
	key, _, _ := strings.Cut(os.Getenv("PIXMILL_KEYS"), ",")
	expires := ""
	if len(os.Args) > 2 {
		expires = os.Args[2]
	}
	fmt.Println(sign(os.Args[1], key, expires))
}
