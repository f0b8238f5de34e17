use touchable::cache::Template;

const CARD: Template = touchable::template!("templates/nowhere.html");

fn main() {
    let _ = CARD;
}
