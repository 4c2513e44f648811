//! `[admin]`: where health and metrics are served.

use std::net::SocketAddr;

use super::super::scalar::Scalar;
use super::{About, Reader, Setting};

#[derive(Clone, Debug, PartialEq)]
pub struct AdminSettings {
    pub listen: SocketAddr,
}

pub(super) const LISTEN: Setting<SocketAddr> = Setting {
    about: About {
        section: "admin",
        key: "listen",
        default: Some(Scalar::Text("0.0.0.0:9090")),
        help: "address and port of /livez, /readyz and /metrics",
    },
    read: |value| {
        let address = value.text()?.parse();
        address.map_err(|_| "must be an address and a port such as 0.0.0.0:9090".to_owned())
    },
};

impl AdminSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<AdminSettings> {
        Some(AdminSettings {
            listen: reader.get(&LISTEN)?,
        })
    }
}
