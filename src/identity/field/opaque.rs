//! Values that are whatever their owner wrote: the ids of the advertiser's own
//! (`external_id`, `EXTERN_ID`; `subscription_id`; `anon_id`), of a click that leads to
//! WhatsApp (`ctwa_clid`), and a browser's name for itself (`client_user_agent`).
//!
//! Trimmed, and otherwise sent as they stand: ` Ab 1 ` → `Ab 1`. Case counts. Meta's page
//! asks for the same form in all channels and for nothing else, so nothing is lowered,
//! unlike in its parameter builder. (Meta, "Customer Information Parameters".)

pub(super) fn normalize(text: &str, out: &mut String) {
    out.push_str(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_changed() {
        for text in ["Ab 1", "0042", "Mozilla/5.0 (X11; Linux x86_64)", "ид-7"] {
            let mut out = String::new();
            normalize(text, &mut out);
            assert_eq!(out, text);
        }
    }
}
