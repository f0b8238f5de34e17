//! What `cargo bench` passes on.

use std::time::Duration;

/// `[NAME] [--quick]`
#[derive(Debug, Default)]
pub struct Arguments {
    name: Option<String>,
    quick: bool,
}

impl Arguments {
    /// # Panics
    ///
    /// Panics at an option that there is not.
    #[must_use]
    pub fn read() -> Self {
        let mut arguments = Self::default();
        for argument in std::env::args().skip(1) {
            match argument.as_str() {
                "--quick" => arguments.quick = true,
                // `cargo bench` says what it is doing.
                "--bench" => {}
                option if option.starts_with('-') => panic!("no option {option}: [NAME] [--quick]"),
                name => arguments.name = Some(name.to_owned()),
            }
        }
        arguments
    }

    /// Whether a race was asked for: a part of a figure's name will do (`fired-10-` is not `fired-100-`).
    #[must_use]
    pub fn wants(&self, race: &str) -> bool {
        let figures = format!("{race}-vs-");
        self.name.as_deref().is_none_or(|name| figures.contains(name))
    }

    /// How long each race lasts.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        if self.quick {
            Duration::from_millis(200)
        } else {
            Duration::from_secs(8)
        }
    }
}
