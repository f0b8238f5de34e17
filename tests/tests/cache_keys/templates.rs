//! Digests of templates, taken by the compiler.

use sha2::{Digest, Sha256};
use touchable::{
    cache::{Template, key::Namespace},
    template,
};

const CARD: Template = template!("tests/cache_keys/templates/card.html");
const WIDGET: Template = template!(
    "tests/cache_keys/templates/widget.html",
    "tests/cache_keys/templates/partials/avatar.html",
    ..,
);

/// What the macro promises, in other words: paths and bytes of all files, by their paths, each with its length.
fn digest(files: &[&str]) -> String {
    let mut digest = Sha256::new();
    for file in files {
        let path = format!("tests/cache_keys/templates/{file}");
        let content = std::fs::read(&path).expect("a template");
        for bytes in [path.as_bytes(), &content] {
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        }
    }
    let digest = digest.finalize();
    let half = digest[..8].try_into().expect("eight bytes");
    format!("{:016x}", u64::from_be_bytes(half))
}

#[test]
fn b16_a_digest_covers_the_template_and_what_it_includes() {
    assert_eq!(CARD.name(), "tests/cache_keys/templates/card.html");
    assert_eq!(
        CARD.digest(),
        digest(&["card.html", "partials/avatar.html", "partials/base.html"])
    );
    assert_eq!(WIDGET.digest(), digest(&["partials/avatar.html", "widget.html"]));
}

#[test]
fn b16_a_template_is_a_part_of_a_key() {
    let space = Namespace::new("html").unwrap();
    let key = space.key(&(CARD, 5)).unwrap();
    assert!(
        key.contains("templates/card.html") && key.contains(CARD.digest()),
        "{key}"
    );
    let edited = Template::new(CARD.name(), "0000000000000000");
    assert_ne!(space.key(&(edited, 5)).unwrap(), key);
}
