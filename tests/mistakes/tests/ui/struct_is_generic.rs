use touchable::Touchable;

#[derive(Touchable)]
struct Model<T> {
    id: T,
}

fn main() {}
