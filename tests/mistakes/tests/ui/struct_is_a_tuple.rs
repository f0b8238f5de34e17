use touchable::Touchable;

#[derive(Touchable)]
struct Model(i32);

fn main() {}
