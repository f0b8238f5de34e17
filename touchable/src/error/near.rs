//! What was meant by a name that does not exist.

/// `: did you mean ..?`, or the list to choose from.
pub(super) fn did_you_mean(wrong: &str, right: &[&str]) -> String {
    let quoted = |name: &&str| format!("`{name}`");
    match closest(wrong, right) {
        Some(near) => format!(": did you mean `{near}`?"),
        None if right.is_empty() => ": there are none".to_owned(),
        None => format!(
            ": expected one of {}",
            right.iter().map(quoted).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// The name that a slip of the finger explains: one edit for every three letters.
fn closest<'a>(wrong: &str, right: &[&'a str]) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    right
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&wrong, &name.to_lowercase()), *name))
        .filter(|(distance, name)| *distance <= name.len().max(wrong.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn a_slip_is_explained_and_anything_else_is_given_the_list() {
        let tables = ["events", "tasks"];
        assert_eq!(did_you_mean("evnets", &tables), ": did you mean `events`?");
        assert_eq!(did_you_mean("Tasks", &tables), ": did you mean `tasks`?");
        assert_eq!(
            did_you_mean("users", &tables),
            ": expected one of `events`, `tasks`"
        );
        assert_eq!(did_you_mean("users", &[]), ": there are none");
    }
}
