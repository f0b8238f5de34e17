use touchable::cache::Template;

const CARD: Template = touchable::template!("Cargo.toml", "../../etc/passwd");

fn main() {
    let _ = CARD;
}
