//! IP address of a visitor (`client_ip_address`, Conversions only): one public IPv4 or IPv6
//! address, never hashed.
//!
//! `8.8.8.8` stays, `2A03:2880:0:0::1` → `2a03:2880::1`, `::ffff:8.8.8.8` → `8.8.8.8`. Private
//! and reserved addresses are those of the advertiser's own network or of nobody. (Meta,
//! "Customer Information Parameters": a valid IPv4 or IPv6 address of the user; reserved
//! blocks by the IANA special-purpose registries.)

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::reason::Reason;

pub(super) fn normalize(text: &str, out: &mut String) -> Result<(), Reason> {
    let address: IpAddr = text.parse().map_err(|_| Reason::IpAddressUnreadable)?;
    let address = address.to_canonical();
    let is_public = match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    };
    if !is_public {
        return Err(Reason::IpAddressNotPublic);
    }
    // Writing to a text cannot fail.
    let _ = write!(out, "{address}");
    Ok(())
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        // 224.0.0.0/4 is multicast, all above it reserved.
        || a >= 224
        // Shared by a carrier's customers.
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        // For benchmarks.
        || (a == 198 && matches!(b, 18 | 19)))
}

/// Of IPv6 only `2000::/3` is given out, but for its documentation blocks.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let is_documentation = (a, b) == (0x2001, 0x0db8) || (a == 0x3fff && b < 0x1000);
    a & 0xe000 == 0x2000 && !is_documentation
}

#[cfg(test)]
mod tests {
    use super::super::testing::normalized;
    use super::*;

    fn address(text: &str) -> Result<String, Reason> {
        normalized(|out| normalize(text, out))
    }

    #[test]
    fn a_public_address_is_written_as_is_usual() {
        for (text, expected) in [
            ("8.8.8.8", "8.8.8.8"),
            ("100.63.0.1", "100.63.0.1"),
            ("2A03:2880:0:0:0:0:0:1", "2a03:2880::1"),
            ("::ffff:8.8.8.8", "8.8.8.8"),
        ] {
            assert_eq!(address(text).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn other_addresses_are_refused_by_cause() {
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "169.254.1.1",
            "172.16.0.1",
            "192.168.1.1",
            "192.0.2.1",
            "192.0.0.8",
            "198.19.0.1",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "2001:db8::1",
            "3fff:1::1",
            "::ffff:10.0.0.1",
            "64:ff9b::808:808",
        ] {
            assert_eq!(address(text), Err(Reason::IpAddressNotPublic), "{text}");
        }
        for text in [
            "8.8.8",
            "8.8.8.8:443",
            "8.8.8.8, 10.0.0.1",
            "8.8.8.8/32",
            "08.8.8.8",
            "fe80::1%eth0",
            "[2a03:2880::1]",
            "localhost",
            "134744072",
        ] {
            assert_eq!(address(text), Err(Reason::IpAddressUnreadable), "{text}");
        }
    }
}
