//! The columns of a file: the leaves of its schema, with the names they are mapped by.
//!
//! A plain column goes by its name, a field of a struct by its path (`address.zip`), a
//! list of plain values by the list's name. What lies deeper, and maps, has a name
//! too, so that positions are those of the file; but it holds no text.

use super::error::{ParquetError, Result, damaged};
use super::kind::{Annotation, Kind, Physical};
use super::thrift::{Thrift, ThriftError};

/// Elements of a schema: columns and the groups around them. Each takes memory for
/// as long as the file is read.
const MOST_ELEMENTS: usize = 20_000;

/// Of all columns' names together. A group's name is in those of all its columns, so that
/// a short footer can ask for any amount.
const MOST_NAME_BYTES: usize = 4 * 1024 * 1024;

/// Groups within groups.
const DEEPEST: usize = 32;

#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub name: String,
    pub physical: Physical,
    /// The definition level of a value that is there.
    pub max_definition: u32,
    /// 1 for lists.
    pub max_repetition: u32,
    /// How its values become text; or why they do not.
    pub kind: std::result::Result<Kind, &'static str>,
}

struct Element<'a> {
    name: &'a [u8],
    physical: Option<Physical>,
    repetition: i64,
    children: usize,
    annotation: Annotation,
}

/// Reads the list of schema elements, a tree in the order of its text.
pub(super) fn leaves(thrift: &mut Thrift<'_>, count: usize) -> Result<Vec<Leaf>> {
    if count > MOST_ELEMENTS {
        return Err(ParquetError::SchemaTooLarge { max: MOST_ELEMENTS });
    }
    let mut walk = Walk {
        thrift,
        left: count,
        leaves: Vec::new(),
        name_bytes: 0,
        path: Vec::new(),
    };
    let root = walk.element()?;
    for _ in 0..root.children {
        walk.node(At::default())?;
    }
    if walk.left > 0 {
        return damaged("its schema is no tree");
    }
    Ok(walk.leaves)
}

/// Where in the tree an element is.
#[derive(Clone, Copy, Default)]
struct At {
    definition: u32,
    repetition: u32,
    in_map: bool,
    /// The group around this element is a list.
    in_list: bool,
    /// How much of the path names the list that this element is in.
    list: Option<usize>,
    /// How long the path of the repeated element above is.
    repeated: usize,
    /// That repeated element holds more than one thing.
    crowded: bool,
}

struct Walk<'t, 'a> {
    thrift: &'t mut Thrift<'a>,
    /// Elements that are still to come.
    left: usize,
    leaves: Vec<Leaf>,
    /// Of the leaves' names.
    name_bytes: usize,
    path: Vec<String>,
}

impl<'a> Walk<'_, 'a> {
    fn element(&mut self) -> Result<Element<'a>> {
        self.left = self
            .left
            .checked_sub(1)
            .ok_or(ParquetError::Damaged("its schema is no tree"))?;
        Ok(element(self.thrift)?)
    }

    fn node(&mut self, at: At) -> Result<()> {
        let element = self.element()?;
        if self.path.len() >= DEEPEST {
            return damaged("its schema is deeper than any table");
        }
        self.path
            .push(String::from_utf8_lossy(element.name).into_owned());
        let mut below = At {
            definition: at.definition + u32::from(element.repetition != 0),
            in_map: at.in_map || element.annotation == Annotation::Map,
            in_list: element.annotation == Annotation::List,
            ..at
        };
        let repeated = element.repetition == 2;
        if repeated {
            below.repetition += 1;
            below.repeated = self.path.len();
            // A list's name is the group's around it, or its own if there is none.
            let own = self.path.len() - usize::from(at.in_list);
            below.list = at.list.or(Some(own));
            // Several columns side by side: the list's name could mean any of them.
            below.crowded |= element.physical.is_none() && element.children != 1;
        }
        match element.physical {
            Some(physical) => self.leaf(&element, physical, below)?,
            None => {
                for _ in 0..element.children {
                    self.node(below)?;
                }
            }
        }
        self.path.pop();
        Ok(())
    }

    fn leaf(&mut self, element: &Element<'_>, physical: Physical, at: At) -> Result<()> {
        let depth = self.path.len();
        let nested =
            at.repetition > 1 || at.crowded || (at.repetition == 1 && depth > at.repeated + 1);
        let kind = if at.in_map {
            Err("a map")
        } else if nested {
            Err(NESTED)
        } else {
            element
                .annotation
                .kind(physical)
                .ok_or("values of a foreign type")
        };
        let named = match at.list {
            Some(list) if kind.is_ok() => list,
            _ => depth,
        };
        let path = self.path.get(..named).unwrap_or_default();
        self.name_bytes += path.iter().map(|name| name.len() + 1).sum::<usize>();
        if self.name_bytes > MOST_NAME_BYTES {
            let max_bytes = MOST_NAME_BYTES;
            return Err(ParquetError::NamesTooLong { max_bytes });
        }
        self.leaves.push(Leaf {
            name: path.join("."),
            physical,
            max_definition: at.definition,
            max_repetition: at.repetition,
            kind,
        });
        Ok(())
    }
}

const NESTED: &str = "lists within lists, or structs in a list";

