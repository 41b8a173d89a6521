//! Where webhooks may go, and when they are tried again (NTF-3).
use mandat::domain::webhook::{is_local_name, is_public, next_attempt, rest};

#[test]
fn ntf_3_no_private_address_is_public_however_it_is_written() {
    for address in [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.8.9.10",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2002:c0a8:101::1",
        "3fff::1",
        "2a00::5efe:7f00:1",
        "2a00::200:5efe:a00:1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!is_public(address.parse().expect(address)), "{address}");
    }
}

#[test]
fn ntf_3_public_addresses_are() {
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450::8",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ] {
        assert!(is_public(address.parse().expect(address)), "{address}");
    }
}

#[test]
fn ntf_3_names_of_this_machine_or_network_are_local() {
    for name in [
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "printer.local",
        "metadata.google.internal",
        "intranet",
        "router.home.arpa",
    ] {
        assert!(is_local_name(name), "{name}");
    }
    for name in [
        "example.com",
        "hooks.example.com.",
        "local.example.com",
        "notlocalhost.example",
    ] {
        assert!(!is_local_name(name), "{name}");
    }
}

#[test]
fn ntf_3_attempts_come_ever_later_and_end() {
    let plain: Vec<Option<i64>> = (1..=10).map(|failed| next_attempt(failed, 0)).collect();
    assert_eq!(plain[..3], [Some(5), Some(300), Some(1800)]);
    assert!(plain[..9].is_sorted() && plain[9].is_none(), "{plain:?}");
    assert_eq!(next_attempt(1, u8::MAX), Some(6), "a fifth longer at most");
    assert_eq!(next_attempt(0, 0), None);
    let rests: Vec<i64> = (1..20).map(|failures| rest(failures, 0)).collect();
    assert_eq!((rests[0], rests[1], rests[18]), (5, 10, 3600));
    assert!(rests.is_sorted());
}
