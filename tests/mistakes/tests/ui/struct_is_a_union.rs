use touchable::Touchable;

#[derive(Touchable)]
union Model {
    id: i32,
}

fn main() {}
