use touchable::cache::Template;

const CARD: Template = touchable::template!("link.html");

fn main() {
    let _ = CARD;
}
