//! Objects that are no data: what Hadoop, Glue and consoles leave beside it.

/// Why an object is skipped without being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Marker {
    /// `_SUCCESS`: the job that wrote the folder is done.
    Success,
    /// `name_$folder$`: how Hadoop writes down a folder.
    HadoopFolder,
    /// `name/`: how consoles write down a folder.
    Folder,
    /// Zero bytes: a part without rows.
    Empty,
}

impl Marker {
    /// The name used in receipts and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Marker::Success => "success_marker",
            Marker::HadoopFolder => "hadoop_folder",
            Marker::Folder => "folder",
            Marker::Empty => "empty_object",
        }
    }
}

/// Says whether the object of this name and size is no data, and what it is instead.
///
/// `_SUCCESS` and `_$folder$` are so by name alone: some committers write a
/// summary into `_SUCCESS`. A name that merely ends in `/` may hold data.
pub fn is_marker(key: &str, size: u64) -> Option<Marker> {
    let leaf = key.rsplit('/').next().unwrap_or(key);
    if leaf == "_SUCCESS" {
        Some(Marker::Success)
    } else if leaf.ends_with("_$folder$") {
        Some(Marker::HadoopFolder)
    } else if size > 0 {
        None
    } else if key.ends_with('/') {
        Some(Marker::Folder)
    } else {
        Some(Marker::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::{Marker, is_marker};

    #[test]
    fn what_writers_leave_beside_the_data_is_named() {
        for (key, size, expected) in [
            ("exports/q1/_SUCCESS", 0, Some(Marker::Success)),
            ("_SUCCESS", 812, Some(Marker::Success)),
            ("exports/q1_$folder$", 0, Some(Marker::HadoopFolder)),
            ("exports/q1/", 0, Some(Marker::Folder)),
            ("exports/q1/part-0", 0, Some(Marker::Empty)),
            ("exports/q1/run-1-part-r-00000", 9, None),
            ("exports/_SUCCESS/part-0", 9, None),
            ("exports/NOT_SUCCESS", 9, None),
            ("exports/odd/", 9, None),
        ] {
            assert_eq!(is_marker(key, size), expected, "{key}");
        }
    }
}
