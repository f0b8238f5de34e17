//! Public types to which a later version can add, without a break.

use std::fs;

use touchable_tests::judge;

use crate::known::FAILING;

/// Those whose fields or variants an application can see, by their files in `touchable/src`.
const OPEN: [(&str, &[&str]); 5] = [
    (
        "entity/rule.rs",
        &["enum Fields", "enum Event", "struct Events", "enum Dirty"],
    ),
    ("feed/message.rs", &["struct Message", "struct Malformed"]),
    ("feed/consumer/lag.rs", &["struct Lag"]),
    ("feed/reader.rs", &["enum News"]),
    ("feed/record.rs", &["struct Change", "enum Id"]),
];

/// The attributes and the documentation right above an item.
fn above<'s>(source: &'s str, item: &str) -> &'s str {
    let declared = |place: &(usize, &str)| {
        let after = source[place.0 + place.1.len()..].chars().next();
        !after.is_some_and(|next| next.is_alphanumeric() || next == '_')
    };
    let item = format!("\npub {item}");
    let (place, _) = source
        .match_indices(&item)
        .find(declared)
        .unwrap_or_else(|| panic!("no `{}` in its file", item.trim()));
    let above = &source[..place];
    above.rfind("\n\n").map_or(above, |start| &above[start..])
}

#[test]
fn s_public_types_can_grow() {
    judge(FAILING, "s_public_types_can_grow", "here", || {
        let mut closed: Vec<&str> = Vec::new();
        for (file, items) in OPEN {
            let path = format!("{}/../touchable/src/{file}", env!("CARGO_MANIFEST_DIR"));
            let source = fs::read_to_string(path).unwrap();
            closed.extend(
                items
                    .iter()
                    .copied()
                    .filter(|item| !above(&source, item).contains("#[non_exhaustive]")),
            );
        }
        assert!(closed.is_empty(), "not `#[non_exhaustive]`: {closed:?}");
    });
}
