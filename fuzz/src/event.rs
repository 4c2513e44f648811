//! A queue's message, which anybody who may send to the queue can write.

use audience_activator::event::{Decoded, decode};

/// Any message is decided upon, and an object that it names can be asked for.
pub fn event(data: &[u8]) {
    // A queue's messages are text; SQS itself sees to that.
    let Ok(body) = std::str::from_utf8(data) else {
        return;
    };
    let decoded = decode(body);
    if let Decoded::Objects(objects) = &decoded {
        assert!(!objects.is_empty(), "no object is noise or a fault");
        for object in objects {
            assert!(!object.address.bucket.is_empty());
            assert!(!object.address.key.is_empty());
            assert_ne!(object.address.version_id.as_deref(), Some(""));
        }
    }
    assert_eq!(decode(body), decoded, "the same message means the same");
}