fn element<'a>(thrift: &mut Thrift<'a>) -> std::result::Result<Element<'a>, ThriftError> {
    let mut name: &[u8] = b"";
    let (mut physical, mut length, mut repetition, mut children) = (None, 0, 0, 0);
    let (mut converted, mut scale, mut logical) = (None, 0, Annotation::None);
    let mut last = 0;
    while let Some(field) = thrift.field(&mut last)? {
        match field.id {
            1 => physical = Some(thrift.integer(field)?),
            2 => length = thrift.integer(field)?,
            3 => repetition = thrift.integer(field)?,
            4 => name = thrift.binary(field)?,
            5 => children = thrift.integer(field)?,
            6 => converted = Some(thrift.integer(field)?),
            7 => scale = thrift.integer(field)?,
            10 => {
                thrift.structure(field)?;
                logical = Annotation::logical(thrift)?;
            }
            _ => thrift.skip(field)?,
        }
    }
    if !(0..=2).contains(&repetition) {
        return Err(ThriftError::Malformed);
    }
    let children = usize::try_from(children).map_err(|_| ThriftError::Malformed)?;
    // A group has children and no type; writers differ in what they leave out.
    let physical = match physical {
        Some(code) if children == 0 => {
            Some(Physical::of(code, length).ok_or(ThriftError::Malformed)?)
        }
        _ => None,
    };
    let annotation = match (logical, converted) {
        (Annotation::None, Some(code)) => Annotation::converted(code, scale),
        (logical, _) => logical,
    };
    Ok(Element {
        name,
        physical,
        repetition,
        children,
        annotation,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const REQUIRED: u8 = 0;
    const OPTIONAL: u8 = 1;
    const REPEATED: u8 = 2;

    /// A column of text.
    fn column(name: &str, repetition: u8) -> Vec<u8> {
        let name = [&[0x18, name.len() as u8][..], name.as_bytes()].concat();
        [&[0x15, 12, 0x25, repetition * 2][..], &name, &[0]].concat()
    }

    /// A group of so many, which is a list or not.
    fn group(name: &str, repetition: u8, children: u8, list: bool) -> Vec<u8> {
        let name = [&[0x18, name.len() as u8][..], name.as_bytes()].concat();
        let annotation: &[u8] = if list { &[0x15, 6] } else { &[] };
        let children = [0x15, children * 2];
        [
            &[0x35, repetition * 2][..],
            &name,
            &children,
            annotation,
            &[0],
        ]
        .concat()
    }

    fn of(elements: &[Vec<u8>]) -> Result<Vec<Leaf>> {
        let bytes = elements.concat();
        leaves(&mut Thrift::new(&bytes, 0), elements.len())
    }

    #[test]
    fn lists_go_by_their_own_name_in_all_the_ways_they_are_written() {
        let leaves = of(&[
            group("root", REQUIRED, 5, false),
            column("bare", REPEATED),
            group("two", OPTIONAL, 1, true),
            column("array", REPEATED),
            group("three", OPTIONAL, 1, true),
            group("list", REPEATED, 1, false),
            column("element", OPTIONAL),
            group("of_structs", REPEATED, 2, false),
            column("a", OPTIONAL),
            column("b", OPTIONAL),
            group("within", OPTIONAL, 1, false),
            column("plain", REQUIRED),
        ])
        .unwrap();
        let found: Vec<_> = leaves
            .iter()
            .map(|leaf| {
                (
                    leaf.name.as_str(),
                    leaf.kind.is_ok(),
                    leaf.max_repetition,
                    leaf.max_definition,
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("bare", true, 1, 1),
                ("two", true, 1, 2),
                ("three", true, 1, 3),
                ("of_structs.a", false, 1, 2),
                ("of_structs.b", false, 1, 2),
                ("within.plain", true, 0, 1),
            ]
        );
    }

    #[test]
    fn a_schema_that_is_no_tree_is_damage() {
        let short = [group("root", REQUIRED, 2, false), column("a", OPTIONAL)];
        let long = [
            group("root", REQUIRED, 1, false),
            column("a", OPTIONAL),
            column("b", OPTIONAL),
        ];
        for elements in [&short[..], &long, &[]] {
            assert!(matches!(of(elements), Err(ParquetError::Damaged(_))));
        }
    }

    #[test]
    fn a_long_name_of_a_group_is_not_repeated_without_end() {
        let long = "x".repeat(100);
        let mut elements = vec![group("root", REQUIRED, 1, false)];
        for _ in 0..29 {
            elements.push(group(&long, OPTIONAL, 1, false));
        }
        elements.push(group(&long, OPTIONAL, 60, false));
        let columns = (0..60).map(|_| column("a", OPTIONAL));
        elements.extend(columns);
        assert_eq!(of(&elements).unwrap().len(), 60);

        // Of this many, each name is of 3 kB, and the footer of 20.
        let wide = |count: u16| {
            let name = [&[0x18, 100][..], long.as_bytes()].concat();
            let count = count * 2;
            let children = [0x15, (count & 0x7f) as u8 | 0x80, (count >> 7) as u8, 0];
            [&[0x35, 2][..], &name, &children].concat()
        };
        let mut elements = elements.get(..30).unwrap().to_vec();
        elements.push(wide(2_000));
        elements.extend((0..2_000).map(|_| column("a", OPTIONAL)));
        assert!(matches!(
            of(&elements),
            Err(ParquetError::NamesTooLong { .. })
        ));
    }
}
