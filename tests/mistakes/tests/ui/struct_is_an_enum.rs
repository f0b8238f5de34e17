use touchable::Touchable;

#[derive(Touchable)]
enum Model {
    Event,
}

fn main() {}
