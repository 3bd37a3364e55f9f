//! Signs a URL: cargo run -- '/resize?url=sunset.jpg&width=400' [EXPIRES]
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Returns path and query with `expires`, in seconds since 1970, and their signature.
fn sign(target: &str, key: &str, expires: Option<u64>) -> String {
    let mut url = target.to_owned();
    if let Some(expires) = expires {
        url += &format!("&expires={expires}");
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(url.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{url}&sig={signature}")
}

fn main() {
    let keys = std::env::var("PIXMILL_KEYS").expect("PIXMILL_KEYS");
    let target = std::env::args().nth(1).expect("path and query");
    let expires = std::env::args().nth(2).map(|seconds| seconds.parse().expect("seconds"));
    println!("{}", sign(&target, keys.split(',').next().unwrap(), expires));
}
