use touchable::Touchable;

#[derive(Touchable)]
struct EventView {
    id: i32,
}

fn main() {}
