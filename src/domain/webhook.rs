//! Webhooks: where they may go, how they are signed for, and when they are tried again (NTF-3).
use super::words::words;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

words! {
    /// Why an endpoint gets nothing.
    DisabledReason { Owner = "owner", Gone = "gone", Failing = "failing" }
}

words! {
    /// How a delivery stands.
    DeliveryState { Waiting = "waiting", Delivered = "delivered", Failed = "failed" }
}

/// Seconds until the next attempt, after each that failed: some three days in all.
const SCHEDULE: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// The longest that an endpoint that fails is left alone, in seconds.
const LONGEST_REST: i64 = 3_600;

/// Seconds until the next attempt of a delivery that has failed so often; none when it is given up.
/// Up to a fifth longer by chance, so that what failed together is not tried together.
pub fn next_attempt(failed: i32, chance: u8) -> Option<i64> {
    let at = usize::try_from(failed - 1).ok()?;
    SCHEDULE.get(at).map(|seconds| jittered(*seconds, chance))
}

/// Seconds for which an endpoint is left alone that has failed so often in a row: twice as long each time.
pub fn rest(failures: i32, chance: u8) -> i64 {
    let doubled = 5i64 << failures.clamp(1, 11).saturating_sub(1);
    jittered(doubled.min(LONGEST_REST), chance)
}

fn jittered(seconds: i64, chance: u8) -> i64 {
    seconds + seconds * i64::from(chance) / (5 * i64::from(u8::MAX))
}

/// Whether a name can only mean this machine or this network.
pub fn is_local_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let local = ["localhost", "local", "internal", "home.arpa"];
    !host.contains('.')
        || local
            .iter()
            .any(|name| host == *name || host.ends_with(&format!(".{name}")))
}

/// Whether an address is of the public internet: not this machine's, a private network's, or one
/// that leads to such by another way of writing it.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224.., _, _)
    )
}

/// Of the global unicast range, without what is reserved in it; and what embeds a public address.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let inner = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // IPv4-mapped, and NAT64.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            inner(high, low)
        }
        // 6to4.
        [0x2002, high, low, ..] => inner(high, low),
        // Teredo, documentation and the like.
        [0x2001, ..=0x01ff | 0x0db8, ..] | [0x3fff, ..=0x0fff, ..] => false,
        // ISATAP, which tunnels to the address at its end.
        [0x2000..=0x3fff, _, _, _, 0 | 0x0200, 0x5efe, high, low] => inner(high, low),
        [first, ..] => (0x2000..=0x3fff).contains(&first),
    }
}
