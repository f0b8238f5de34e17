use touchable::Touchable;

#[derive(Touchable)]
struct Model;

fn main() {}
