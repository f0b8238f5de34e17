use touchable::cache::Template;

const NONE: Template = touchable::template!();
const OPEN: Template = touchable::template!(..);
const NAME: Template = touchable::template!(card);
const LATER: Template = touchable::template!("Cargo.toml", .., "src/lib.rs");

fn main() {
    let _ = (NONE, OPEN, NAME, LATER);
}
